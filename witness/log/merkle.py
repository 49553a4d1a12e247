"""The append-only tree of a log: RFC 6962 hashing, and proofs that anyone checks with 30 lines of SHA-256.

Entries and hashes are bytes, hashes 32 of them. The tree over n leaves splits at the largest power of two below n
(RFC 6962 §2.1, RFC 9162 §2.1); a leaf is hashed after 0x00, a node after 0x01. Functions on a list of leaf hashes
serve small trees and tests; the `_from` functions take the same proofs from complete subtrees that a node source
supplies (tiles.py), and `Frontier` grows a tree without keeping its leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ledger.errors import SunbidError

HASH_SIZE = 32
EMPTY_HEAD = hashlib.sha256(b"").digest()
MAX_TREE_SIZE = 2**63 - 1

NodeSource: TypeAlias = Callable[[int, int], bytes]
"""`nodes(level, index)`: the head of the complete subtree over leaves index·2^level … (index+1)·2^level − 1."""


class ProofError(SunbidError):
    """A Merkle proof that does not prove what it should, or a proof asked for outside the tree."""

    code = "log.proof_invalid"


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry: SHA-256(0x00 ‖ entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_head(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the root over the leaf hashes, for no leaves SHA-256 of nothing."""
    level = list(leaf_hashes)
    if not level:
        return EMPTY_HEAD
    while len(level) > 1:
        paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]  # the odd one out stands one level higher, unhashed
    return level[0]


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int, size: int) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of the first `size` leaves, leaf's sibling first."""
    _need_leaves(leaf_hashes, size)
    return inclusion_proof_from(_complete_subtrees(leaf_hashes), index, size)


def consistency_proof(leaf_hashes: Sequence[bytes], size1: int, size2: int) -> list[bytes]:
    """Return the proof that the tree of the first `size1` leaves is a prefix of that of the first `size2`.

    It is empty for size1 = 0 and for size1 = size2.
    """
    _need_leaves(leaf_hashes, size2)
    return consistency_proof_from(_complete_subtrees(leaf_hashes), size1, size2)


def inclusion_proof_from(nodes: NodeSource, index: int, size: int) -> list[bytes]:
    """Return what `inclusion_proof` returns, from the complete subtrees that `nodes` supplies."""
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size}", code="log.out_of_range", index=index, size=size)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_head(nodes, middle, end))
            end = middle
        else:
            path.append(range_head(nodes, start, middle))
            start = middle
    return path[::-1]


def consistency_proof_from(nodes: NodeSource, size1: int, size2: int) -> list[bytes]:
    """Return what `consistency_proof` returns, from the complete subtrees that `nodes` supplies."""
    if not 0 <= size1 <= size2:
        raise ProofError(f"no tree of {size2} extends one of {size1}", code="log.out_of_range", sizes=[size1, size2])
    if size1 == 0:
        return []
    path: list[bytes] = []
    start, end = 0, size2
    while size1 != end:
        middle = start + _split(end - start)
        if size1 <= middle:
            path.append(range_head(nodes, middle, end))
            end = middle
        else:
            path.append(range_head(nodes, start, middle))
            start = middle
    if start:  # the old tree's head is not itself a node of the new tree: the proof starts from its last subtree
        path.append(range_head(nodes, start, end))
    return path[::-1]


def tree_head_from(nodes: NodeSource, size: int) -> bytes:
    """Return the root of the tree of `size` leaves, from the complete subtrees that `nodes` supplies."""
    if size < 0:
        raise ProofError("a tree has no negative size", code="log.out_of_range", size=size)
    return range_head(nodes, 0, size) if size else EMPTY_HEAD


def range_head(nodes: NodeSource, start: int, end: int) -> bytes:
    """Return the head over leaves start … end − 1, where a subtree of the whole tree starts at `start`; not empty."""
    parts: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(nodes(level, start >> level))
        start += 1 << level
    return _fold(parts)


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise `ProofError` unless the leaf is at `index` of the tree with this `size` and `root` (RFC 9162 §2.1.3.2)."""
    _need_hashes(leaf_hash, root, *proof)
    if not 0 <= index < size <= MAX_TREE_SIZE:
        raise ProofError(f"leaf {index} is not in a tree of {size}", index=index, size=size)
    inner = (index ^ (size - 1)).bit_length()  # below this level the path has siblings on either side
    border = (index >> inner).bit_count()  # above it only complete subtrees on the left
    if len(proof) != inner + border:
        raise ProofError(f"inclusion proof has {len(proof)} hashes, {inner + border} are needed")
    head = leaf_hash
    for level, sibling in enumerate(proof):
        right = level < inner and not index >> level & 1
        head = node_hash(head, sibling) if right else node_hash(sibling, head)
    if head != root:
        raise ProofError("inclusion proof does not lead to the root", index=index, size=size)


def verify_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    """Raise `ProofError` unless the tree (size2, root2) extends (size1, root1) by appending only (RFC 9162 §2.1.4.2).

    The empty tree is extended by every tree, by an empty proof; its root must be SHA-256 of nothing all the same.
    """
    _need_hashes(root1, root2, *proof)
    if not 0 <= size1 <= size2 <= MAX_TREE_SIZE:
        raise ProofError(f"no tree of {size2} extends one of {size1}", sizes=[size1, size2])
    if (size1 == 0 and root1 != EMPTY_HEAD) or (size2 == 0 and root2 != EMPTY_HEAD):
        raise ProofError("the root of an empty tree is SHA-256 of nothing")
    if size1 in (0, size2):
        if proof or (size1 == size2 and root1 != root2):
            raise ProofError("trees of one size need one root and an empty proof", sizes=[size1, size2])
        return
    _verify_growth(size1, size2, root1, root2, proof)


def _verify_growth(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    """Walk up from the old tree's last complete subtree, rebuilding both heads from the same hashes."""
    last = size1 - 1
    lowest = (size1 & -size1).bit_length() - 1
    inner = (last ^ (size2 - 1)).bit_length() - lowest
    border = (last >> lowest >> inner).bit_count()
    seeded = size1 == 1 << lowest  # the old tree is one complete subtree, so its head needs no hash of its own
    if len(proof) != inner + border + (not seeded):
        raise ProofError(f"consistency proof has {len(proof)} hashes, {inner + border + (not seeded)} are needed")
    old = new = root1 if seeded else proof[0]
    for level, sibling in enumerate(proof if seeded else proof[1:]):
        if level < inner and not last >> lowest >> level & 1:
            new = node_hash(new, sibling)
        else:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
    if old != root1 or new != root2:
        raise ProofError("consistency proof does not lead to both roots", sizes=[size1, size2])


@dataclass(frozen=True)
class Frontier:
    """All that appending needs: the heads of the complete subtrees of a tree of `size` leaves, largest first."""

    size: int = 0
    heads: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or self.size.bit_count() != len(self.heads):
            raise ProofError("a frontier holds one head for each bit of its size", code="log.frontier_malformed")
        _need_hashes(*self.heads)

    def extend(self, leaf_hashes: Iterable[bytes]) -> Frontier:
        """Return the frontier after these leaves."""
        size, heads = self.size, list(self.heads)
        for leaf in leaf_hashes:
            head, carry = leaf, size
            while carry & 1:
                head = node_hash(heads.pop(), head)
                carry >>= 1
            heads.append(head)
            size += 1
        return Frontier(size, tuple(heads))

    def head(self) -> bytes:
        """Return the root of the tree."""
        return _fold(self.heads) if self.heads else EMPTY_HEAD

    @classmethod
    def from_nodes(cls, nodes: NodeSource, size: int) -> Frontier:
        """Return the frontier of a stored tree."""
        heads: list[bytes] = []
        start = 0
        for level in range(size.bit_length() - 1, -1, -1):
            if size >> level & 1:
                heads.append(nodes(level, start >> level))
                start += 1 << level
        return cls(size, tuple(heads))


def _fold(heads: Sequence[bytes]) -> bytes:
    head = heads[-1]
    for left in reversed(heads[:-1]):
        head = node_hash(left, head)
    return head


def _split(size: int) -> int:
    """Return the largest power of two below `size`, for a size of two or more."""
    return 1 << ((size - 1).bit_length() - 1)


def _complete_subtrees(leaf_hashes: Sequence[bytes]) -> NodeSource:
    return lambda level, index: tree_head(leaf_hashes[index << level : (index + 1) << level])


def _need_leaves(leaf_hashes: Sequence[bytes], size: int) -> None:
    if size > len(leaf_hashes):
        raise ProofError(f"{size} leaves are needed, {len(leaf_hashes)} are here", code="log.out_of_range", size=size)


def _need_hashes(*hashes: bytes) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise ProofError("every hash of a proof has 32 bytes")
