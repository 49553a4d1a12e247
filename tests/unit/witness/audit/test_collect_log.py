"""Which anchor holds an entry is found with few looks, however many anchors a log has."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.client import Call, ChainClient
from witness.audit.collect_log import LOOKS, Anchor, anchors_holding

ORIGIN = b"\x01" * 32
BLOCK = 7


class Chain:
    """A chain whose AnchorRegistry holds checkpoints of these sizes; `asked` are the numbers of each request."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = sizes
        self.asked: list[list[int]] = []

    async def call(self, contract: str, function: str, origin: bytes, *, block: int) -> int:
        assert (contract, function, origin, block) == ("AnchorRegistry", "count", ORIGIN, BLOCK)
        return len(self.sizes)

    async def call_many(self, calls: Sequence[Call], *, block: int) -> list[Any]:
        assert {(c.contract, c.function, c.args[0]) for c in calls} == {("AnchorRegistry", "checkpoint", ORIGIN)}
        assert block == BLOCK
        self.asked.append([call.args[1] for call in calls])
        return [SimpleNamespace(size=self.sizes[call.args[1]]) for call in calls]


def expected(sizes: Sequence[int], indices: Sequence[int]) -> dict[int, Anchor]:
    places = {index: bisect_right(sizes, index) for index in indices}
    return {index: Anchor(place, sizes[place]) for index, place in places.items() if place < len(sizes)}


async def find(sizes: Sequence[int], indices: Sequence[int]) -> list[list[int]]:
    """Check what is found, and return what was asked."""
    chain = Chain(sizes)
    assert await anchors_holding(cast("ChainClient", chain), ORIGIN, indices, BLOCK) == expected(sizes, indices)
    return chain.asked


@given(
    sizes=st.lists(st.integers(1, 5000), unique=True, max_size=900).map(sorted),
    indices=st.lists(st.integers(0, 5000), min_size=1, max_size=20, unique=True),
)
async def test_every_entry_has_the_first_anchor_that_holds_it(sizes: list[int], indices: list[int]) -> None:
    for numbers in await find(sizes, indices):
        assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(("count", "rounds"), [(0, 0), (1, 1), (LOOKS, 1), (40_000, 6), (1_000_000, 8)])
async def test_looks_grow_with_the_logarithm_of_the_anchors(count: int, rounds: int) -> None:
    indices = [count * 3 * part // 40 + part for part in range(40)]
    asked = await find(range(3, 3 * count + 3, 3), indices)
    assert len(asked) <= rounds
    assert all(len(numbers) <= LOOKS for numbers in asked)
