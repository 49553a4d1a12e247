"""The threshold coin: one unpredictable value for each named draw, checkable by all (sealing.md, "Threshold coin").

Cachin, Kursawe and Shoup 2000. A key set of its own purpose; fewer than k holders know nothing of the coin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bidding.sealing.errors import FormatError
from bidding.sealing.hashing import Suite
from bidding.sealing.keyset import KeySet
from bidding.sealing.shares import Context, VerifiedShare, combine_shares, make_share, verify_share
from ledger.encoding import enc, u32, u64


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
        return enc(
            b"draw",
            u64(self.chain_id),
            self.contract,
            self.tender,
            u32(self.number),
            self.snapshot,
            u32(self.size),
            self.exclusions,
        )


def _context(suite: Suite, name: DrawName) -> Context:
    encoded = name.encode()
    base, _ = suite.to_point("coinpoint", encoded)
    return Context("coin", (encoded, suite.group.encode(base)), base)


def make_coin_share(key_set: KeySet, name: DrawName, index: int, secret: int, rnd: bytes) -> bytes:
    """Return holder `index`'s share of the coin: u32 i ‖ Cᵢ ‖ e ‖ f, 101 bytes.

    Making it is releasing it: the `DrawRequest` is under a final anchor first. `rnd` is 32 fresh random bytes.
    """
    return make_share(key_set, _context(key_set.suite, name), index, secret, rnd)


def verify_coin_share(key_set: KeySet, name: DrawName, share: bytes) -> VerifiedShare:
    """Return the share as verified for this draw and epoch; raises `FormatError` or `ShareError`."""
    return verify_share(key_set, _context(key_set.suite, name), share)


def toss(key_set: KeySet, name: DrawName, shares: Sequence[VerifiedShare]) -> bytes:
    """Return the coin, 32 bytes, from exactly k shares of one epoch; the same for every choice of holders."""
    point = combine_shares(key_set, _context(key_set.suite, name), shares)
    return key_set.suite.hash("coin", name.encode(), point)


def seat_order(suite: Suite, coin: bytes, size: int) -> tuple[int, ...]:
    """Return the indices 0…size−1 of the snapshot in the order in which they are drawn; a refusal takes the next."""
    return tuple(sorted(range(size), key=lambda index: suite.hash("seat", coin, u32(index))))
