"""The clock of `make chaos`: near moments come by themselves, it leaps to far ones when the cities are calm."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from api.robots.pulse import StuckError
from scripts.chaos.clock import NEAR_SECONDS, GanacheClock
from scripts.network.ganache import start_ganache

FAR = 3600


class Cities:
    """Calm after so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.asked = 0

    async def calm(self, _block: int) -> bool:
        self.asked += 1
        return self.asked > self.looks


@pytest.mark.cluster
async def test_it_leaps_when_the_cities_are_calm_and_not_before(tmp_path: Path) -> None:
    node = start_ganache(tmp_path)
    try:
        cities = Cities(3)
        async with GanacheClock(node.url, cities.calm, 30).going() as clock:
            start, began = await clock.now(), time.monotonic()
            await clock.advance_to(start + 2)
            assert (cities.asked, time.monotonic() - began > 1) == (0, True)
            await clock.advance_to(start + FAR)
            assert cities.asked == 4
            assert start + FAR <= await clock.now() < start + FAR + NEAR_SECONDS
        impatient = GanacheClock(node.url, Cities(10**6).calm, 0.5)
        async with impatient.going():
            with pytest.raises(StuckError):
                await impatient.advance_to(start + 3 * FAR)
    finally:
        node.stop()
