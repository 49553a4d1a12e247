"""The slips behind a cut, from any city that keeps them: believed only if they lead to the cut's root.

A *line* is an origin's log as one city keeps it. If an origin forked, cities keep different lines; the cut of each
witness says which one counts, so it does not matter who hands the slips over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bidding.box.book import CutView, OriginView, TenderAtBlock
from bidding.box.errors import BoxError
from bidding.sealing.facts import Cut, OriginBox
from bidding.sealing.slip import SLIP_SIZE
from ledger.errors import SunbidError
from witness.log.merkle import Frontier, leaf_hash

PAGE = 1024
"""Slips a request."""


class LineSource(Protocol):
    """One city's lines; every answer is checked by whoever asked."""

    @property
    def name(self) -> str:
        """The city, for messages."""
        ...

    async def frontier(self, origin: bytes, size: int) -> tuple[bytes, ...]:
        """Return the heads of the complete subtrees of the first `size` slips, largest first."""
        ...

    async def slips(self, origin: bytes, start: int, end: int) -> Sequence[bytes]:
        """Return the slips start … end − 1, at most `PAGE` of them."""
        ...

    async def consistency(self, origin: bytes, old: int, new: int) -> tuple[bytes, ...]:
        """Return the RFC 6962 consistency proof between two sizes of its line."""
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
            self._verified[key] = await self._ask_all(origin, cut)
        return self._verified[key]

    async def _ask_all(self, origin: OriginView, cut: CutView) -> tuple[bytes, ...]:
        failures = {}
        for source in self.sources:
            try:
                return await _fetch(source, origin, cut)
            except SunbidError as error:
                failures[source.name] = error.message
        raise LineError(
            "No city has the slips of this cut. Ask again when the witness is back.",
            origin=origin.origin.hex(),
            witness=cut.city.hex(),
            size=cut.size,
            answers=failures,
        )


async def _fetch(source: LineSource, origin: OriginView, cut: CutView) -> tuple[bytes, ...]:
    heads = await source.frontier(origin.origin, origin.start_size)
    frontier = Frontier(origin.start_size, tuple(heads))
    if frontier.head() != origin.start_root:
        raise BoxError("These subtrees do not lead to the start of the tender's box.", code="box.frontier")
    slips: list[bytes] = []
    while frontier.size < cut.size:
        page = await source.slips(origin.origin, frontier.size, min(cut.size, frontier.size + PAGE))
        if not page or len(page) > cut.size - frontier.size or any(len(slip) != SLIP_SIZE for slip in page):
            raise BoxError("This is not a page of slips.", code="box.slips_page")
        frontier = frontier.extend(leaf_hash(slip) for slip in page)
        slips += page
    if frontier.head() != cut.root:
        raise BoxError("These slips do not lead to the cut's root.", code="box.slips_root")
    return tuple(slips)
