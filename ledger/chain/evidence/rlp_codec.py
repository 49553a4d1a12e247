"""Recursive Length Prefix, read strictly: one value has one encoding, and bounded depth."""

from __future__ import annotations

from typing import TypeAlias

import rlp

from ledger.chain.evidence.errors import EvidenceError

RlpItem: TypeAlias = "bytes | list[RlpItem]"

MAX_SIZE = 1 << 20
MAX_DEPTH = 16
"""Headers and trie nodes are nested less; what is nested deeper is built to hurt."""

_STRING, _LIST = 0x80, 0xC0
"""Prefixes of an empty string and an empty list; a byte below the first stands for itself."""
_SHORT = 55
"""Payloads up to this length state it in the prefix."""


def decode_rlp(data: bytes) -> RlpItem:
    """Return the item that `encode_rlp` wrote; refuse every other byte string.

    Read here and not by the library, which has to encode again to know that it was strict: proofs hold many nodes.
    """
    if len(data) > MAX_SIZE:
        raise EvidenceError(f"RLP has {len(data)} bytes, {MAX_SIZE} are allowed", code="evidence.rlp")
    item, end = _read(data, 0, len(data), MAX_DEPTH)
    if end != len(data):
        raise EvidenceError("bytes follow the RLP", code="evidence.rlp")
    return item


def _read(data: bytes, at: int, end: int, levels: int) -> tuple[RlpItem, int]:
    """Return the item that starts at `at` and ends by `end`, and where it ends; lists nest `levels` deep at most."""
    if at >= end:
        raise EvidenceError("bytes are not RLP", code="evidence.rlp")
    prefix = data[at]
    if prefix < _STRING:
        return data[at : at + 1], at + 1
    is_list = prefix >= _LIST
    start, stop = _span(data, at + 1, prefix - (_LIST if is_list else _STRING), end)
    if not is_list:
        if stop - start == 1 and data[start] < _STRING:
            raise EvidenceError("RLP is not in its canonical form", code="evidence.rlp")
        return data[start:stop], stop
    if levels == 0:
        raise EvidenceError(f"RLP is nested deeper than {MAX_DEPTH} levels", code="evidence.rlp")
    items: list[RlpItem] = []
    while start < stop:
        item, start = _read(data, start, stop, levels - 1)
        items.append(item)
    return items, stop


def _span(data: bytes, at: int, stated: int, end: int) -> tuple[int, int]:
    """Return where a payload starts and stops: `stated` is its length, or tells how many bytes at `at` hold it."""
    width = max(0, stated - _SHORT)
    start = at + width
    length = int.from_bytes(data[at:start], "big") if width else stated
    if width and (start > end or data[at] == 0 or length <= _SHORT):
        raise EvidenceError("RLP is not in its canonical form", code="evidence.rlp")
    if start + length > end:
        raise EvidenceError("bytes are not RLP", code="evidence.rlp")
    return start, start + length


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
