from datetime import UTC, datetime, timedelta

import pytest

from ledger.clock import ManualClock, SystemClock, from_unix, to_unix
from ledger.errors import SunbidError

START = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_manual_clock_moves_only_forward() -> None:
    clock = ManualClock(START)
    clock.move_to(START + timedelta(seconds=5))
    await clock.refresh()
    assert clock.now() == START + timedelta(seconds=5)
    for bad in (START, datetime(2027, 1, 1)):  # noqa: DTZ001 - a naive moment is what must be refused
        with pytest.raises(SunbidError, match="forward"):
            clock.move_to(bad)


async def test_the_system_clock_is_aware_and_in_utc() -> None:
    clock = SystemClock()
    await clock.refresh()
    assert clock.now().utcoffset() == timedelta(0)


def test_seconds_round_down_and_come_back() -> None:
    assert to_unix(START + timedelta(milliseconds=999)) == to_unix(START)
    assert from_unix(to_unix(START)) == START
    with pytest.raises(SunbidError, match="time zone"):
        to_unix(datetime(2026, 1, 1))  # noqa: DTZ001 - a naive moment is what must be refused
