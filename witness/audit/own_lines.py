"""This city's own lines as a bundle reads them: what lies together is read together, and once.

A line is read from the tender's start to a cut, bundle after bundle, and its hash tiles from the lowest level up: so a
tile brings its neighbours along. One such reader serves one bundle, whose cuts mostly agree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ledger.db import Database
from witness.log.merkle import HASH_SIZE
from witness.log.proof_repository import ProofRepository, TilePlace, cut, place_of
from witness.log.repository import StoreError, TreeRepository
from witness.log.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, encode_bundle

AHEAD: Final = 64
"""Entry bundles read with one statement: 16,384 slips, 14 MiB of the line that the reader holds anyway."""
LEVELS: Final = 8
"""Levels of hash tiles in the largest log there can be."""


@dataclass
class OwnLinesAhead:
    """Reads the lines in this city's database (`bidding.box.lines.LineSource`) with few statements."""

    name: str
    database: Database
    _hashes: dict[tuple[bytes, TilePlace], bytes] = field(default_factory=dict)
    _ahead: tuple[bytes, int, list[bytes]] = (b"", 0, [])

    async def tile(self, origin: bytes, tile: Tile) -> bytes:
        """Return a hash tile or an entry bundle; raise `StoreError` if it is not kept here."""
        if tile.level is None:
            return encode_bundle(await self._entries(origin, tile))
        place = place_of(tile)
        if len(self._hashes.get((origin, place), b"")) < tile.width * HASH_SIZE:
            await self._load_hashes(origin, place)
        return cut(tile, self._hashes.get((origin, place), b""))

    async def _load_hashes(self, origin: bytes, place: TilePlace) -> None:
        """Read the tile at `place` and those above it: the complete subtrees of a tree lie there."""
        level, number = place
        places = [(level + up, number >> TILE_HEIGHT * up) for up in range(LEVELS - level)]
        async with self.database.reading() as session:
            stored = await ProofRepository(session, origin).hashes(places)
        self._hashes |= {(origin, found): hashes for found, hashes in stored.items()}

    async def _entries(self, origin: bytes, tile: Tile) -> list[bytes]:
        wanted = self._held(origin, tile)
        if len(wanted) < tile.width:
            start = tile.index * TILE_WIDTH
            async with self.database.reading() as session:
                entries = await TreeRepository(session).entries(origin, start, start + AHEAD * TILE_WIDTH)
            self._ahead = (origin, start, entries)
            wanted = self._held(origin, tile)
        if len(wanted) < tile.width:
            raise StoreError("the log has not grown to this bundle", code="tile.unknown", tile=tile.path)
        return wanted

    def _held(self, origin: bytes, tile: Tile) -> list[bytes]:
        held, first, entries = self._ahead
        start = tile.index * TILE_WIDTH - first
        return entries[start : start + tile.width] if held == origin and start >= 0 else []
