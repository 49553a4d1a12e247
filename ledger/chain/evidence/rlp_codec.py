"""Recursive Length Prefix, read strictly: one value has one encoding, and bounded depth."""

from __future__ import annotations

from typing import TypeAlias, cast

import rlp

from ledger.chain.evidence.errors import EvidenceError

RlpItem: TypeAlias = "bytes | list[RlpItem]"

MAX_SIZE = 1 << 20
MAX_DEPTH = 16
"""Headers and trie nodes are nested less; what is nested deeper is built to hurt."""


def decode_rlp(data: bytes) -> RlpItem:
    """Return the item that `encode_rlp` wrote; refuse every other byte string."""
    if len(data) > MAX_SIZE:
        raise EvidenceError(f"RLP has {len(data)} bytes, {MAX_SIZE} are allowed", code="evidence.rlp")
    try:
        item = cast("RlpItem", rlp.decode(data))
        _need_depth(item, MAX_DEPTH)
        encoded = encode_rlp(item)
    except (rlp.exceptions.RLPException, RecursionError, IndexError) as error:
        raise EvidenceError("bytes are not RLP", code="evidence.rlp") from error
    if encoded != data:  # the library refuses these today; a looser version of it must not loosen us
        raise EvidenceError("RLP is not in its canonical form", code="evidence.rlp")
    return item


def _need_depth(item: RlpItem, levels: int) -> None:
    if isinstance(item, list):
        if levels == 0:
            raise EvidenceError(f"RLP is nested deeper than {MAX_DEPTH} levels", code="evidence.rlp")
        for child in item:
            _need_depth(child, levels - 1)


def decode_rlp_list(data: bytes) -> list[RlpItem]:
    """Return the list that `encode_rlp` wrote; refuse a byte string."""
    item = decode_rlp(data)
    if not isinstance(item, list):
        raise EvidenceError("RLP is not a list", code="evidence.rlp")
    return item


def encode_rlp(item: RlpItem) -> bytes:
    """Return the one encoding of `item`."""
    return bytes(rlp.encode(item))


def as_bytes(item: RlpItem, size: int | None = None) -> bytes:
    """Return `item` if it is a byte string, of this size if one is given."""
    if not isinstance(item, bytes) or (size is not None and len(item) != size):
        raise EvidenceError("RLP has a list or another length where bytes are needed", code="evidence.rlp", size=size)
    return item


def as_list(item: RlpItem, length: int | None = None) -> list[RlpItem]:
    """Return `item` if it is a list, of this length if one is given."""
    if not isinstance(item, list) or (length is not None and len(item) != length):
        raise EvidenceError("RLP has bytes or another length where a list is needed", code="evidence.rlp", size=length)
    return item


def as_integer(item: RlpItem) -> int:
    """Return the unsigned number in `item`, which has no leading zero bytes; zero is the empty string."""
    data = as_bytes(item)
    if data[:1] == b"\x00" or len(data) > 32:
        raise EvidenceError("RLP number has leading zeros or is too long", code="evidence.rlp")
    return int.from_bytes(data, "big")


def from_integer(value: int) -> bytes:
    """Return the byte string of an unsigned number: big-endian, no leading zeros."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
