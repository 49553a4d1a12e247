"""Every query on stored trees: entries, tiles, checkpoints, and what is disclosed beside the public log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ARRAY, Insert, bindparam, column, func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.db import Base
from ledger.errors import SunbidError
from ledger.identity import origin_id
from witness.log.merkle import HASH_SIZE, Frontier, NodeSource, leaf_hash
from witness.log.models import (
    CheckpointRow,
    CosignatureRow,
    DisclosureRow,
    EntryRow,
    LogKind,
    TenderHeadRow,
    TileRow,
    TreeRow,
)
from witness.log.ports import TreeHead
from witness.log.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, build_tiles, prove_from_tiles

_T = TypeVar("_T")


class StoreError(SunbidError):
    """A stored tree that is missing, was changed by another writer, or does not hold together."""

    code = "log.store"


@dataclass(frozen=True)
class Tree:
    """A stored tree as one transaction sees it."""

    origin: bytes
    line: str
    kind: LogKind
    own: bool
    frontier: Frontier

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.frontier.size

    @property
    def head(self) -> TreeHead:
        """Size and root."""
        return TreeHead(self.frontier.size, self.frontier.head())


def insert_once(session: AsyncSession, model: type[Base], *, returning: str | None = None) -> Insert:
    """Return an INSERT that leaves a row with the same key as it is, for either database; `returning` is a column."""
    return _insert_once(session.get_bind().dialect.name, model.__tablename__, returning)


def insert_into(session: AsyncSession, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that can say what becomes of a row whose key is there already, for either database.

    It goes to the table and not through the mapper, which would only make objects that nobody asked for.
    """
    return _insert(session.get_bind().dialect.name, model.__tablename__)


@cache
def _insert(dialect: str, table: str) -> postgresql.Insert | sqlite.Insert:
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(Base.metadata.tables[table])


@cache
def _insert_once(dialect: str, table: str, returning: str | None) -> Insert:
    statement = _insert(dialect, table).on_conflict_do_nothing()
    return statement.returning(Base.metadata.tables[table].c[returning]) if returning else statement


async def insert_or_update(session: AsyncSession, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Store the rows; one whose key is there already takes the new values. One statement, on either database."""
    if not rows:
        return
    keys = [column.name for column in model.__table__.primary_key]
    statement = insert_into(session, model)
    new = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    await session.execute(statement.on_conflict_do_update(index_elements=keys, set_=new), rows)


async def insert_columns(
    session: AsyncSession, model: type[Base], same: Mapping[str, Any], columns: Mapping[str, Sequence[Any]]
) -> None:
    """Store new rows by one statement: `same` is what all have in common, `columns` the rest, row after row.

    PostgreSQL takes each column as an array: given row by row, it begins anew a thousand times.
    """
    table = Base.metadata.tables[model.__tablename__]
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(_insert_arrays(table.name, tuple(same), tuple(columns)), {**same, **columns})
        return
    rows = [{**same, **dict(zip(columns, row, strict=True))} for row in zip(*columns.values(), strict=True)]
    if rows:
        await session.execute(insert(table), rows)


@cache
def _insert_arrays(table: str, same: tuple[str, ...], columns: tuple[str, ...]) -> Insert:
    types = {one.name: one.type for one in Base.metadata.tables[table].columns}
    arrays = [bindparam(name, type_=ARRAY(types[name], dimensions=1)) for name in columns]
    rows = func.unnest(*arrays).table_valued(*(column(name, types[name]) for name in columns)).render_derived()
    values = select(*(bindparam(name, type_=types[name]) for name in same), *rows.c)
    return insert(Base.metadata.tables[table]).from_select([*same, *columns], values)


@dataclass(frozen=True)
class Commitment:
    """What one entry of a public log commits to, with its place in the tender's chain (None outside of any)."""

    tender: bytes | None
    seq: int | None
    disclosed: bool
    nonce: bytes
    body: bytes


class TreeRepository:
    """Stored trees, in the transaction of `session`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, origin: bytes) -> Tree | None:
        """Return the tree of `origin`, None if this city neither writes nor keeps it."""
        row = await self._session.get(TreeRow, origin, populate_existing=True)
        if row is None:
            return None
        heads = tuple(row.frontier[i : i + HASH_SIZE] for i in range(0, len(row.frontier), HASH_SIZE))
        return Tree(row.origin, row.line, LogKind(row.kind), row.own, Frontier(row.size, heads))

    async def get(self, origin: bytes) -> Tree:
        """Return the tree of `origin`; raise `StoreError` if there is none here."""
        tree = await self.find(origin)
        if tree is None:
            raise StoreError("no such log here: ask the city whose origin it is", code="log.unknown")
        return tree

    async def open(self, line: str, kind: LogKind, *, own: bool) -> Tree:
        """Return the tree of an origin line, empty if it is new."""
        origin = origin_id(line)
        if (known := await self.find(origin)) is not None:
            return known
        values = {"origin": origin, "line": line, "kind": kind.value, "own": own, "size": 0, "frontier": b""}
        await self._session.execute(insert_once(self._session, TreeRow).values(**values))
        return await self.get(origin)

    async def append(self, tree: Tree, entries: Sequence[bytes]) -> Tree:
        """Return the tree after these entries; raise `StoreError` if another writer moved it meanwhile."""
        hashes = [leaf_hash(entry) for entry in entries]
        frontier = tree.frontier.extend(hashes)
        moved = await self._session.execute(
            update(TreeRow)
            .where(TreeRow.origin == tree.origin, TreeRow.size == tree.size)
            .values(size=frontier.size, frontier=b"".join(frontier.heads))
            .returning(TreeRow.size)
        )
        if moved.one_or_none() is None:
            raise StoreError("another writer appended to this log: run the task again", code="log.moved")
        columns = {"index": range(tree.size, frontier.size), "entry": entries}
        await insert_columns(self._session, EntryRow, {"origin": tree.origin}, columns)
        await self._grow_tiles(tree.origin, tree.size, hashes)
        return Tree(tree.origin, tree.line, tree.kind, tree.own, frontier)

    async def _grow_tiles(self, origin: bytes, old_size: int, hashes: Sequence[bytes]) -> None:
        """Write the tiles that these leaves change; a partial tile grows in its own row."""
        partial = await self._partial_tiles(origin, old_size)
        rows = [
            {"origin": origin, "level": tile.level, "number": tile.index, "hashes": data}
            for tile, data in build_tiles(old_size, hashes, partial.__getitem__).items()
        ]
        await insert_or_update(self._session, TileRow, rows)

    async def _partial_tiles(self, origin: bytes, size: int) -> dict[Tile, bytes]:
        """Return the tiles of the tree of `size` entries that are not full: one a level at most."""
        sizes = [size >> TILE_HEIGHT * level for level in range(-(-size.bit_length() // TILE_HEIGHT))]
        places = [(level, n // TILE_WIDTH) for level, n in enumerate(sizes) if n % TILE_WIDTH]
        query = select(TileRow.level, TileRow.number, TileRow.hashes).filter_by(origin=origin)
        rows = await self._session.execute(query.where(tuple_(TileRow.level, TileRow.number).in_(places)))
        held = {(level, number): hashes for level, number, hashes in rows}
        tiles = {place: Tile(*place, sizes[place[0]] % TILE_WIDTH) for place in places}
        return {tile: _cut(tile, held.get(place, b"")) for place, tile in tiles.items()}

    async def tile(self, origin: bytes, tile: Tile) -> bytes:
        """Return the hashes of a tile; raise `StoreError` if the tree has not grown so far."""
        query = select(TileRow.hashes).filter_by(origin=origin, level=tile.level, number=tile.index)
        return _cut(tile, (await self._session.execute(query)).scalar_one_or_none() or b"")

    async def entries(self, origin: bytes, start: int, end: int) -> list[bytes]:
        """Return the entries start … end − 1 in order, fewer if the tree ends before."""
        query = (
            select(EntryRow.entry)
            .where(EntryRow.origin == origin, EntryRow.index >= start, EntryRow.index < end)
            .order_by(EntryRow.index)
        )
        return list(await self._session.scalars(query))

    async def prove(self, origin: bytes, size: int, compute: Callable[[NodeSource], _T]) -> _T:
        """Return what `compute` makes of the complete subtrees of the first `size` entries; it is run twice."""
        return await prove_from_tiles(lambda tile: self.tile(origin, tile), size, compute)

    # --- checkpoints of own logs ------------------------------------------------------------------------------

    async def add_checkpoint(self, origin: bytes, head: TreeHead, note: str, at: int) -> None:
        """Store a signed note; nobody sees it before this transaction is committed."""
        self._session.add(CheckpointRow(origin=origin, size=head.size, root=head.root, note=note, signed_at=at))
        await self._session.flush()

    async def checkpoint(self, origin: bytes, size: int | None = None) -> CheckpointRow | None:
        """Return the stored checkpoint of this size, or the largest one."""
        query = select(CheckpointRow).filter_by(origin=origin).order_by(CheckpointRow.size.desc()).limit(1)
        if size is not None:
            query = query.filter_by(size=size)
        return (await self._session.scalars(query)).one_or_none()

    async def checkpoint_covering(self, origin: bytes, index: int) -> CheckpointRow | None:
        """Return the smallest stored checkpoint that holds entry `index`."""
        query = select(CheckpointRow).filter_by(origin=origin).where(CheckpointRow.size > index)
        return (await self._session.scalars(query.order_by(CheckpointRow.size).limit(1))).one_or_none()

    async def cosignatures(self, origin: bytes, size: int) -> dict[bytes, str]:
        """Return the cosignature lines on a checkpoint by city id."""
        rows = await self._session.scalars(select(CosignatureRow).filter_by(origin=origin, size=size))
        return {row.city: row.line for row in rows}

    async def add_cosignature(self, origin: bytes, size: int, city: bytes, line: str) -> None:
        """Keep a city's first cosignature on a checkpoint; a later one is not needed."""
        values = {"origin": origin, "size": size, "city": city, "line": line}
        await self._session.execute(insert_once(self._session, CosignatureRow).values(**values))

    async def cosigned_size(self, origin: bytes, city: bytes) -> int:
        """Return the size of the largest checkpoint that the city cosigned, 0 if none."""
        query = select(func.max(CosignatureRow.size)).filter_by(origin=origin, city=city)
        return await self._session.scalar(query) or 0

    async def latest_cosignatures(self, origin: bytes) -> Sequence[str]:
        """Return the cosignature lines on the largest checkpoint that has any."""
        largest = select(func.max(CosignatureRow.size)).filter_by(origin=origin).scalar_subquery()
        query = select(CosignatureRow.line).where(CosignatureRow.origin == origin, CosignatureRow.size == largest)
        return (await self._session.scalars(query)).all()


class DisclosureRepository:
    """Bodies beside the public log, and the chain of each tender, in the transaction of `session`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def tender_head(self, origin: bytes, tender: bytes) -> TenderHeadRow | None:
        """Return the last entry of the tender's chain and its count."""
        return await self._session.get(TenderHeadRow, (origin, tender), populate_existing=True)

    async def tender_heads(self, origin: bytes, tenders: Collection[bytes]) -> dict[bytes, tuple[bytes, int]]:
        """Return last entry and count of the chains of those of these tenders that have begun."""
        query = select(TenderHeadRow.tender, TenderHeadRow.head, TenderHeadRow.count).filter_by(origin=origin)
        rows = await self._session.execute(query.where(TenderHeadRow.tender.in_(tenders)))
        return {tender: (head, count) for tender, head, count in rows}

    async def set_tender_heads(self, origin: bytes, heads: Mapping[bytes, tuple[bytes, int]]) -> None:
        """Store the new ends of these tenders' chains."""
        rows = [{"origin": origin, "tender": t, "head": head, "count": count} for t, (head, count) in heads.items()]
        await insert_or_update(self._session, TenderHeadRow, rows)

    async def add(self, origin: bytes, start: int, commitments: Sequence[Commitment]) -> None:
        """Keep what the entries from index `start` on commit to."""
        columns = {
            "index": range(start, start + len(commitments)),
            **{one.name: [getattr(each, one.name) for each in commitments] for one in fields(Commitment)},
        }
        await insert_columns(self._session, DisclosureRow, {"origin": origin}, columns)

    async def at(self, origin: bytes, index: int) -> DisclosureRow | None:
        """Return what the entry at `index` commits to, disclosed or not."""
        return await self._session.get(DisclosureRow, (origin, index), populate_existing=True)

    async def of_tender(self, origin: bytes, tender: bytes) -> list[tuple[DisclosureRow, bytes]]:
        """Return every entry of the tender by its number in the tender's chain, with its 32 bytes."""
        same = (EntryRow.origin == DisclosureRow.origin) & (EntryRow.index == DisclosureRow.index)
        query = select(DisclosureRow, EntryRow.entry).join(EntryRow, same)
        query = query.where(DisclosureRow.origin == origin, DisclosureRow.tender == tender)
        return [(row, entry) for row, entry in await self._session.execute(query.order_by(DisclosureRow.seq))]


def _cut(tile: Tile, stored: bytes) -> bytes:
    """Return the hashes of `tile` out of those stored at its place; raise `StoreError` if they are fewer."""
    if len(stored) < tile.width * HASH_SIZE:
        raise StoreError("the log has not grown to this tile", code="tile.unknown", tile=tile.path)
    return stored[: tile.width * HASH_SIZE]
