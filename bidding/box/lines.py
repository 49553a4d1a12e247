"""The slips behind a cut, from any city that keeps them: believed only if they lead to the cut's root.

A *line* is an origin's log as one city keeps it. If an origin forked, cities keep different lines; the cut of each
witness says which one counts, so it does not matter who hands the slips over.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from bidding.box.book import CutView, OriginView, TenderAtBlock
from bidding.box.errors import BoxError
from bidding.sealing.facts import Cut, OriginBox
from bidding.sealing.slip import SLIP_SIZE
from ledger.errors import SunbidError
from witness.log.merkle import (
    Frontier,
    NodeSource,
    consistency_proof_from,
    inclusion_proof_from,
    leaf_hash,
    verify_inclusion,
)
from witness.log.tiles import TILE_WIDTH, Tile, decode_bundle, prove_from_tiles

_T = TypeVar("_T")


class LineSource(Protocol):
    """One city's lines, as tiles (C2SP tlog-tiles); every answer is checked by whoever asked."""

    @property
    def name(self) -> str:
        """The city, for messages."""
        ...

    async def tile(self, origin: bytes, tile: Tile) -> bytes:
        """Return a hash tile or an entry bundle of the city's line; raise `SunbidError` if it has none."""
        ...


class LineError(SunbidError):
    """No city gave slips that lead to a cut's root."""

    code = "box.slips_missing"


@dataclass
class LineReader:
    """Reads lines from several cities, and remembers what it verified: cuts of one origin mostly agree."""

    sources: Sequence[LineSource]
    _verified: dict[tuple[bytes, int, bytes, int, bytes], tuple[bytes, ...]] = field(default_factory=dict)

    async def boxes(self, at: TenderAtBlock) -> tuple[OriginBox, ...]:
        """Return every announced origin with the slips of all its cuts; raise `LineError` if some cannot be had."""
        boxes = []
        for origin in at.origins:
            cuts = [Cut(cut.city, await self.line(origin, cut)) for cut in origin.cuts]
            boxes.append(OriginBox(origin.origin, origin.city, origin.start_size, tuple(cuts)))
        return tuple(boxes)

    async def line(self, origin: OriginView, cut: CutView) -> tuple[bytes, ...]:
        """Return the slips from the tender's start up to the cut, verified against both roots on chain."""
        key = (origin.origin, origin.start_size, origin.start_root, cut.size, cut.root)
        if key not in self._verified:
            self._verified[key] = await self._ask_all(origin, lambda source: _fetch(source, origin, cut))
        return self._verified[key]

    async def inclusion(self, origin: OriginView, cut: CutView, index: int, slip: bytes) -> list[bytes]:
        """Return the proof that the slip stands at `index` of the line that leads to the cut's root."""

        async def prove(source: LineSource) -> list[bytes]:
            path = await inclusion(source, origin.origin, index, cut.size)
            verify_inclusion(leaf_hash(slip), index, cut.size, path, cut.root)
            return path

        return await self._ask_all(origin, prove)

    async def start(self, origin: OriginView) -> Frontier:
        """Return the complete subtrees of the origin's log as they stood when the tender started."""

        async def read(source: LineSource) -> Frontier:
            return await _start(source, origin)

        return await self._ask_all(origin, read)

    async def _ask_all(self, origin: OriginView, ask: Callable[[LineSource], Awaitable[_T]]) -> _T:
        failures = {}
        for source in self.sources:
            try:
                return await ask(source)
            except SunbidError as error:
                failures[source.name] = error.message
        raise LineError(
            "No city has the slips of this cut. Ask again when the witness is back.",
            origin=origin.origin.hex(),
            answers=failures,
        )


async def frontier(source: LineSource, origin: bytes, size: int) -> Frontier:
    """Return the complete subtrees of the first `size` slips of a line."""
    if size == 0:
        return Frontier()
    return await _from_tiles(source, origin, size, lambda nodes: Frontier.from_nodes(nodes, size))


async def consistency(source: LineSource, origin: bytes, old: int, new: int) -> list[bytes]:
    """Return the RFC 6962 consistency proof between two sizes of a line."""
    return await _from_tiles(source, origin, new, lambda nodes: consistency_proof_from(nodes, old, new))


async def inclusion(source: LineSource, origin: bytes, index: int, size: int) -> list[bytes]:
    """Return the RFC 6962 inclusion proof of the slip at `index` in the first `size` of a line."""
    return await _from_tiles(source, origin, size, lambda nodes: inclusion_proof_from(nodes, index, size))


async def slips(source: LineSource, origin: bytes, start: int, end: int) -> AsyncIterator[bytes]:
    """Yield the slips start … end − 1 of a line, a bundle of 256 at a time."""
    for number in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
        first = number * TILE_WIDTH
        tile = Tile(None, number, min(end - first, TILE_WIDTH))
        bundle = decode_bundle(await source.tile(origin, tile), tile.width, SLIP_SIZE)
        for slip in bundle[max(0, start - first) :]:
            yield slip


async def _from_tiles(source: LineSource, origin: bytes, size: int, compute: Callable[[NodeSource], _T]) -> _T:
    return await prove_from_tiles(lambda tile: source.tile(origin, tile), size, compute)


async def _start(source: LineSource, origin: OriginView) -> Frontier:
    start = await frontier(source, origin.origin, origin.start_size)
    if origin.start_size and start.head() != origin.start_root:  # nothing anchored yet: size 0, no root
        raise BoxError("These subtrees do not lead to the start of the tender's box.", code="box.frontier")
    return start


async def _fetch(source: LineSource, origin: OriginView, cut: CutView) -> tuple[bytes, ...]:
    start = await _start(source, origin)
    found = [slip async for slip in slips(source, origin.origin, origin.start_size, cut.size)]
    if start.extend(leaf_hash(slip) for slip in found).head() != cut.root:
        raise BoxError("These slips do not lead to the cut's root.", code="box.slips_root")
    return tuple(found)
