"""The network that a replay runs on: three cities and their key-holders in this process, on a chain of their own.

Everything is the real thing: every request goes through the cities' HTTP interface, every transaction into blocks of
anvil, every row into the cities' databases. Only the sockets between the cities are left out, and the operating
system's processes around them: on one machine they cost time and show nothing about the tenders.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from api.replay.beat import SharedPulse
from api.robots.stage import Stage
from api.stack.network import CITIES, found
from api.stack.stage import open_stage
from api.stack.town import open_town
from ledger.chain.devnet import CHAIN_ID, AnvilProcess

START = 1_767_225_600
"""2026-01-01 UTC: the first moment of the chain."""

_FIRST_PORT = 9001
"""Cities are told apart by port; nobody listens there."""


@asynccontextmanager
async def open_replay_stage(folder: Path, tenders: int) -> AsyncIterator[Stage]:
    """Yield a stage on a new network in `folder`, with a box key in stock for each of so many tenders."""
    anvil = await asyncio.to_thread(AnvilProcess, folder=None, port=0, chain_id=CHAIN_ID, timestamp=START)
    try:
        ports = {name: _FIRST_PORT + number for number, name in enumerate(CITIES)}
        stack = await found(folder, anvil.url, CHAIN_ID, ports, boxes=tenders)
        async with open_town(stack) as town:
            await town.settle()
            pulse = SharedPulse(town)
            async with open_stage(stack, pulse, folder / "robots", transports=town.wires) as stage:
                yield stage
    finally:
        await asyncio.to_thread(anvil.stop)
