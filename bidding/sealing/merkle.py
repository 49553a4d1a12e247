"""RFC 6962 shaped Merkle heads, computed in one pass with memory logarithmic in the number of leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

Node = Callable[[bytes, bytes], bytes]
"""Hash of an inner node from the hashes left and right of it."""


class Frontier:
    """Take leaf hashes in order and give the head of the tree that splits at the largest power of two below the count.

    It keeps one hash for each bit that is set in the count: the perfect subtrees from the left.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._subtrees: list[bytes] = []
        self.count = 0

    def append(self, leaf_hash: bytes) -> None:
        """Add the next leaf hash, merging perfect subtrees of equal size."""
        merged, bits = leaf_hash, self.count
        while bits & 1:
            merged = self._node(self._subtrees.pop(), merged)
            bits >>= 1
        self._subtrees.append(merged)
        self.count += 1

    def head(self) -> bytes:
        """Return the head over all leaves so far; for one leaf its own hash. There must be one."""
        right = self._subtrees[-1]
        for left in reversed(self._subtrees[:-1]):
            right = self._node(left, right)
        return right


def _rfc6962_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def rfc6962_root(entries: Iterable[bytes]) -> bytes:
    """Return the RFC 6962 root (SHA-256) of `entries`; for none, SHA-256 of nothing."""
    frontier = Frontier(_rfc6962_node)
    for entry in entries:
        frontier.append(hashlib.sha256(b"\x00" + entry).digest())
    return frontier.head() if frontier.count else hashlib.sha256().digest()
