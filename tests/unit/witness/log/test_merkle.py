from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from witness.log.merkle import (
    EMPTY_HEAD,
    MAX_TREE_SIZE,
    Frontier,
    NodeSource,
    ProofError,
    consistency_proof,
    consistency_proof_from,
    inclusion_proof,
    inclusion_proof_from,
    leaf_hash,
    node_hash,
    tree_head,
    tree_head_from,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [leaf_hash(i.to_bytes(2, "big")) for i in range(130)]
sizes = st.integers(0, len(LEAVES))


def split(count: int) -> int:
    k = 1
    while 2 * k < count:
        k *= 2
    return k


def naive_head(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + naive_head(leaves[:k]) + naive_head(leaves[k:])).digest()


def naive_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 §2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_head(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_head(leaves[:k])]


def naive_subproof(m: int, leaves: Sequence[bytes], complete: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 §2.1.2."""
    if m == len(leaves):
        return [] if complete else [naive_head(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*naive_subproof(m, leaves[:k], complete), naive_head(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], False), naive_head(leaves[:k])]


def source_of(leaves: Sequence[bytes]) -> NodeSource:
    def node(level: int, index: int) -> bytes:
        part = leaves[index << level : (index + 1) << level]
        assert len(part) == 1 << level, "asked for an incomplete subtree"
        return naive_head(part)

    return node


class TestHashes:
    def test_leaf_and_node_are_told_apart_by_their_prefix(self) -> None:
        assert leaf_hash(b"entry") == hashlib.sha256(b"\x00entry").digest()
        assert node_hash(LEAVES[0], LEAVES[1]) == hashlib.sha256(b"\x01" + LEAVES[0] + LEAVES[1]).digest()

    def test_known_heads_of_rfc_6962_test_trees(self) -> None:
        entries = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43"]
        heads = {
            0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        }
        for size, head in heads.items():
            assert tree_head([leaf_hash(e) for e in entries[:size]]).hex() == head


class TestAgainstTheDefinition:
    @given(sizes)
    def test_tree_head(self, size: int) -> None:
        head = naive_head(LEAVES[:size])
        assert tree_head(LEAVES[:size]) == head
        assert tree_head_from(source_of(LEAVES), size) == head
        assert Frontier().extend(LEAVES[:size]).head() == head

    @given(st.integers(1, len(LEAVES)), st.data())
    def test_inclusion_proof(self, size: int, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, size - 1))
        proof = inclusion_proof(LEAVES, index, size)
        assert proof == naive_path(index, LEAVES[:size])
        assert proof == inclusion_proof_from(source_of(LEAVES), index, size)
        verify_inclusion(LEAVES[index], index, size, proof, naive_head(LEAVES[:size]))

    @given(sizes, sizes)
    def test_consistency_proof(self, one: int, other: int) -> None:
        size1, size2 = sorted((one, other))
        proof = consistency_proof(LEAVES, size1, size2)
        assert proof == (naive_subproof(size1, LEAVES[:size2], True) if size1 else [])
        assert proof == consistency_proof_from(source_of(LEAVES), size1, size2)
        verify_consistency(size1, size2, naive_head(LEAVES[:size1]), naive_head(LEAVES[:size2]), proof)

    def test_every_small_tree(self) -> None:
        for size in range(1, 20):
            root = naive_head(LEAVES[:size])
            for index in range(size):
                verify_inclusion(LEAVES[index], index, size, inclusion_proof(LEAVES, index, size), root)
            for old in range(size + 1):
                proof = consistency_proof(LEAVES, old, size)
                verify_consistency(old, size, naive_head(LEAVES[:old]), root, proof)


class TestProversRefuse:
    @pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3), (0, len(LEAVES) + 1)])
    def test_leaves_outside_the_tree(self, index: int, size: int) -> None:
        with pytest.raises(ProofError) as caught:
            inclusion_proof(LEAVES, index, size)
        assert caught.value.code == "log.out_of_range"

    @pytest.mark.parametrize(("size1", "size2"), [(3, 2), (-1, 2), (1, len(LEAVES) + 1)])
    def test_sizes_outside_the_log(self, size1: int, size2: int) -> None:
        with pytest.raises(ProofError) as caught:
            consistency_proof(LEAVES, size1, size2)
        assert caught.value.code == "log.out_of_range"

    def test_a_negative_size(self) -> None:
        with pytest.raises(ProofError):
            tree_head_from(source_of(LEAVES), -1)


class TestVerifyInclusion:
    @settings(max_examples=200)
    @given(st.integers(1, len(LEAVES)), st.data())
    def test_any_flipped_bit_is_refused(self, size: int, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, size - 1))
        parts = [LEAVES[index], naive_head(LEAVES[:size]), *inclusion_proof(LEAVES, index, size)]
        damaged = data.draw(st.integers(0, len(parts) - 1))
        bit = data.draw(st.integers(0, 255))
        parts[damaged] = (int.from_bytes(parts[damaged], "big") ^ 1 << bit).to_bytes(32, "big")
        with pytest.raises(ProofError):
            verify_inclusion(parts[0], index, size, parts[2:], parts[1])

    @given(st.integers(2, len(LEAVES)), st.data())
    def test_another_index_is_refused(self, size: int, data: st.DataObject) -> None:
        index, other = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
        with pytest.raises(ProofError):
            verify_inclusion(
                LEAVES[index], other, size, inclusion_proof(LEAVES, index, size), naive_head(LEAVES[:size])
            )

    @pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0), (0, MAX_TREE_SIZE + 1)])
    def test_places_outside_the_tree_are_refused(self, index: int, size: int) -> None:
        with pytest.raises(ProofError):
            verify_inclusion(LEAVES[0], index, size, [], LEAVES[0])

    def test_missing_extra_and_reordered_hashes_are_refused(self) -> None:
        proof, root = inclusion_proof(LEAVES, 5, 11), naive_head(LEAVES[:11])
        for wrong in (proof[:-1], proof[1:], [*proof, root], [], proof[::-1], [proof[1], proof[0], *proof[2:]]):
            with pytest.raises(ProofError):
                verify_inclusion(LEAVES[5], 5, 11, wrong, root)

    def test_hashes_of_another_length_are_refused(self) -> None:
        proof, root = inclusion_proof(LEAVES, 1, 2), naive_head(LEAVES[:2])
        for leaf, path, head in (
            (LEAVES[1][:31], proof, root),
            (LEAVES[1], [proof[0] + b"\x00"], root),
            (LEAVES[1], proof, b""),
        ):
            with pytest.raises(ProofError, match="32 bytes"):
                verify_inclusion(leaf, 1, 2, path, head)

    def test_a_node_does_not_pass_for_a_leaf(self) -> None:
        inner = node_hash(LEAVES[0], LEAVES[1])
        with pytest.raises(ProofError):
            verify_inclusion(inner, 0, 4, [node_hash(LEAVES[2], LEAVES[3])], naive_head(LEAVES[:4]))

    def test_the_only_leaf_is_the_root(self) -> None:
        verify_inclusion(LEAVES[0], 0, 1, [], LEAVES[0])
        with pytest.raises(ProofError):
            verify_inclusion(LEAVES[0], 0, 1, [], LEAVES[1])


class TestVerifyConsistency:
    @settings(max_examples=200)
    @given(st.integers(1, len(LEAVES) - 1), st.data())
    def test_any_flipped_bit_is_refused(self, size1: int, data: st.DataObject) -> None:
        size2 = data.draw(st.integers(size1 + 1, len(LEAVES)))
        parts = [naive_head(LEAVES[:size1]), naive_head(LEAVES[:size2]), *consistency_proof(LEAVES, size1, size2)]
        damaged = data.draw(st.integers(0, len(parts) - 1))
        bit = data.draw(st.integers(0, 255))
        parts[damaged] = (int.from_bytes(parts[damaged], "big") ^ 1 << bit).to_bytes(32, "big")
        with pytest.raises(ProofError):
            verify_consistency(size1, size2, parts[0], parts[1], parts[2:])

    @given(st.integers(1, 40), st.data())
    def test_a_rewritten_history_has_no_proof(self, size1: int, data: st.DataObject) -> None:
        size2 = data.draw(st.integers(size1, 60))
        changed = data.draw(st.integers(0, size1 - 1))
        forged = [*LEAVES[:changed], leaf_hash(b"forged"), *LEAVES[changed + 1 : size2]]
        for leaves in (LEAVES, forged):
            with pytest.raises(ProofError):
                verify_consistency(
                    size1,
                    size2,
                    naive_head(LEAVES[:size1]),
                    naive_head(forged),
                    consistency_proof(leaves, size1, size2),
                )

    def test_the_empty_tree_is_extended_by_every_tree(self) -> None:
        verify_consistency(0, 0, EMPTY_HEAD, EMPTY_HEAD, [])
        verify_consistency(0, 5, EMPTY_HEAD, naive_head(LEAVES[:5]), [])

    def test_one_size_needs_one_root(self) -> None:
        verify_consistency(3, 3, LEAVES[0], LEAVES[0], [])

    @pytest.mark.parametrize(
        ("size1", "size2", "root1", "root2", "proof"),
        [
            (0, 0, EMPTY_HEAD, EMPTY_HEAD, [LEAVES[0]]),
            (0, 5, LEAVES[0], LEAVES[1], []),
            (0, 0, LEAVES[0], LEAVES[0], []),
            (0, 0, EMPTY_HEAD, LEAVES[0], []),
            (0, 5, EMPTY_HEAD, LEAVES[1], [LEAVES[2]]),
            (3, 3, LEAVES[0], LEAVES[1], []),
            (3, 3, LEAVES[0], LEAVES[0], [LEAVES[0]]),
            (3, 2, LEAVES[0], LEAVES[0], []),
            (-1, 2, LEAVES[0], LEAVES[0], []),
            (1, MAX_TREE_SIZE + 1, LEAVES[0], LEAVES[0], []),
            (1, 2, LEAVES[0], LEAVES[0], []),
            (1, 2, LEAVES[0][:31], LEAVES[0], [LEAVES[1]]),
        ],
    )
    def test_edge_cases_are_strict(
        self, size1: int, size2: int, root1: bytes, root2: bytes, proof: list[bytes]
    ) -> None:
        with pytest.raises(ProofError):
            verify_consistency(size1, size2, root1, root2, proof)

    @pytest.mark.parametrize(("size1", "size2"), [(4, 7), (6, 8), (7, 11), (1, 9)])
    def test_missing_extra_and_reordered_hashes_are_refused(self, size1: int, size2: int) -> None:
        proof = consistency_proof(LEAVES, size1, size2)
        old, new = naive_head(LEAVES[:size1]), naive_head(LEAVES[:size2])
        for wrong in (proof[:-1], proof[1:], [*proof, new], [old, *proof], [], [proof[-1], *proof[:-1]]):
            if wrong != proof:
                with pytest.raises(ProofError):
                    verify_consistency(size1, size2, old, new, wrong)


class TestFrontier:
    @given(sizes, sizes)
    def test_grows_in_any_steps(self, one: int, other: int) -> None:
        first, second = sorted((one, other))
        stepwise = Frontier().extend(LEAVES[:first]).extend(LEAVES[first:second])
        assert stepwise == Frontier().extend(LEAVES[:second])
        assert stepwise == Frontier.from_nodes(source_of(LEAVES), second)

    @pytest.mark.parametrize(("size", "heads"), [(1, 0), (3, 1), (4, 3), (-1, 0)])
    def test_needs_one_head_a_bit(self, size: int, heads: int) -> None:
        with pytest.raises(ProofError) as caught:
            Frontier(size, tuple(LEAVES[:heads]))
        assert caught.value.code == "log.frontier_malformed"

    def test_needs_heads_of_32_bytes(self) -> None:
        with pytest.raises(ProofError):
            Frontier(1, (b"short",))
