"""Tiles: how a log stores and serves its tree and entries (C2SP tlog-tiles).

A tile is 256 consecutive hashes, 8 levels of the tree; a full tile never changes, a partial one (1 … 255 wide) belongs
to one tree size. Level 0 holds leaf hashes, level L + 1 the heads of the full tiles of level L. An entry bundle holds
the entries under a tile of level 0, each behind its length as two bytes. Storage is a callable here, never a database.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from ledger.errors import SunbidError
from witness.log.merkle import HASH_SIZE, NodeSource, tree_head

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 256
_MAX_LEVEL = 63
_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


class TileError(SunbidError):
    """A tile, a bundle or a path that is not what the protocol writes."""

    code = "tile.malformed"


@dataclass(frozen=True, order=True)
class Tile:
    """The place of a tile: level (None for an entry bundle), index within the level, width 1 … 256."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if not 0 <= (self.level or 0) <= _MAX_LEVEL or self.index < 0 or not 1 <= self.width <= TILE_WIDTH:
            raise TileError(f"no tile has level {self.level}, index {self.index}, width {self.width}")

    @property
    def path(self) -> str:
        """The path below the log's prefix: `tile/0/x001/x234/067`, partial `tile/0/273.p/112`."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        index = "/".join([*("x" + group for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level is None else str(self.level)
        return f"tile/{level}/{index}" + ("" if self.is_full else f".p/{self.width}")

    @property
    def is_full(self) -> bool:
        """Whether the tile is 256 wide, and so immutable."""
        return self.width == TILE_WIDTH

    @property
    def full(self) -> Tile:
        """The full tile at this place."""
        return Tile(self.level, self.index)

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Return the tile at `path`; refuse every spelling that `path` does not write."""
        found = _PATH.fullmatch(path)
        if found is None:
            raise TileError("not the path of a tile")
        level = None if found["level"] == "entries" else int(found["level"])
        index = int(found["index"].replace("x", "").replace("/", ""))
        tile = cls(level, index, int(found["width"] or TILE_WIDTH))
        if tile.path != path:
            raise TileError("path of a tile is not in its shortest form")
        return tile


TileReader: TypeAlias = Callable[[Tile], bytes]
"""Returns the stored hashes of a tile, 32 · width bytes; raises if it is not there."""
TileFetcher: TypeAlias = Callable[[Tile], Awaitable[bytes]]
"""The same from a database or another city."""

_T = TypeVar("_T")


def tiles_between(old_size: int, new_size: int) -> Iterator[Tile]:
    """Yield the hash tiles that growing from `old_size` to `new_size` entries creates, lowest level first."""
    for level in range(_MAX_LEVEL + 1):
        old, new = old_size >> TILE_HEIGHT * level, new_size >> TILE_HEIGHT * level
        if old == new:
            return
        yield from _row(level, old, new)


def bundles_between(old_size: int, new_size: int) -> Iterator[Tile]:
    """Yield the entry bundles that growing from `old_size` to `new_size` entries creates."""
    if old_size < new_size:
        yield from _row(None, old_size, new_size)


def _row(level: int | None, old: int, new: int) -> Iterator[Tile]:
    for index in range(old // TILE_WIDTH, new // TILE_WIDTH):
        yield Tile(level, index)
    if new % TILE_WIDTH:
        yield Tile(level, new // TILE_WIDTH, new % TILE_WIDTH)


def build_tiles(old_size: int, leaf_hashes: Sequence[bytes], read: TileReader) -> dict[Tile, bytes]:
    """Return the tiles that appending `leaf_hashes` to a log of `old_size` entries creates.

    `read` is asked only for the partial tiles of `old_size`, one a level at most.
    """
    built: dict[Tile, bytes] = {}
    row = list(leaf_hashes)
    level = 0
    while row:
        old = old_size >> TILE_HEIGHT * level
        index, width = divmod(old, TILE_WIDTH)
        if width:
            row = split_hashes(Tile(level, index, width), read(Tile(level, index, width))) + row
        heads: list[bytes] = []
        for tile in _row(level, old, old - width + len(row)):
            start = (tile.index - index) * TILE_WIDTH
            hashes = row[start : start + tile.width]
            built[tile] = b"".join(hashes)
            if tile.is_full:
                heads.append(tree_head(hashes))
        row, level = heads, level + 1
    return built


def split_hashes(tile: Tile, data: bytes) -> list[bytes]:
    """Return the hashes of a tile; refuse data of another width."""
    if len(data) != tile.width * HASH_SIZE:
        raise TileError(f"tile {tile.path} has {len(data)} bytes, {tile.width * HASH_SIZE} are needed", tile=tile.path)
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]


def tile_nodes(read: TileReader, size: int) -> NodeSource:
    """Return the complete subtrees of the tree of `size` entries, for the proofs of merkle.py; a tile is read once."""
    tiles: dict[Tile, list[bytes]] = {}

    def node(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        first = index << height
        tile = _tile_at(tile_level, first // TILE_WIDTH, size)
        if (index + 1) << level > size:
            raise TileError(f"a tree of {size} has no complete subtree {index} at level {level}", size=size)
        if tile not in tiles:
            tiles[tile] = split_hashes(tile, read(tile))
        start = first % TILE_WIDTH
        return tree_head(tiles[tile][start : start + (1 << height)])

    return node


async def prove_from_tiles(fetch: TileFetcher, size: int, compute: Callable[[NodeSource], _T]) -> _T:
    """Return what `compute` makes of the complete subtrees of the tree of `size` entries; it is run twice.

    The first run, on zeros, only says which tiles are needed: no proof's shape depends on hashes. So the pure functions
    of `merkle` stay synchronous and each tile is fetched once, from wherever it lies.
    """
    wanted: set[Tile] = set()

    def record(tile: Tile) -> bytes:
        wanted.add(tile)
        return bytes(HASH_SIZE * tile.width)

    compute(tile_nodes(record, size))
    tiles = {tile: await fetch(tile) for tile in sorted(wanted)}
    return compute(tile_nodes(tiles.__getitem__, size))


def _tile_at(level: int, index: int, size: int) -> Tile:
    width = min((size >> TILE_HEIGHT * level) - index * TILE_WIDTH, TILE_WIDTH)
    return Tile(level, index, width)


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle: each entry behind its length as two bytes, big-endian."""
    if any(len(entry) >= 1 << 16 for entry in entries):
        raise TileError("an entry of a bundle has fewer than 65536 bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(data: bytes, count: int, entry_size: int) -> list[bytes]:
    """Return the `count` entries of a bundle, `entry_size` bytes each; refuse another number or size."""
    step = entry_size + 2
    prefix = entry_size.to_bytes(2, "big")
    if len(data) != count * step:
        raise TileError(f"bundle has {len(data)} bytes, {count * step} are needed")
    if any(data[i : i + 2] != prefix for i in range(0, len(data), step)):
        raise TileError(f"an entry of the bundle has not {entry_size} bytes")
    return [data[i + 2 : i + step] for i in range(0, len(data), step)]
