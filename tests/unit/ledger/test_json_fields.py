from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest

from ledger.json_fields import (
    FieldError,
    need_size,
    read_address,
    read_b32,
    read_bytes,
    read_enum,
    read_flag,
    read_integer,
    read_list,
    read_maybe,
    read_members,
    read_object,
    read_text,
    read_texts,
    read_words,
    to_hex,
    to_hex_or_null,
)


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize("value", [b"", b"\x00", b"\xff" * 32])
def test_hex_reads_back(value: bytes) -> None:
    assert read_bytes(to_hex(value), "m") == value
    assert to_hex_or_null(value) == to_hex(value)
    assert to_hex_or_null(None) is None


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (read_bytes, "00"),
        (read_bytes, "0x0"),
        (read_bytes, "0xAB"),
        (read_bytes, "0X00"),
        (read_bytes, "0x00\n"),
        (read_bytes, 1),
        (read_b32, "0x" + "00" * 31),
        (read_address, "0x" + "00" * 21),
        (read_integer, True),
        (read_integer, -1),
        (read_integer, "1"),
        (read_text, 1),
        (read_words, ""),
        (read_flag, 1),
        (read_list, {}),
        (read_object, []),
    ],
)
def test_the_refused_member_is_named(read: Callable[[Any, str], Any], value: Any) -> None:
    with pytest.raises(FieldError) as caught:
        read(value, "the_member")
    assert caught.value.facts["member"] == "the_member"
    assert "the_member" in caught.value.message


def test_members_are_exactly_the_wanted_ones() -> None:
    assert read_members({"a": 1, "b": 2}, "m", ("a", "b")) == {"a": 1, "b": 2}
    for value in ({"a": 1}, {"a": 1, "b": 2, "c": 3}, [], None):
        with pytest.raises(FieldError, match="needs exactly: a, b"):
            read_members(value, "m", ("a", "b"))


def test_enums_are_read_by_value() -> None:
    assert read_enum(Colour, "red", "m") is Colour.RED
    for value in ("RED", 1, None):
        with pytest.raises(FieldError):
            read_enum(Colour, value, "m")


def test_null_is_none_and_everything_else_is_read() -> None:
    assert read_maybe(read_text, None, "m") is None
    assert read_maybe(read_text, "x", "m") == "x"
    with pytest.raises(FieldError):
        read_maybe(read_text, 1, "m")


def test_texts_come_in_both_languages() -> None:
    assert read_texts({"en": "Lu'an", "zh": "六安"}, "m") == {"en": "Lu'an", "zh": "六安"}
    for value in ({"en": "Lu'an"}, {"en": "", "zh": "六安"}, "六安"):
        with pytest.raises(FieldError):
            read_texts(value, "m")


def test_flags_are_read() -> None:
    assert read_flag(True, "m") is True


def test_need_size_returns_what_fits() -> None:
    assert need_size(b"ab", 2, "m") == b"ab"
    with pytest.raises(FieldError, match="must have 3 bytes, not 2"):
        need_size(b"ab", 3, "m")
