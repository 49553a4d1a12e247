"""Merkle heads have the shape of RFC 6962, whatever their size."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidding.sealing.merkle import Frontier, rfc6962_root

# Leaves and roots that the Certificate Transparency implementations test with.
LEAVES = [bytes.fromhex(leaf) for leaf in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def recursive(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + recursive(leaves[:split]) + recursive(leaves[split:])).digest()


@pytest.mark.parametrize(("size", "root"), ROOTS.items())
def test_known_roots(size: int, root: str) -> None:
    assert rfc6962_root(LEAVES[:size]).hex() == root


@given(st.lists(st.binary(max_size=4), max_size=40))
def test_equals_the_definition(leaves: list[bytes]) -> None:
    assert rfc6962_root(leaves) == recursive(leaves)


def test_head_can_be_asked_for_after_every_leaf() -> None:
    frontier = Frontier(lambda left, right: b"(" + left + right + b")")
    heads = []
    for leaf in (b"a", b"b", b"c", b"d", b"e"):
        frontier.append(leaf)
        heads.append(frontier.head())
    assert heads == [b"a", b"(ab)", b"((ab)c)", b"((ab)(cd))", b"(((ab)(cd))e)"]
    assert frontier.count == 5
