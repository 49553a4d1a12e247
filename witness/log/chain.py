"""The logs' view of the chain: registry, anchors and blocks through the city's own node, at final blocks only."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.chain.client import REGISTRY, At, ChainClient
from ledger.chain.indexer import IndexedEvent, Indexer
from witness.log.merkle import EMPTY_HEAD
from witness.log.models import BoxDeadlineRow
from witness.log.ports import KeyKind, TreeHead
from witness.log.repository import insert_once
from witness.log.schedule import Pace, Schedule

_ANNOUNCED = BoxDeadlineRow.__table__.c
_DEADLINES = select(_ANNOUNCED.deadline).where(
    _ANNOUNCED.origin == bindparam("of"), _ANNOUNCED.deadline >= bindparam("after")
)


class NodeLogChain:
    """`LogChain` through a `ChainClient`."""

    def __init__(self, client: ChainClient) -> None:
        self._client = client

    async def city_of_key(self, key: bytes, kind: KeyKind, at: int) -> bytes:
        """Return the id of the city for which the 20-byte `key` stood at the time `at`, or 32 zero bytes."""
        city: bytes = await self._client.call(REGISTRY, "cityOfKey", key, int(kind), at, block=await self.final_block())
        return city

    async def anchored(self, origin: bytes) -> TreeHead:
        """Return what the next checkpoint of `origin` has to extend; size 0 before the first."""
        size, root = await self._client.call("AnchorRegistry", "last", origin, block=await self.final_block())
        return TreeHead(size, root) if size else TreeHead(0, EMPTY_HEAD)

    async def witnesses_needed(self, origin: bytes) -> int:
        """Return q of a sealed origin: how many other cities sign before it is anchored."""
        record = await self._client.call(REGISTRY, "origin", origin, block=await self.final_block())
        return int(record.q)

    async def final_block(self) -> int:
        """Return the number of the last final block."""
        return (await self._client.final_block()).number

    async def block_hash(self, number: int) -> bytes:
        """Return the 32-byte hash of the block that the own node holds at `number`."""
        return (await self._client.block(number)).hash


class RegisteredBox:
    """`BoxFacts`: the schedule as registered, and the announced deadlines as the indexer saw them.

    Every deadline that was ever announced keeps its window, also after an amendment moved it: the log's shape must
    not depend on when a city heard of the change.
    """

    def __init__(self, origin: bytes, schedule: Schedule) -> None:
        self._origin = origin
        self._schedule = schedule

    @classmethod
    async def load(cls, client: ChainClient, origin: bytes) -> RegisteredBox:
        """Return the facts of a registered sealed origin, whose schedule never changes."""
        record = await client.call(REGISTRY, "origin", origin)
        paces = record.schedule
        slow, fast = Pace(paces.slow_slips, paces.slow_seconds), Pace(paces.fast_slips, paces.fast_seconds)
        return cls(origin, Schedule(slow, fast, paces.fast_lead))

    async def schedule(self, session: AsyncSession) -> Schedule:
        """Return the registered schedule."""
        del session
        return self._schedule

    async def deadlines(self, session: AsyncSession, after: int) -> Collection[int]:
        """Return the announced deadlines of the origin's tenders that are not before `after`."""
        return set(await session.scalars(_DEADLINES, {"of": self._origin, "after": after}))

    @staticmethod
    async def announce(session: AsyncSession, origins: Collection[bytes], deadline: int) -> None:
        """Note that a tender with these origins has this deadline; the same again changes nothing."""
        for origin in origins:
            values = {"origin": origin, "deadline": deadline}
            await session.execute(insert_once(session, BoxDeadlineRow).values(**values))


def pace_boxes(indexer: Indexer, client: ChainClient) -> None:
    """Have every deadline that TenderBook announces pace the sealed logs of the tender's origins."""

    async def note(session: AsyncSession, event: IndexedEvent) -> None:
        book = At("TenderBook", event.address)
        origins = await client.call(book, "originsOf", event.args["tender"], block=event.block)
        await RegisteredBox.announce(session, [origin.origin for origin in origins], event.args["deadline"])

    for name in ("Announced", "Amended", "SuspensionLifted"):
        indexer.on("TenderBook", name, note)
