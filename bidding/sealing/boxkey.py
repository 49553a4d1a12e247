"""Box keys: the committee's shares of a tender's box key, and x_b from k of them (sealing.md, "The bid box", 6)."""

from __future__ import annotations

from collections.abc import Mapping

from bidding.sealing.errors import CombineError, FormatError, ShareError
from bidding.sealing.group import SCALAR_SIZE, decode_scalar, encode_scalar, lagrange
from bidding.sealing.keyset import KeySet
from ledger.encoding import u32

BOX_SHARE_SIZE = 4 + SCALAR_SIZE


def encode_box_share(holder: int, scalar: bytes) -> bytes:
    """Return u32 i ‖ scalar, 36 bytes."""
    return u32(holder) + scalar


def decode_box_share(data: bytes) -> tuple[int, bytes]:
    """Return holder index and scalar of exactly 36 bytes."""
    if len(data) != BOX_SHARE_SIZE:
        raise FormatError("a box share is 36 bytes: u32 holder and scalar")
    return int.from_bytes(data[:4], "big"), data[4:]


def verify_box_share(key_set: KeySet, holder: int, scalar: bytes) -> None:
    """Refuse a scalar that is not the share of this holder: x_{i,b}G = h_{i,b}. Raises `ShareError`."""
    group = key_set.suite.group
    try:
        public = group.encode(group.mul_base(decode_scalar(group, scalar)))
    except FormatError as error:
        raise ShareError("a box share is a scalar in [1, q-1]", index=holder) from error
    if not 1 <= holder <= key_set.n or public != key_set.holder_keys[holder - 1]:
        raise ShareError("the box share is not this holder's: evidence against it", index=holder)


def interpolate_box_key(key_set: KeySet, shares: Mapping[int, bytes]) -> bytes:
    """Return x_b, 32 bytes, from k verified shares or more by holder index; the lowest k indices are used.

    The result is checked against Y_b. Raises `CombineError` for too few shares, `ShareError` for a false one.
    """
    if len(shares) < key_set.k:
        raise CombineError("too few shares of the box key", k=key_set.k, got=len(shares))
    group = key_set.suite.group
    chosen = tuple(sorted(shares))[: key_set.k]
    for holder in chosen:
        verify_box_share(key_set, holder, shares[holder])
    weights = lagrange(group, chosen)
    pairs = zip(weights, chosen, strict=True)
    return encode_scalar(group, sum(weight * int.from_bytes(shares[i], "big") for weight, i in pairs) % group.order)
