"""Waiting for a chain that nobody drives: looking again and again, for as long as a real network may take."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ledger.chain.answers import Block, ChainStateError, Receipt
from ledger.chain.client import ChainClient
from ledger.chain.rpc import ChainUnreachableError, RpcError
from ledger.chain.transactions import SignedTransaction

PATIENCE = 300.0
"""Seconds: a QBFT network that had lost its quorum takes up to 136 for its next block, counted from its return."""

_PAUSE = 0.1


async def until(holds: Callable[[], Awaitable[bool]], what: str, *, patience: float = PATIENCE) -> None:
    """Return when `holds`; fail, naming `what`, when the patience in seconds is over."""
    assert await within(patience, holds), f"{what}: not within {patience:.0f} seconds"


async def within(seconds: float, holds: Callable[[], Awaitable[bool]]) -> bool:
    """Return as soon as `holds`, or say that it does not when the seconds are over."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not await _try(holds):
        if loop.time() >= end:
            return False
        await asyncio.sleep(_PAUSE)
    return True


async def _try(holds: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await holds()
    except (ChainUnreachableError, RpcError, ChainStateError):  # one was just killed, or the next one is a block behind
        return False


async def mined(chain: ChainClient, signed: Sequence[SignedTransaction]) -> list[Receipt]:
    """Return the receipts of transactions that were sent, once all are under blocks that count."""
    hashes = [one.hash for one in signed]

    async def all_there() -> bool:
        counted = (await chain.final_block()).number
        return all(receipt is not None and receipt.block <= counted for receipt in await chain.receipts(hashes))

    await until(all_there, f"{len(hashes)} transactions mined")
    return [receipt for receipt in await chain.receipts(hashes) if receipt]


async def final(chain: ChainClient, number: int) -> Block:
    """Return the block at `number` once it counts."""

    async def counts() -> bool:
        return (await chain.final_block()).number >= number

    await until(counts, f"block {number} final")
    return await chain.block(number)
