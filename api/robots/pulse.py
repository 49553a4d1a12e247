"""How robots wait and how time passes: on a development chain, whose clock only its owner moves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from ledger.errors import SunbidError

Condition = Callable[[], Awaitable[bool]]


class StuckError(SunbidError):
    """What robots wait for does not come."""

    code = "robot.stuck"


class Pulse(Protocol):
    """Time and patience."""

    async def now(self) -> int:
        """Return the chain's time in seconds since 1970."""
        ...

    async def advance_to(self, moment: int) -> None:
        """Drive the chain's clock forward; a moment that has passed changes nothing."""
        ...

    async def until(self, holds: Condition, what: str) -> None:
        """Return when `holds`; raise `StuckError`, naming `what`, if it never does."""
        ...


class DrivenClock(Protocol):
    """The clock of a development chain (`ledger.chain.devnet.Devnet`)."""

    async def now(self) -> int:
        """Return the time of the latest block in seconds since 1970."""
        ...

    async def advance_to(self, moment: int) -> None:
        """Mine one block at `moment`; one that has passed changes nothing."""
        ...


@dataclass(frozen=True)
class LivePulse:
    """Other processes do the work: look again and again, until `patience` seconds have passed."""

    clock: DrivenClock
    patience: float = 180.0
    pause: float = 0.05

    async def now(self) -> int:
        """Return the chain's time."""
        return await self.clock.now()

    async def advance_to(self, moment: int) -> None:
        """Drive the chain's clock forward."""
        await self.clock.advance_to(moment)

    async def until(self, holds: Condition, what: str) -> None:
        """Look until `holds`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.patience
        while not await holds():
            if loop.time() > end:
                raise StuckError(f"{what} did not happen within {self.patience:.0f} seconds; see the logs", what=what)
            await asyncio.sleep(self.pause)
