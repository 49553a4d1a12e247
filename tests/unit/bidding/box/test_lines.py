from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import pytest

from bidding.box.book import CutView, OriginView
from bidding.box.lines import LineError, LineReader, consistency, frontier, inclusion, slips
from ledger.errors import SunbidError
from tests.fixtures.box import b32, tender_at
from witness.log.merkle import leaf_hash, tree_head, verify_consistency, verify_inclusion
from witness.log.tiles import Tile, build_tiles, encode_bundle

ORIGIN = b32("origin")


def slip(number: int, fork: str = "") -> bytes:
    return (hashlib.sha256(f"{number}/{fork}".encode()).digest() * 28)[:896]


def root(line: list[bytes], size: int) -> bytes:
    return tree_head([leaf_hash(one) for one in line[:size]])


@dataclass
class Shelf:
    """A city's line in memory, as tiles."""

    line: list[bytes]
    name: str = "luan"
    asked: list[Tile] = field(default_factory=list)

    async def tile(self, origin: bytes, tile: Tile) -> bytes:
        self.asked.append(tile)
        if origin != ORIGIN:
            raise SunbidError("no such log", code="log.unknown")
        if tile.level is None:
            return encode_bundle(self.line[tile.index * 256 : tile.index * 256 + tile.width])
        return build_tiles(0, [leaf_hash(one) for one in self.line], lambda _: b"")[self._own(tile)][: tile.width * 32]

    def _own(self, tile: Tile) -> Tile:
        """The tile at this place as wide as this line has it."""
        return Tile(tile.level, tile.index, min(256, (len(self.line) >> 8 * (tile.level or 0)) - tile.index * 256))


LINE = [slip(number) for number in range(700)]


def origin_view(start: int, *cuts: CutView) -> OriginView:
    return OriginView(ORIGIN, b32("luan"), start, root(LINE, start) if start else bytes(32), cuts)


@pytest.mark.parametrize(("start", "end"), [(0, 700), (3, 5), (255, 257), (256, 512), (300, 699)])
async def test_a_line_is_read_from_start_to_cut(start: int, end: int) -> None:
    shelf = Shelf(LINE)
    assert [one async for one in slips(shelf, ORIGIN, start, end)] == LINE[start:end]
    reader, cut = LineReader([shelf]), CutView(b32("hefei"), end, root(LINE, end))
    assert await reader.line(origin_view(start, cut), cut) == tuple(LINE[start:end])


async def test_boxes_hold_the_line_of_every_cut_and_read_equal_ones_once() -> None:
    shelf = Shelf(LINE)
    cuts = [CutView(b32(city), 300, root(LINE, 300)) for city in ("hefei", "nanjing")]
    [box] = await LineReader([shelf]).boxes(tender_at(origins=(origin_view(10, *cuts),)))
    assert (box.start, [cut.witness for cut in box.cuts]) == (10, [b32("hefei"), b32("nanjing")])
    assert [cut.slips for cut in box.cuts] == [tuple(LINE[10:300])] * 2
    assert len([tile for tile in shelf.asked if tile.level is None]) == 2


@pytest.mark.parametrize(
    "lie",
    [
        [*LINE[:-1], slip(699, "changed")],
        [slip(0, "changed"), *LINE[1:]],
        [*LINE[:300], *LINE[301:], slip(9, "more")],
        LINE[:100],
    ],
)
async def test_slips_that_do_not_lead_to_the_root_are_not_believed(lie: list[bytes]) -> None:
    cut = CutView(b32("hefei"), 700, root(LINE, 700))
    liar, honest = Shelf(lie, "liar"), Shelf(LINE, "honest")
    assert await LineReader([liar, honest]).line(origin_view(2, cut), cut) == tuple(LINE[2:])
    with pytest.raises(Exception) as refused:  # noqa: PT011 - a short line may fail in the tiles already
        await LineReader([liar]).line(origin_view(2, cut), cut)
    assert isinstance(refused.value, LineError | KeyError | SunbidError)


async def test_who_failed_is_named() -> None:
    cut = CutView(b32("hefei"), 700, b32("a root of nothing"))
    with pytest.raises(LineError) as refused:
        await LineReader([Shelf(LINE, "luan"), Shelf(LINE, "hefei")]).line(origin_view(0, cut), cut)
    assert refused.value.facts["answers"].keys() == {"luan", "hefei"}


async def test_another_witness_line_is_read_by_its_own_root() -> None:
    other = LINE[:500] + [slip(number, "fork") for number in range(500, 700)]
    reader = LineReader([Shelf(LINE, "one"), Shelf(other, "two")])
    for line in (LINE, other):
        cut = CutView(b32("hefei"), 700, root(line, 700))
        assert await reader.line(origin_view(400, cut), cut) == tuple(line[400:])


async def test_proofs_from_tiles_are_the_logs_own() -> None:
    shelf = Shelf(LINE)
    assert (await frontier(shelf, ORIGIN, 600)).head() == root(LINE, 600)
    assert (await frontier(shelf, ORIGIN, 0)).size == 0
    verify_consistency(300, 600, root(LINE, 300), root(LINE, 600), await consistency(shelf, ORIGIN, 300, 600))
    verify_inclusion(leaf_hash(LINE[7]), 7, 600, await inclusion(shelf, ORIGIN, 7, 600), root(LINE, 600))
