"""A genesis says who seals; finality follows from how many they are."""

from __future__ import annotations

import pytest

from scripts.network.genesis import clique_genesis, depth_of_finality

SIGNERS = [bytes([number]) * 20 for number in (3, 1, 2)]


def test_signers_stand_sorted_between_vanity_and_a_signatures_place() -> None:
    extra = bytes.fromhex(clique_genesis(5, SIGNERS, 1000)["extraData"][2:])
    assert extra == bytes(32) + b"".join(sorted(SIGNERS)) + bytes(65)


def test_no_fork_brings_a_base_fee() -> None:
    genesis = clique_genesis(5, SIGNERS, 1000)
    assert genesis["config"]["chainId"] == 5
    assert genesis["config"]["berlinBlock"] == 0
    assert "londonBlock" not in genesis["config"]
    assert "baseFeePerGas" not in genesis


@pytest.mark.parametrize(("validators", "depth"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (7, 4)])
def test_more_than_half_have_built_on_a_block_of_that_depth(validators: int, depth: int) -> None:
    assert depth_of_finality(validators) == depth
    assert 2 * depth > validators
