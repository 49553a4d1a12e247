"""The public log's append against bare inserts of the rows that it writes, in the same tables of the same database."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, Integer, Table, any_, literal, select, tuple_
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from ledger.db import Base
from ledger.outbox import OutboxRow, enqueue
from scripts.bench.measure import Case, Comparison, Pair, compare_rounds, timed
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.models import CheckpointRow, DisclosureRow, EntryRow, LogKind, TenderHeadRow, TileRow, TreeRow
from witness.log.node import LogNode
from witness.log.repository import TreeRepository
from witness.log.sequencer import BATCH, run_public_sequencer
from witness.log.service import PublicLog
from witness.log.tiles import tiles_between

_TENDERS = 20
_SHADOW = "shadow.sunbid.example/log/public"
"""The origin line under which the baseline writes: the rows are the same in all but this."""

_AIM = 1 / 0.7
_OUTBOX = Base.metadata.tables[OutboxRow.__tablename__]
_ONLY_NEW = frozenset(model.__tablename__ for model in (EntryRow, DisclosureRow, CheckpointRow))
"""Tables in which an append changes no row that was there before."""


class AppendBench:
    """Rounds of one batch each; every round finds the log as large as the one before left it."""

    def __init__(self, node: LogNode, batch: int) -> None:
        self._node = node
        self._batch = batch
        self._log = PublicLog(node.city.public_origin_id)
        self._tenders = [secrets.token_bytes(32) for _ in range(_TENDERS)]
        self._shadow = b""

    async def play(self) -> Pair:
        """Append one batch of waiting events, then write its rows bare."""
        if not self._shadow:
            async with self._node.database.unit_of_work() as session:
                self._shadow = (await TreeRepository(session).open(_SHADOW, LogKind.PUBLIC, own=False)).origin
        await self._enqueue()
        before = await self._size()
        seconds = await timed(self._append)
        rows = await self._written(before, await self._size())
        ended = await self._waiting()
        return Pair(seconds, await timed(lambda: self._write(rows, ended)))

    async def _waiting(self) -> list[int]:
        async with self._node.database.reading() as session:
            return list(await session.scalars(select(OutboxRow.id).filter_by(topic=_SHADOW, done=False)))

    async def _enqueue(self) -> None:
        """Have a batch wait for the log, and as many messages for the baseline, which only ends them."""
        async with self._node.database.unit_of_work() as session:
            for number in range(self._batch):
                event = self._event(number)
                await self._log.append(session, event)
                await enqueue(session, _SHADOW, event.to_payload(), key=f"{_SHADOW}/{event.default_key}")

    def _event(self, number: int) -> Event:
        return Event(
            kind=Kind.NOTICE_PUBLISHED,
            occurred_at=self._node.now,
            actor_role=ActorRole.TENDERER,
            tender=self._tenders[number % _TENDERS],
            actor=secrets.token_bytes(32),
            act=secrets.token_bytes(32),
            data={"number": number},
        )

    async def _append(self) -> None:
        while await run_public_sequencer(self._node):
            pass

    async def _size(self) -> int:
        async with self._node.database.reading() as session:
            tree = await TreeRepository(session).find(self._log.origin)
        return tree.size if tree else 0

    async def _written(self, before: int, after: int) -> list[tuple[Table, list[dict[str, Any]]]]:
        """Return the rows that growing from `before` to `after` entries wrote, under the other origin."""
        tiles = [(tile.level, tile.index) for tile in tiles_between(before, after)]
        async with self._node.database.reading() as session:
            return [
                await self._rows(session, EntryRow, EntryRow.index >= before),
                await self._rows(session, DisclosureRow, DisclosureRow.index >= before),
                await self._rows(session, TileRow, tuple_(TileRow.level, TileRow.number).in_(tiles)),
                await self._rows(session, CheckpointRow, CheckpointRow.size > before),
                await self._rows(session, TenderHeadRow),
                await self._rows(session, TreeRow),
            ]

    async def _rows(self, session: AsyncSession, model: type[Base], *where: Any) -> tuple[Table, list[dict[str, Any]]]:
        table = Base.metadata.tables[model.__tablename__]
        found = await session.execute(select(table).where(table.c.origin == self._log.origin, *where))
        other = {"origin": self._shadow} | ({"line": _SHADOW} if model is TreeRow else {})
        return table, [{**row, **other} for row in found.mappings()]

    async def _write(self, rows: Iterable[tuple[Table, list[dict[str, Any]]]], ended: list[int]) -> None:
        async with self._node.database.engine.begin() as connection:
            for table, values in rows:
                await _write(connection, table, values)
            done = _OUTBOX.c.id == any_(literal(ended, ARRAY(Integer)))
            await connection.execute(_OUTBOX.update().where(done).values(done=True, payload={}))


async def measure_append(node: LogNode, *, batch: int = BATCH, rounds: int = 7) -> Comparison:
    """Return how the sequencer's append of `batch` waiting events compares with writing its rows."""
    what = f"append {batch} waiting events of {_TENDERS} tenders to the public log: one transaction, one checkpoint"
    case = Case("log.append", what, "the same rows, inserted, updated and marked as done in one transaction", _AIM)
    return await compare_rounds(case, AppendBench(node, batch).play, rounds)


async def _write(connection: AsyncConnection, table: Table, values: list[dict[str, Any]]) -> None:
    """Insert the rows; one that is there already, a partial tile say, takes the new values."""
    if table.name in _ONLY_NEW:
        await connection.execute(table.insert(), values)
        return
    statement = postgresql.insert(table)
    keys = set(table.primary_key.columns.keys())
    new = {name: statement.excluded[name] for name in table.columns.keys() if name not in keys}  # noqa: SIM118
    await connection.execute(statement.on_conflict_do_update(index_elements=[*keys], set_=new), values)
