"""The clock of a Ganache chain: it goes with the wall clock, and leaps where waiting would show nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from api.robots.pulse import StuckError
from ledger.chain.rpc import Rpc, to_int
from scripts.chaos.calm import Calm

NEAR_SECONDS = 5
"""What is no further away comes by itself."""

_PAUSE = 0.1


class GanacheClock:
    """Tells the time of the latest block and moves it forward; belongs to one event loop.

    It leaps only once the cities are `calm`, and waits for that as long as its `patience` in seconds.
    """

    def __init__(self, url: str, calm: Calm, patience: float) -> None:
        self._rpc = Rpc([url])
        self._calm = calm
        self._patience = patience

    async def now(self) -> int:
        """Return the time of the latest block in seconds since 1970."""
        return to_int((await self._latest())["timestamp"])

    async def advance_to(self, moment: int) -> None:
        """Return when a moment has come, which takes no time where it is far away; one that has passed is there."""
        try:
            async with asyncio.timeout(self._patience):
                await self._wait_for(moment)
        except TimeoutError as error:
            raise StuckError("the cities do not catch up with the chain, so its clock cannot go on") from error

    async def _wait_for(self, moment: int) -> None:
        while True:
            if await self._has_come(moment):
                return
            await asyncio.sleep(_PAUSE)

    async def _has_come(self, moment: int) -> bool:
        """Say whether a moment has come; leap to one that is far away if the cities are calm."""
        latest = await self._latest()
        missing = moment - to_int(latest["timestamp"])
        if missing > NEAR_SECONDS and await self._calm(to_int(latest["number"])):
            await self._rpc.request("evm_setTime", moment * 1000)
            await self._rpc.request("evm_mine")
            return True
        return missing <= 0

    @asynccontextmanager
    async def going(self) -> AsyncIterator[Self]:
        """Mine a block each second inside, so that time passes for whoever reads it from blocks; closes at the end."""
        async with self._rpc, asyncio.TaskGroup() as group:
            beat = group.create_task(self._beat())
            try:
                yield self
            finally:
                beat.cancel()

    async def _latest(self) -> dict[str, Any]:
        latest: dict[str, Any] = await self._rpc.request("eth_getBlockByNumber", "latest", False)
        return latest

    async def _beat(self) -> None:
        while True:
            await self._rpc.request("evm_mine")
            await asyncio.sleep(1)
