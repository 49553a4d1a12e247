"""The city's copy of the contracts' events: complete, in chain order, and undone where the chain changes its mind.

Only blocks that count under the finality setting are read. The hash of every block with events and of every window's
end is kept; if the chain no longer has the last of them, the index goes back to the newest one that still stands, and
the reactions are told. The cursor moves by compare-and-set in the transaction of the events and their reactions, so
two indexers cannot both write, and a crash repeats a window without a trace of the first try.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ledger.chain.answers import Block, Log, RawLog
from ledger.chain.client import MAX_LOG_BLOCKS, REGISTRY, At, ChainClient, ContractKind
from ledger.chain.rpc import RpcError
from ledger.db import Base, Bytes32, Database, exclusive
from ledger.errors import SunbidError
from ledger.failpoints import Failpoint, reach

_logger = logging.getLogger(__name__)

FIRST_WINDOW = 500
KEPT_BLOCKS = 1_000
"""Block hashes kept for going back; more than any chain reorganises."""

Reaction = Callable[[AsyncSession, "IndexedEvent"], Awaitable[None]]
Undo = Callable[[AsyncSession, int], Awaitable[None]]


class IndexerError(SunbidError):
    """The index cannot go on: the chain went back further than the index remembers."""

    code = "chain.index"


class ChainCursor(Base):
    """How far the index has come: everything up to and with `block` is in."""

    __tablename__ = "chain_cursor"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    block: Mapped[int] = mapped_column(BigInteger)


class ChainBlock(Base):
    """A block that the index relied on."""

    __tablename__ = "chain_block"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[Bytes32]


class ChainEvent(Base):
    """An event as the node gave it; `subject` is its first indexed member, e.g. the tender."""

    __tablename__ = "chain_event"
    __table_args__ = (
        Index("ix_chain_event_place", "block", "log_index", unique=True),
        Index("ix_chain_event_subject", "subject", "contract", "event"),
        Index("ix_chain_event_name", "contract", "event", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    contract: Mapped[str] = mapped_column(String(32))
    address: Mapped[bytes] = mapped_column(LargeBinary(20))
    event: Mapped[str] = mapped_column(String(64))
    subject: Mapped[Bytes32 | None]
    topics: Mapped[bytes]
    data: Mapped[bytes]
    block: Mapped[int] = mapped_column(BigInteger)
    block_hash: Mapped[Bytes32]
    tx_hash: Mapped[Bytes32]
    log_index: Mapped[int] = mapped_column(Integer)
    at: Mapped[int] = mapped_column(BigInteger)


@dataclass(frozen=True)
class IndexedEvent(Log):
    """An event of the index: its row's id and its block's time beside what the chain says."""

    id: int
    at: int


class Indexer:
    """Follows the contracts of a deployment, all versions that CityRegistry ever named.

    `first_block` is where the deployment begins. Reactions run once per event, in chain order, in the transaction that
    stores it; they must not call the chain for anything but the event's own block or a later one.
    """

    def __init__(self, database: Database, client: ChainClient, *, first_block: int = 0) -> None:
        self._database = database
        self._client = client
        self._first = first_block
        self._window = FIRST_WINDOW
        self._reactions: dict[tuple[str, str], list[Reaction]] = {}
        self._undoes: list[Undo] = []

    def on(self, contract: str, event: str, reaction: Reaction) -> None:
        """Have `reaction` run for every event of this name; register before the first `run`."""
        self._reactions.setdefault((contract, event), []).append(reaction)

    def on_undo(self, undo: Undo) -> None:
        """Have `undo(session, block)` run when all events of `block` and later are taken back."""
        self._undoes.append(undo)

    async def run(self) -> bool:
        """Read everything up to the last final block; return whether any event came or went."""
        self._client.expect(await self._next() - 1)
        final = await self._client.final_block()
        moved = await self._rewind(final.number)
        while (start := await self._next()) <= final.number:
            found = await self._read(start, min(final.number, start + self._window - 1))
            if found is None:
                break
            moved = moved or found
        return moved

    async def _next(self) -> int:
        async with self._database.reading() as session:
            done = await session.scalar(select(ChainCursor.block).filter_by(name="contracts"))
        return self._first if done is None else done + 1

    # --- reading ------------------------------------------------------------------------------------------------

    async def _read(self, start: int, end: int) -> bool | None:
        """Store one window and say whether it has events, None if it cannot be read now.

        A window that the node finds too large is halved.
        """
        try:
            found = await self._logs(await self._contracts(), start, end)
        except RpcError as error:
            if self._window == 1:
                raise
            self._window = max(1, self._window // 2)
            _logger.info("the node refused a window of logs, halved to %d: %s", self._window, error.reason)
            return False
        self._window = min(2 * self._window, MAX_LOG_BLOCKS)
        if found is None:
            return None
        logs, last = found
        blocks = await self._blocks_of(logs, last)
        if blocks is None:
            return None
        if logs:
            reach(Failpoint.INDEXER_READ)
        return await self._store(start, end, logs, blocks)

    async def _logs(self, contracts: Sequence[At], start: int, end: int) -> tuple[list[RawLog], Block] | None:
        """Return a window's logs, those of versions named in it too, with its last block; None from a node behind."""
        found = await self._client.settled_logs(contracts, start, end)
        named = [log.topics for log in found[0] if _names(log)] if found else []
        versions = [At(ContractKind(kind[-1]).name, version[-20:]) for _, kind, version, *_ in named]
        if any(version not in contracts for version in versions):
            found = await self._client.settled_logs([*contracts, *versions], start, end)
            self._client.forget_versions()
        return found

    async def _blocks_of(self, logs: Sequence[RawLog], last: Block) -> dict[int, Block] | None:
        """Return the headers of the window's last block and of all with logs; None if they are not of one chain."""
        hashes = {log.block: log.block_hash for log in logs} | {last.number: last.hash}
        blocks = {block.number: block for block in await self._client.blocks(sorted(hashes))}
        return blocks if all(blocks[number].hash == expected for number, expected in hashes.items()) else None

    async def _contracts(self) -> list[At]:
        """All contracts that the index has seen named, and CityRegistry."""
        async with self._database.reading() as session:
            named = await events(session, contract=REGISTRY, event="VersionNamed")
        versions = [At(ContractKind(event.args["kind"]).name, event.args["version"]) for event in named]
        return [At(REGISTRY, self._client.registry), *versions]

    async def _store(self, start: int, end: int, logs: Sequence[RawLog], blocks: dict[int, Block]) -> bool:
        async with self._database.unit_of_work() as session:
            await exclusive(session, "chain.indexer")
            if not await _move(session, start, end, self._first):
                return False
            for block in blocks.values():
                await session.merge(ChainBlock(number=block.number, hash=block.hash))
            await session.execute(delete(ChainBlock).where(ChainBlock.number < end - KEPT_BLOCKS))
            for log in logs:
                await self._react(session, log, blocks[log.block].timestamp)
            if logs:
                reach(Failpoint.INDEXER_STORED)
        if logs:
            reach(Failpoint.INDEXER_COMMITTED)
        return bool(logs)

    async def _react(self, session: AsyncSession, log: RawLog, at: int) -> None:
        row = ChainEvent(
            contract=log.contract,
            address=log.address,
            event=log.event,
            subject=log.topics[1] if len(log.topics) > 1 else None,
            topics=b"".join(log.topics),
            data=log.data,
            block=log.block,
            block_hash=log.block_hash,
            tx_hash=log.tx_hash,
            log_index=log.index,
            at=at,
        )
        session.add(row)
        await session.flush()
        for reaction in self._reactions.get((log.contract, log.event), ()):
            await reaction(session, _indexed(row))

    # --- going back ---------------------------------------------------------------------------------------------

    async def _rewind(self, final: int) -> bool:
        """Go back to the newest kept block that the chain still has; return whether anything was taken back.

        Up to `final`, the last block that counts, a node without a block is behind, and cannot say that it is gone.
        """
        async with self._database.reading() as session:
            kept = list(await session.scalars(select(ChainBlock).order_by(ChainBlock.number.desc()).limit(1)))
        if not kept or await self._stands(kept[0], final):
            return False
        async with self._database.reading() as session:
            kept = list(await session.scalars(select(ChainBlock).order_by(ChainBlock.number.desc())))
        standing = await self._newest_standing(kept, final)
        _logger.warning("the chain was reorganised: the index goes back to block %d", standing)
        await self._undo_from(standing + 1)
        return True

    async def _newest_standing(self, kept: Sequence[ChainBlock], final: int) -> int:
        for block in kept:
            if await self._stands(block, final):
                return block.number
        if len(kept) > 1 and kept[0].number - kept[-1].number >= KEPT_BLOCKS:
            raise IndexerError("the chain no longer has any block that the index remembers: rebuild the index")
        return self._first - 1

    async def _stands(self, block: ChainBlock, final: int) -> bool:
        answer = await self._client.find_block(block.number)
        return block.number <= final if answer is None else answer.hash == bytes(block.hash)

    async def _undo_from(self, block: int) -> None:
        async with self._database.unit_of_work() as session:
            await exclusive(session, "chain.indexer")
            await session.execute(delete(ChainEvent).where(ChainEvent.block >= block))
            await session.execute(delete(ChainBlock).where(ChainBlock.number >= block))
            await session.execute(update(ChainCursor).where(ChainCursor.block >= block).values(block=block - 1))
            for undo in self._undoes:
                await undo(session, block)
        self._client.forget_versions()


async def events(
    session: AsyncSession,
    *,
    contract: str | None = None,
    event: str | None = None,
    subject: bytes | None = None,
    after: int = 0,
    limit: int | None = None,
) -> list[IndexedEvent]:
    """Return indexed events in chain order, those with an id above `after` only."""
    query = select(ChainEvent).where(ChainEvent.id > after).order_by(ChainEvent.id).limit(limit)
    if contract is not None:
        query = query.where(ChainEvent.contract == contract)
    if event is not None:
        query = query.where(ChainEvent.event == event)
    if subject is not None:
        query = query.where(ChainEvent.subject == subject)
    return [_indexed(row) for row in await session.scalars(query)]


async def indexed_block(session: AsyncSession) -> int | None:
    """Return the last block that the index has read, None before the first."""
    return await session.scalar(select(ChainCursor.block).filter_by(name="contracts"))


async def _move(session: AsyncSession, start: int, end: int, first: int) -> bool:
    """Advance the cursor from `start` to `end` if it still stands there."""
    if start == first and await indexed_block(session) is None:
        session.add(ChainCursor(name="contracts", block=end))
        await session.flush()
        return True
    moved = await session.execute(
        update(ChainCursor).where(ChainCursor.name == "contracts", ChainCursor.block == start - 1).values(block=end)
    )
    return bool(getattr(moved, "rowcount", 0))


def _names(log: RawLog) -> bool:
    return (log.contract, log.event) == (REGISTRY, "VersionNamed")


def _indexed(row: ChainEvent) -> IndexedEvent:
    topics = [row.topics[i : i + 32] for i in range(0, len(row.topics), 32)]
    log = RawLog(
        contract=row.contract,
        address=row.address,
        event=row.event,
        topics=tuple(topics),
        data=row.data,
        block=row.block,
        block_hash=row.block_hash,
        tx_hash=row.tx_hash,
        index=row.log_index,
    ).decoded()
    return IndexedEvent(**vars(log), id=row.id, at=row.at)
