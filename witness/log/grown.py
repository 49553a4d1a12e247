"""The tree of a log from where it stood at some size and the leaves behind it: proofs without any tile.

Whoever holds a stretch of a log up to its end, and the frontier before it, can prove every entry of the stretch.
"""

from __future__ import annotations

from collections.abc import Sequence

from witness.log.merkle import Frontier, NodeSource, ProofError, node_hash


def nodes_behind(start: Frontier, leaf_hashes: Sequence[bytes]) -> NodeSource:
    """Return the complete subtrees of the tree that grew from `start` by these leaves, each hashed once.

    A subtree that lies before `start.size` is known only if it is one of the frontier's: no proof of a later leaf needs
    another. Any other is refused with `ProofError`.
    """
    known: dict[tuple[int, int], bytes] = {}
    before = 0
    heads = iter(start.heads)
    for level in range(start.size.bit_length() - 1, -1, -1):
        if start.size >> level & 1:
            known[level, before >> level] = next(heads)
            before += 1 << level
    known |= {(0, start.size + place): leaf for place, leaf in enumerate(leaf_hashes)}
    end = start.size + len(leaf_hashes)

    def node(level: int, index: int) -> bytes:
        if (level, index) not in known:
            if level == 0 or (index + 1) << level > end or (index + 1) << level <= start.size:
                raise ProofError(f"subtree {index} at level {level} is not behind {start.size} and before {end}")
            known[level, index] = node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
        return known[level, index]

    return node
