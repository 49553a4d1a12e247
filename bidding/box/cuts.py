"""Slips proven to lie under the cuts on chain: some of them by inclusion proofs, or all of them by the roots. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bidding.box.book import CutView, OriginView
from bidding.box.errors import BoxError
from witness.log.merkle import Frontier, leaf_hash, verify_inclusion

_BLANK = b""
"""Stands in the place of a slip that is not shown, so that the others keep their places."""


@dataclass(frozen=True)
class PlacedSlip:
    """A slip at an index of an origin's log, with the path to the root of a cut."""

    slip: bytes
    index: int
    path: Sequence[bytes]


def slips_under_cut(origin: OriginView, cut: CutView, shown: Iterable[PlacedSlip]) -> tuple[bytes, ...]:
    """Return the line of a cut with the shown slips in their proven places, blanks elsewhere."""
    line = [_BLANK] * (cut.size - origin.start_size)
    for placed in shown:
        if not origin.start_size <= placed.index < cut.size or line[placed.index - origin.start_size]:
            raise BoxError("A slip is shown outside of the box, or two at one place.", code="box.place")
        verify_inclusion(leaf_hash(placed.slip), placed.index, cut.size, placed.path, cut.root)
        line[placed.index - origin.start_size] = placed.slip
    return tuple(line)


def slips_of_lines(
    origin: OriginView, frontier: Sequence[bytes], lines: Sequence[Sequence[bytes]]
) -> Mapping[bytes, tuple[bytes, ...]]:
    """Return, for each witness city, all slips up to its cut; refuse lines that do not lead to every cut's root.

    `frontier` are the complete subtrees of the log when the tender started. Each line must serve some cut, to its end.
    """
    start = Frontier(origin.start_size, tuple(frontier))
    if origin.start_size and start.head() != origin.start_root:
        raise BoxError("The box does not start where the tender started.", code="box.frontier")
    ends = {(cut.size, cut.root) for cut in origin.cuts}
    found: dict[tuple[int, bytes], tuple[bytes, ...]] = {}
    for line in lines:
        tree, used = start, 0
        for size in sorted({size for size, _ in ends}):
            length = size - origin.start_size
            tree = tree.extend(leaf_hash(slip) for slip in line[used:length])
            used = max(used, min(length, len(line)))
            if length <= len(line) and (size, tree.head()) in ends:
                found[size, tree.head()] = tuple(line[:length])
    if len(found) != len(ends) or not all(any(tuple(line) == f for f in found.values()) for line in lines):
        raise BoxError("The slips do not lead to the cuts on chain.", code="box.slips_root")
    return {cut.city: found[cut.size, cut.root] for cut in origin.cuts}
