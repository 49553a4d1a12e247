"""Byte encodings that every protocol of Sunbid shares (sealing.md, "Notation and exact encodings")."""

from __future__ import annotations

from ledger.errors import SunbidError


class EncodingError(SunbidError):
    """Bytes that are not what `enc` writes, or a number that its type cannot hold."""

    code = "encoding.malformed"


def _unsigned(value: int, size: int) -> bytes:
    if not 0 <= value < 1 << (8 * size):
        raise EncodingError(f"{value} does not fit into {size} unsigned bytes")
    return value.to_bytes(size, "big")


def u8(value: int) -> bytes:
    """Return `value` as one byte; refuse what does not fit."""
    return _unsigned(value, 1)


def u32(value: int) -> bytes:
    """Return `value` as four bytes, big-endian; refuse what does not fit."""
    return _unsigned(value, 4)


def u64(value: int) -> bytes:
    """Return `value` as eight bytes, big-endian; refuse what does not fit."""
    return _unsigned(value, 8)


def enc(*items: bytes) -> bytes:
    """Return the items one after the other, each behind its length as u32: no two lists encode alike."""
    return b"".join([part for item in items for part in (len(item).to_bytes(4, "big"), item)])


def dec(data: bytes, count: int) -> tuple[bytes, ...]:
    """Return exactly `count` items of an `enc` string; refuse another number, a short item, bytes left over."""
    items: list[bytes] = []
    offset = 0
    for _ in range(count):
        start = offset + 4
        offset = start + int.from_bytes(data[offset:start], "big")
        if start > len(data) or offset > len(data):
            raise EncodingError("encoded list ends in the middle of an item", items=count)
        items.append(data[start:offset])
    if offset != len(data):
        raise EncodingError("encoded list has bytes left over", items=count, extra=len(data) - offset)
    return tuple(items)
