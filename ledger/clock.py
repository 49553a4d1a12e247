"""Time is injected: production asks the host, a development chain's clock is followed and driven forward."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from ledger.errors import SunbidError


class Clock(Protocol):
    """What the product asks for the time."""

    def now(self) -> datetime:
        """Return the current moment, aware, in UTC."""
        ...

    async def refresh(self) -> None:
        """Look again, where looking needs the network; each request and each task does so once, at its start."""
        ...


class SystemClock:
    """The host's UTC; production uses it."""

    def now(self) -> datetime:
        """Return the host's time."""
        return datetime.now(UTC)

    async def refresh(self) -> None:
        """Do nothing: the host's time needs no network."""


@dataclass
class ManualClock:
    """A clock that stands until somebody moves it, never backwards."""

    moment: datetime

    def now(self) -> datetime:
        """Return the moment that was set last."""
        return self.moment

    async def refresh(self) -> None:
        """Do nothing: only `move_to` moves this clock."""

    def move_to(self, moment: datetime) -> None:
        """Set the clock; refuse a naive moment or one before the present."""
        if moment.tzinfo is None or moment < self.moment:
            raise SunbidError("a clock moves only forward, to an aware moment", code="clock.backwards")
        self.moment = moment


def to_unix(moment: datetime) -> int:
    """Return whole seconds since 1970 UTC, rounded down; refuse a naive moment."""
    if moment.tzinfo is None:
        raise SunbidError("a moment without a time zone cannot be compared", code="clock.naive")
    return int(moment.timestamp())


def from_unix(seconds: int) -> datetime:
    """Return the aware UTC moment of `seconds` since 1970."""
    return datetime.fromtimestamp(seconds, UTC)
