from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.rlp_codec import (
    MAX_DEPTH,
    MAX_SIZE,
    as_bytes,
    as_integer,
    as_list,
    decode_rlp,
    decode_rlp_list,
    encode_rlp,
    from_integer,
)

items = st.recursive(st.binary(max_size=60), lambda item: st.lists(item, max_size=4), max_leaves=8)


@given(items)
def test_reads_back(item: Any) -> None:
    assert decode_rlp(encode_rlp(item)) == item


@pytest.mark.parametrize(
    ("item", "encoded"),
    [(b"", "80"), (b"\x7f", "7f"), (b"\x80", "8180"), ([], "c0"), ([b"cat", b"dog"], "c88363617483646f67")],
)
def test_known_encodings(item: Any, encoded: str) -> None:
    assert encode_rlp(item).hex() == encoded


@pytest.mark.parametrize(
    "data",
    [
        "",
        "8101",
        "b80161",
        "b90038" + "61" * 56,
        "c28081",
        "c180ff",
        "c0c0",
        "f80180",
        "83aabb",
        "c3c0",
        "b8",
        "f8",
        "81",
        "c1" * 5000 + "c0",
    ],
)
def test_refuses_every_other_byte_string(data: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        decode_rlp(bytes.fromhex(data))
    assert caught.value.code == "evidence.rlp"


@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_refused_or_canonical(data: bytes) -> None:
    try:
        item = decode_rlp(data)
    except EvidenceError:
        return
    assert encode_rlp(item) == data


def test_size_is_bounded() -> None:
    with pytest.raises(EvidenceError, match="are allowed"):
        decode_rlp(bytes(MAX_SIZE + 1))


def nested(depth: int) -> bytes:
    data = b"\xc0"
    for _ in range(depth - 1):
        length = len(data)
        prefix = bytes([0xC0 + length]) if length < 56 else b"\xf9" + length.to_bytes(2, "big")
        data = (prefix if length < 56 or length > 255 else bytes([0xF8, length])) + data
    return data


def test_depth_is_bounded() -> None:
    assert encode_rlp(decode_rlp(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    for depth in (MAX_DEPTH + 1, 100, 5000):
        with pytest.raises(EvidenceError) as caught:
            decode_rlp(nested(depth))
        assert caught.value.code == "evidence.rlp"


def test_types_are_checked() -> None:
    assert decode_rlp_list(b"\xc1\x01") == [b"\x01"]
    assert as_bytes(b"ab", 2) == b"ab"
    assert as_list([b"a"], 1) == [b"a"]
    for wrong in (lambda: decode_rlp_list(b"\x01"), lambda: as_bytes([]), lambda: as_bytes(b"ab", 3)):
        with pytest.raises(EvidenceError):
            wrong()
    for also in (lambda: as_list(b""), lambda: as_list([b"a"], 2), lambda: as_integer([])):
        with pytest.raises(EvidenceError):
            also()


@given(st.integers(0, 2**256 - 1))
def test_numbers_have_one_form(value: int) -> None:
    assert as_integer(from_integer(value)) == value
    for wrong in (b"\x00" + from_integer(value), bytes(33)):
        with pytest.raises(EvidenceError):
            as_integer(wrong)
