"""Every query on stored trees: entries, tiles, checkpoints, and what is disclosed beside the public log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

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


def insert_once(session: AsyncSession, model: type[object]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that leaves a row with the same key as it is, for either database."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(model).on_conflict_do_nothing()
    return sqlite.insert(model).on_conflict_do_nothing()


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
        values = {"origin": origin_id(line), "line": line, "kind": kind.value, "own": own, "size": 0, "frontier": b""}
        await self._session.execute(insert_once(self._session, TreeRow).values(**values))
        return await self.get(origin_id(line))

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
        rows = [{"origin": tree.origin, "index": tree.size + i, "entry": entry} for i, entry in enumerate(entries)]
        if rows:
            await self._session.execute(insert(EntryRow), rows)
        await self._grow_tiles(tree.origin, tree.size, hashes)
        return Tree(tree.origin, tree.line, tree.kind, tree.own, frontier)

    async def _grow_tiles(self, origin: bytes, old_size: int, hashes: Sequence[bytes]) -> None:
        """Write the tiles that these leaves change; a partial tile grows in its own row."""
        partial: dict[Tile, bytes] = {}
        level = 0
        while old := old_size >> TILE_HEIGHT * level:
            if old % TILE_WIDTH:
                tile = Tile(level, old // TILE_WIDTH, old % TILE_WIDTH)
                partial[tile] = await self.tile(origin, tile)
            level += 1
        held = {tile.full for tile in partial}
        new: list[dict[str, object]] = []
        for tile, data in build_tiles(old_size, hashes, partial.__getitem__).items():
            place = {"origin": origin, "level": tile.level, "number": tile.index}
            if tile.full in held:
                await self._session.execute(update(TileRow).filter_by(**place).values(hashes=data))
            else:
                new.append({**place, "hashes": data})
        if new:
            await self._session.execute(insert(TileRow), new)

    async def tile(self, origin: bytes, tile: Tile) -> bytes:
        """Return the hashes of a tile; raise `StoreError` if the tree has not grown so far."""
        query = select(TileRow.hashes).filter_by(origin=origin, level=tile.level, number=tile.index)
        data = (await self._session.execute(query)).scalar_one_or_none() or b""
        if len(data) < tile.width * HASH_SIZE:
            raise StoreError("the log has not grown to this tile", code="tile.unknown", tile=tile.path)
        return data[: tile.width * HASH_SIZE]

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

    async def checkpoint_before(self, origin: bytes, index: int) -> CheckpointRow | None:
        """Return the largest stored checkpoint without entry `index` that somebody cosigned."""
        cosigned = select(CosignatureRow.size).filter_by(origin=origin)
        query = select(CheckpointRow).filter_by(origin=origin).where(CheckpointRow.size <= index)
        query = query.where(CheckpointRow.size.in_(cosigned)).order_by(CheckpointRow.size.desc()).limit(1)
        return (await self._session.scalars(query)).one_or_none()

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

    async def set_tender_head(self, origin: bytes, tender: bytes, head: bytes, count: int) -> None:
        """Store the new end of the tender's chain."""
        await self._session.merge(TenderHeadRow(origin=origin, tender=tender, head=head, count=count))

    async def add(self, row: DisclosureRow) -> None:
        """Keep what an entry commits to."""
        self._session.add(row)

    async def at(self, origin: bytes, index: int) -> DisclosureRow | None:
        """Return what the entry at `index` commits to, disclosed or not."""
        return await self._session.get(DisclosureRow, (origin, index), populate_existing=True)

    async def of_tender(self, origin: bytes, tender: bytes) -> list[tuple[DisclosureRow, bytes]]:
        """Return every entry of the tender by its number in the tender's chain, with its 32 bytes."""
        same = (EntryRow.origin == DisclosureRow.origin) & (EntryRow.index == DisclosureRow.index)
        query = select(DisclosureRow, EntryRow.entry).join(EntryRow, same)
        query = query.where(DisclosureRow.origin == origin, DisclosureRow.tender == tender)
        return [(row, entry) for row, entry in await self._session.execute(query.order_by(DisclosureRow.seq))]
