"""The clock of a Ganache chain: it goes with the wall clock, and is set forward where waiting would show nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from ledger.chain.rpc import Rpc, to_int


class GanacheClock:
    """Tells the time of the latest block and moves it forward; belongs to one event loop."""

    def __init__(self, url: str) -> None:
        self._rpc = Rpc([url])

    async def now(self) -> int:
        """Return the time of the latest block in seconds since 1970."""
        return to_int((await self._rpc.request("eth_getBlockByNumber", "latest", False))["timestamp"])

    async def advance_to(self, moment: int) -> None:
        """Mine one block at `moment`, from which the clock goes on; a moment that has passed changes nothing."""
        if await self.now() < moment:
            await self._rpc.request("evm_setTime", moment * 1000)
            await self._rpc.request("evm_mine")

    @asynccontextmanager
    async def going(self) -> AsyncIterator[Self]:
        """Mine a block each second inside, so that time passes for whoever reads it from blocks; closes at the end."""
        async with self._rpc, asyncio.TaskGroup() as group:
            beat = group.create_task(self._beat())
            try:
                yield self
            finally:
                beat.cancel()

    async def _beat(self) -> None:
        while True:
            await self._rpc.request("evm_mine")
            await asyncio.sleep(1)
