"""Whether the cities have caught up: what a clock has to wait for before it leaps.

A leap takes no time, and work that is on its way does. What a log has minutes after it happened every verifier refuses,
and to the log a leap over minutes is as if it had been dead for so long.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy import func, select

from api.stack.network import Stack
from bidding.tender.repository import stale
from ledger.chain.indexer import indexed_block
from ledger.db import Database
from ledger.outbox import OutboxRow
from ledger.settings import CitySettings
from witness.log.event import TOPIC

Calm = Callable[[int], Awaitable[bool]]
"""Says whether all that happened up to a block is in the cities' logs."""


@asynccontextmanager
async def watching(stack: Stack) -> AsyncIterator[Calm]:
    """Yield a look into the databases of all cities, whose processes may be dead."""
    async with AsyncExitStack() as resources:
        databases = [Database(CitySettings.load(stack.city_folder(name)).database) for name in stack.cities]
        for database in databases:
            resources.push_async_callback(database.close)

        async def calm(block: int) -> bool:
            return all([await _has_caught_up(database, block) for database in databases])

        yield calm


async def _has_caught_up(database: Database, block: int) -> bool:
    async with database.reading() as session:
        read = await indexed_block(session)
        waiting = await session.scalar(select(func.count()).where(OutboxRow.topic == TOPIC, OutboxRow.done.is_(False)))
        return read is not None and read >= block and not waiting and not await stale(session, 1)
