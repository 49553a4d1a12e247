"""Proofs of many entries of one log at once: however many are wanted, each answer here takes one statement.

For a single entry there is `LogReader`; a bundle proves every event of its tender, under two trees each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final, TypeVar

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.errors import SunbidError
from witness.log.merkle import HASH_SIZE, inclusion_proof_from
from witness.log.models import CheckpointRow, CosignatureRow, EntryRow, TileRow
from witness.log.note import Note, NoteSignature
from witness.log.repository import StoreError, TreeRepository
from witness.log.tiles import Tile, TileReader, tile_nodes

PLACES: Final = 5000
"""Places that one statement names: SQLite takes 32,766 values, PostgreSQL 32,767."""

Place = tuple[int, int]
"""An entry's index, and the size of a tree that holds it."""

TilePlace = tuple[int, int]
"""The level and the number of a hash tile."""

_T = TypeVar("_T")


class ProofRepository:
    """What many proofs in the log `origin` take, in the transaction of `session`."""

    def __init__(self, session: AsyncSession, origin: bytes) -> None:
        self._session = session
        self.origin = origin

    async def inclusions(self, places: Collection[Place]) -> dict[Place, tuple[bytes, ...]]:
        """Return the inclusion proof for each place; raise `SunbidError` for a tree that the log has not reached."""
        largest = max((size for _, size in places), default=0)
        known = (await TreeRepository(self._session).get(self.origin)).size
        if largest > known:
            raise SunbidError("the log is not that large here", code="log.out_of_range", size=known)
        wanted: set[Tile] = set()

        def note(tile: Tile) -> bytes:
            wanted.add(tile)
            return bytes(HASH_SIZE * tile.width)

        _prove(places, note)
        stored = await self.hashes({place_of(tile) for tile in wanted})
        return _prove(places, lambda tile: cut(tile, stored.get(place_of(tile), b"")))

    async def hashes(self, places: Collection[TilePlace]) -> dict[TilePlace, bytes]:
        """Return what is stored of the hash tiles at these places; those not begun are missing."""
        query = select(TileRow.level, TileRow.number, TileRow.hashes).where(TileRow.origin == self.origin)
        stored: dict[TilePlace, bytes] = {}
        for some in _chunks(sorted(places)):
            rows = await self._session.execute(query.where(tuple_(TileRow.level, TileRow.number).in_(some)))
            stored |= {(level, number): hashes for level, number, hashes in rows}
        return stored

    async def first_holding(self, indices: Collection[int], *, cosigned: bool) -> dict[int, int]:
        """Return for each entry the size of the first checkpoint that holds it, if there is one.

        With `cosigned`, of those that somebody cosigned.
        """
        size = CheckpointRow.size
        query = self._checkpoints(cosigned=cosigned).where(size > EntryRow.index).order_by(size)
        return await self._sizes(indices, query)

    async def last_without(self, indices: Collection[int]) -> dict[int, int]:
        """Return for each entry the size of the last cosigned checkpoint without it, if there is one."""
        size = CheckpointRow.size
        query = self._checkpoints(cosigned=True).where(size <= EntryRow.index).order_by(size.desc())
        return await self._sizes(indices, query)

    def _checkpoints(self, *, cosigned: bool) -> Select[int]:
        query = select(CheckpointRow.size).where(CheckpointRow.origin == self.origin)
        if not cosigned:
            return query
        same = (CosignatureRow.origin == self.origin) & (CosignatureRow.size == CheckpointRow.size)
        return query.where(select(CosignatureRow.city).where(same).exists())

    async def _sizes(self, indices: Collection[int], chosen: Select[int]) -> dict[int, int]:
        size = chosen.limit(1).correlate(EntryRow).scalar_subquery()
        query = select(EntryRow.index, size).where(EntryRow.origin == self.origin)
        found: dict[int, int] = {}
        for some in _chunks(sorted(indices)):
            rows = await self._session.execute(query.where(EntryRow.index.in_(some)))
            found |= {index: size for index, size in rows if size is not None}
        return found

    async def notes(self, sizes: Collection[int]) -> dict[int, Note]:
        """Return the signed checkpoints of these sizes with all cosignatures known here, those by city id."""
        same = (CosignatureRow.origin == CheckpointRow.origin) & (CosignatureRow.size == CheckpointRow.size)
        query = select(CheckpointRow.size, CheckpointRow.note, CosignatureRow.line).outerjoin(CosignatureRow, same)
        query = query.where(CheckpointRow.origin == self.origin).order_by(CheckpointRow.size, CosignatureRow.city)
        found: dict[int, Note] = {}
        for some in _chunks(sorted(sizes)):
            rows = await self._session.execute(query.where(CheckpointRow.size.in_(some)))
            for size, text, line in rows:
                note = found.get(size) or Note.parse(text.encode())
                found[size] = note.with_signatures(*_signatures(line))
        return found


def place_of(tile: Tile) -> TilePlace:
    """Return where a hash tile lies, whatever its width."""
    if tile.level is None:
        raise StoreError("an entry bundle is no hash tile", code="tile.malformed", tile=tile.path)
    return tile.level, tile.index


def _prove(places: Collection[Place], read: TileReader) -> dict[Place, tuple[bytes, ...]]:
    nodes = {size: tile_nodes(read, size) for _, size in places}
    return {(index, size): tuple(inclusion_proof_from(nodes[size], index, size)) for index, size in places}


def cut(tile: Tile, stored: bytes) -> bytes:
    """Return the hashes of `tile` out of those stored at its place, which may have grown since."""
    if len(stored) < tile.width * HASH_SIZE:
        raise StoreError("the log has not grown to this tile", code="tile.unknown", tile=tile.path)
    return stored[: tile.width * HASH_SIZE]


def _signatures(line: str | None) -> list[NoteSignature]:
    return [] if line is None else [NoteSignature.parse(line.removesuffix("\n"))]


def _chunks(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (items[start : start + PLACES] for start in range(0, len(items), PLACES))
