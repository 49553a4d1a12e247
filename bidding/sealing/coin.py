"""The threshold coin: one unpredictable value for each named draw, checkable by all (sealing.md, "Threshold coin").

Cachin, Kursawe and Shoup 2000. A key set of its own purpose; fewer than k holders know nothing of the coin.
"""

from __future__ import annotations

from dataclasses import dataclass

from bidding.sealing.errors import CombineError, FormatError, ShareError
from bidding.sealing.group import POINT_SIZE, Point, lagrange, weighted_sum
from bidding.sealing.keyset import KeySet
from bidding.sealing.proofs import Proof, prove, verify
from ledger.encoding import enc, u32, u64

COIN_SHARE_SIZE = 4 + POINT_SIZE + 64


@dataclass(frozen=True)
class DrawName:
    """What a draw is for: one name has one coin, so nobody can draw again and again."""

    chain_id: int
    contract: bytes
    tender: bytes
    number: int
    snapshot: bytes
    size: int
    exclusions: bytes

    def encode(self) -> bytes:
        """Return N."""
        sizes = (len(self.contract), len(self.tender), len(self.snapshot), len(self.exclusions))
        if sizes != (20, 32, 32, 32):
            raise FormatError("a draw names a contract of 20 bytes, and tender, snapshot and exclusions of 32")
        numbers = (u32(self.number), u32(self.size))
        return enc(
            b"draw", u64(self.chain_id), self.contract, self.tender, numbers[0], self.snapshot, numbers[1],
            self.exclusions,
        )  # fmt: skip


@dataclass(frozen=True)
class CoinShare:
    """A verified share of the coin of one name."""

    index: int
    point: Point
    name: bytes
    set_hash: bytes


def _base(key_set: KeySet, name: bytes) -> Point:
    return key_set.suite.to_point("coinpoint", name)[0]


def _statement(key_set: KeySet, name: bytes, base: Point, index: int, point: Point) -> tuple[bytes, ...]:
    encode = key_set.suite.group.encode
    return (
        key_set.joint_key, name, encode(base), u32(index), key_set.holder_keys[index - 1], encode(point)
    )  # fmt: skip


def make_coin_share(key_set: KeySet, name: bytes, index: int, secret: int, rnd: bytes) -> bytes:
    """Return holder `index`'s share of the coin of N: u32 i ‖ Cᵢ ‖ e ‖ f, 101 bytes.

    Making it is releasing it: the `DrawRequest` is under a final anchor first. `rnd` is 32 fresh random bytes.
    """
    suite = key_set.suite
    group = suite.group
    if not 1 <= index <= key_set.n or group.encode(group.mul_base(secret)) != key_set.holder_keys[index - 1]:
        raise ShareError("this secret is not that of the key set's holder at this index", index=index)
    base = _base(key_set, name)
    point = group.mul_secret(secret, base)
    statement = _statement(key_set, name, base, index, point)
    proof = prove(suite, "coin", secret, statement, (group.base, base), rnd)
    return u32(index) + group.encode(point) + proof.encode(suite)


def verify_coin_share(key_set: KeySet, name: bytes, share: bytes) -> CoinShare:
    """Return the share as verified for N and this epoch; raises `FormatError` or `ShareError`."""
    suite = key_set.suite
    if len(share) != COIN_SHARE_SIZE:
        raise FormatError("a share of the coin is 101 bytes")
    index = int.from_bytes(share[:4], "big")
    point = suite.group.decode(share[4 : 4 + POINT_SIZE])
    proof = Proof.decode(suite, share[4 + POINT_SIZE :])
    if not 1 <= index <= key_set.n:
        raise ShareError("no holder has this index", index=index)
    base = _base(key_set, name)
    pairs = ((suite.group.base, key_set.holder_points[index - 1]), (base, point))
    if not verify(suite, "coin", _statement(key_set, name, base, index, point), pairs, proof):
        raise ShareError("the proof of this share of the coin does not hold", index=index)
    return CoinShare(index, point, name, key_set.set_hash)


def toss(key_set: KeySet, name: bytes, shares: tuple[CoinShare, ...]) -> bytes:
    """Return the coin of N, 32 bytes, from exactly k shares of one epoch; the same for every choice of holders."""
    group = key_set.suite.group
    indices = tuple(share.index for share in shares)
    if len(shares) != key_set.k or len(set(indices)) != key_set.k:
        raise CombineError("a coin takes exactly k shares of different holders", k=key_set.k, got=len(shares))
    if any((share.name, share.set_hash) != (name, key_set.set_hash) for share in shares):
        raise CombineError("these shares are not all for this draw and epoch")
    z = weighted_sum(group, lagrange(group, indices), tuple(share.point for share in shares))
    return key_set.suite.hash("coin", name, group.encode(z))


def seat_order(key_set: KeySet, coin: bytes, size: int) -> tuple[int, ...]:
    """Return the indices 0…size−1 of the snapshot in the order in which they are drawn; a refusal takes the next."""
    return tuple(sorted(range(size), key=lambda index: key_set.suite.hash("seat", coin, u32(index))))
