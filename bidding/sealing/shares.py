"""Shares of a product xP: what a key-holder releases in an opening and in a draw, 101 bytes, and how k of them combine.

A share is u32 i ‖ xᵢP ‖ e ‖ f. Its proof binds the joint key, the context in which it counts, the index, the holder's
key and the share itself, so none can be moved to another header, draw, holder or epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bidding.sealing.errors import CombineError, FormatError, ShareError
from bidding.sealing.group import POINT_SIZE, Point, lagrange, weighted_sum
from bidding.sealing.keyset import KeySet
from bidding.sealing.proofs import PROOF_SIZE, Proof, prove, verify
from ledger.encoding import u32

SHARE_SIZE = 4 + POINT_SIZE + PROOF_SIZE


@dataclass(frozen=True)
class Context:
    """What shares are of: the proof's role, the items of its statement after Y, and the base P."""

    role: str
    items: tuple[bytes, ...]
    base: Point


@dataclass(frozen=True)
class VerifiedShare:
    """A share that its holder of this epoch made for this context; made by `verify_share` only."""

    index: int
    point: Point
    items: tuple[bytes, ...]
    set_hash: bytes


def _statement(key_set: KeySet, context: Context, index: int, point: Point) -> tuple[bytes, ...]:
    holder_key = key_set.holder_keys[index - 1]
    return key_set.joint_key, *context.items, u32(index), holder_key, key_set.suite.group.encode(point)


def make_share(key_set: KeySet, context: Context, index: int, secret: int, rnd: bytes) -> bytes:
    """Return holder `index`'s share of the context with its proof, 101 bytes; `rnd` is 32 fresh random bytes."""
    suite = key_set.suite
    group = suite.group
    if not 1 <= index <= key_set.n or group.encode(group.mul_base(secret)) != key_set.holder_keys[index - 1]:
        raise ShareError("this secret is not that of the key set's holder at this index", index=index)
    point = group.mul_secret(secret, context.base)
    statement = _statement(key_set, context, index, point)
    proof = prove(suite, context.role, secret, statement, (group.base, context.base), rnd)
    return u32(index) + group.encode(point) + proof.encode(suite)


def verify_share(key_set: KeySet, context: Context, share: bytes) -> VerifiedShare:
    """Return the share as verified for this context and epoch; raises `FormatError` or `ShareError`."""
    suite = key_set.suite
    if len(share) != SHARE_SIZE:
        raise FormatError("a share is 101 bytes: index, point and proof")
    index = int.from_bytes(share[:4], "big")
    point = suite.group.decode(share[4 : 4 + POINT_SIZE])
    proof = Proof.decode(suite, share[4 + POINT_SIZE :])
    if not 1 <= index <= key_set.n:
        raise ShareError("no holder has this index", index=index)
    pairs = ((suite.group.base, key_set.holder_points[index - 1]), (context.base, point))
    if not verify(suite, context.role, _statement(key_set, context, index, point), pairs, proof):
        raise ShareError("the share's proof does not hold: evidence against its holder", index=index)
    return VerifiedShare(index, point, context.items, key_set.set_hash)


def combine_shares(key_set: KeySet, context: Context, shares: Sequence[VerifiedShare]) -> bytes:
    """Return xP, 33 bytes, from exactly k shares of one epoch; the same for every choice of holders."""
    group = key_set.suite.group
    indices = tuple(share.index for share in shares)
    if len(shares) != key_set.k or len(set(indices)) != key_set.k:
        raise CombineError("this takes exactly k shares of different holders", k=key_set.k, got=len(shares))
    if any((share.items, share.set_hash) != (context.items, key_set.set_hash) for share in shares):
        raise CombineError("these shares are not all for this header or draw, and this epoch")
    return group.encode(weighted_sum(group, lagrange(group, indices), tuple(share.point for share in shares)))
