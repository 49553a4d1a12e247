"""One pulse for many tenders: whoever waits shares the cities' work, and the clock moves once for all of them.

Robots of several tenders run at once, each waiting for its own. A round of work (every task of every city, every
holder) does what is due for all tenders, so the rounds, not the tenders, are what takes time: they are shared.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from api.robots.pulse import Condition, StuckError

ROUNDS = 1000
IDLE_ROUNDS = 30
"""Rounds in a row in which nothing moved, a second after each, after which nothing will."""


class Works(Protocol):
    """The network at work (`api.stack.town.Town`)."""

    async def now(self) -> int:
        """Return the chain's time in seconds since 1970."""
        ...

    async def advance_to(self, moment: int) -> None:
        """Drive the chain's clock forward."""
        ...

    async def round(self) -> bool:
        """Let everybody do once what is due; return whether anything moved."""
        ...


@dataclass
class SharedPulse:
    """A pulse whose rounds and clock are shared by all who wait; `now` stands still within a round.

    So ten tenders that each let one second pass let one second pass together, not ten.
    """

    works: Works
    _moment: int | None = None
    _pending: asyncio.Future[bool] | None = None
    _running: asyncio.Future[bool] | None = None
    _clock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def now(self) -> int:
        """Return the chain's time as the round, or the clock's last move, found it."""
        if self._moment is None:
            self._moment = await self.works.now()
        return self._moment

    async def advance_to(self, moment: int) -> None:
        """Drive the chain's clock forward; a moment that has passed changes nothing."""
        async with self._clock:
            await self.works.advance_to(moment)

    async def until(self, holds: Condition, what: str) -> None:
        """Let everybody work until `holds`; raise `StuckError` when nothing moves any more and it does not.

        A round in which nothing moved is followed by a second of the chain's time: a partner that did not answer in
        time is asked again then, as it would be by cities that never stop.
        """
        idle = 0
        for _ in range(ROUNDS):
            if await holds():
                return
            if await self.round():
                idle = 0
                continue
            idle += 1
            if idle > IDLE_ROUNDS:
                raise StuckError(f"{what} did not happen, and nothing moves any more", what=what)
            await self.advance_to(await self.now() + 1)
        raise StuckError(f"{what} did not happen in {ROUNDS} rounds", what=what)

    async def round(self) -> bool:
        """Share the next whole round with all who ask before it starts; return whether anything moved."""
        if self._pending is None:
            self._pending = asyncio.ensure_future(self._next(self._running))
        return await asyncio.shield(self._pending)

    async def _next(self, running: asyncio.Future[bool] | None) -> bool:
        if running is not None:
            await asyncio.wait([running])
        self._running, self._pending = self._pending, None
        self._moment = None
        return await self.works.round()
