"""A log's tree from a frontier and the leaves behind it proves what the whole tree proves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from witness.log.grown import nodes_behind
from witness.log.merkle import (
    Frontier,
    ProofError,
    inclusion_proof,
    inclusion_proof_from,
    leaf_hash,
    tree_head,
    tree_head_from,
)

LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(600)]


@given(before=st.integers(0, 300), more=st.integers(1, 300), data=st.data())
def test_every_leaf_behind_the_start_is_proven(before: int, more: int, data: st.DataObject) -> None:
    size = before + more
    nodes = nodes_behind(Frontier().extend(LEAVES[:before]), LEAVES[before:size])
    index = data.draw(st.integers(before, size - 1))
    assert inclusion_proof_from(nodes, index, size) == inclusion_proof(LEAVES, index, size)
    assert tree_head_from(nodes, size) == tree_head(LEAVES[:size])


def test_what_lies_before_the_start_or_past_the_end_is_not_known() -> None:
    nodes = nodes_behind(Frontier().extend(LEAVES[:6]), LEAVES[6:11])
    assert nodes(2, 0) == tree_head(LEAVES[:4])
    for level, index in ((0, 1), (1, 0), (0, 11), (1, 5), (4, 0)):
        with pytest.raises(ProofError):
            nodes(level, index)
