"""Slips are taken for what lies under a cut only by proof: singly, or as the whole line that leads to the root."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidding.box.book import CutView, OriginView
from bidding.box.cuts import PlacedSlip, slips_of_lines, slips_under_cut
from ledger.errors import SunbidError
from tests.fixtures.box import b32
from witness.log.merkle import Frontier, inclusion_proof, leaf_hash, tree_head

SLIPS = [b32(f"slip {i}") for i in range(20)]
LEAVES = [leaf_hash(slip) for slip in SLIPS]
HEFEI, NANJING = b32("hefei"), b32("nanjing")


def origin(start: int, *cuts: tuple[bytes, Sequence[bytes]]) -> OriginView:
    """Return an origin that a tender starts at `start`, with cuts at the ends of these lines."""
    views = tuple(CutView(city, len(line), tree_head([leaf_hash(s) for s in line])) for city, line in cuts)
    root = tree_head(LEAVES[:start]) if start else bytes(32)
    return OriginView(b32("origin"), b32("luan"), start, root, views)


def placed(index: int, size: int) -> PlacedSlip:
    return PlacedSlip(SLIPS[index], index, inclusion_proof(LEAVES, index, size))


def test_shown_slips_stand_in_their_places_and_nothing_else_does() -> None:
    view = origin(3, (HEFEI, SLIPS[:9]))
    line = slips_under_cut(view, view.cuts[0], [placed(4, 9), placed(8, 9)])
    assert line == (b"", SLIPS[4], b"", b"", b"", SLIPS[8])


@pytest.mark.parametrize(
    "shown",
    [
        [placed(2, 9)],
        [PlacedSlip(SLIPS[9], 9, inclusion_proof(LEAVES, 9, 10))],
        [placed(4, 9), placed(4, 9)],
        [PlacedSlip(SLIPS[5], 4, inclusion_proof(LEAVES, 4, 9))],
        [PlacedSlip(SLIPS[4], 5, inclusion_proof(LEAVES, 4, 9))],
        [placed(4, 8)],
    ],
    ids=["before the start", "behind the cut", "twice", "another slip", "another place", "under another root"],
)
def test_a_slip_without_its_proof_is_refused(shown: list[PlacedSlip]) -> None:
    view = origin(3, (HEFEI, SLIPS[:9]))
    with pytest.raises(SunbidError):
        slips_under_cut(view, view.cuts[0], shown)


@given(st.integers(0, 10), st.integers(0, 9), st.integers(0, 9))
def test_one_line_serves_all_cuts_on_it(start: int, one: int, two: int) -> None:
    sizes = {HEFEI: start + one, NANJING: start + two}
    view = origin(start, *((city, SLIPS[:size]) for city, size in sizes.items()))
    heads = Frontier().extend(LEAVES[:start]).heads
    found = slips_of_lines(view, heads, [SLIPS[start : max(sizes.values())]])
    assert found == {city: tuple(SLIPS[start:size]) for city, size in sizes.items()}


def test_an_origin_that_forked_has_a_line_for_each() -> None:
    other = [*SLIPS[:5], b32("forked"), *SLIPS[6:8]]
    view = origin(3, (HEFEI, SLIPS[:9]), (NANJING, other))
    heads = Frontier().extend(LEAVES[:3]).heads
    found = slips_of_lines(view, heads, [other[3:], SLIPS[3:9]])
    assert found == {HEFEI: tuple(SLIPS[3:9]), NANJING: tuple(other[3:])}


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [SLIPS[3:8]],
        [SLIPS[3:10]],
        [[b32("x"), *SLIPS[4:9]]],
        [SLIPS[3:9], SLIPS[3:9][:-1]],
        [SLIPS[3:9], [b32("x")] * 6],
    ],
    ids=["none", "one slip short", "one slip long", "another slip", "a line of no cut", "a false line beside the true"],
)
def test_lines_that_do_not_lead_to_every_cut_are_refused(lines: list[list[bytes]]) -> None:
    view = origin(3, (HEFEI, SLIPS[:9]))
    with pytest.raises(SunbidError, match="do not lead to the cuts"):
        slips_of_lines(view, Frontier().extend(LEAVES[:3]).heads, lines)


def test_the_box_starts_where_the_tender_did() -> None:
    view = origin(3, (HEFEI, SLIPS[:9]))
    with pytest.raises(SunbidError, match="does not start"):
        slips_of_lines(view, Frontier().extend([LEAVES[1], *LEAVES[1:3]]).heads, [SLIPS[3:9]])
    with pytest.raises(SunbidError, match="one head for each bit"):
        slips_of_lines(view, (), [SLIPS[3:9]])
