"""Strict reading of JSON values that came from outside: every reader names the member it refuses.

Bytes are written as 0x and lower-case hex, two digits a byte, so that one value has one spelling.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import TypeVar

from ledger.canonical import JsonObject, JsonValue
from ledger.errors import SunbidError

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)


class FieldError(SunbidError):
    """A JSON member that is missing, unexpected or not of its type."""

    code = "json.malformed"


def to_hex(value: bytes) -> str:
    """Return `value` as 0x and lower-case hex."""
    return "0x" + value.hex()


def to_hex_or_null(value: bytes | None) -> str | None:
    """Return `value` as 0x and lower-case hex, None as None."""
    return None if value is None else to_hex(value)


def read_members(value: JsonValue, name: str, wanted: Collection[str]) -> JsonObject:
    """Return `value` if it is an object with exactly the `wanted` members."""
    if not isinstance(value, dict) or value.keys() != set(wanted):
        raise FieldError(f"{name} needs exactly: {', '.join(sorted(wanted))}", member=name)
    return value


def read_list(value: JsonValue, name: str) -> list[JsonValue]:
    """Return `value` if it is a list."""
    if not isinstance(value, list):
        raise FieldError(f"{name} must be a list", member=name)
    return value


def read_object(value: JsonValue, name: str) -> JsonObject:
    """Return `value` if it is an object."""
    if not isinstance(value, dict):
        raise FieldError(f"{name} must be an object", member=name)
    return value


def read_text(value: JsonValue, name: str) -> str:
    """Return `value` if it is a string."""
    if not isinstance(value, str):
        raise FieldError(f"{name} must be text", member=name)
    return value


def read_words(value: JsonValue, name: str) -> str:
    """Return `value` if it is a string that is not empty."""
    words = read_text(value, name)
    if not words:
        raise FieldError(f"{name} must not be empty", member=name)
    return words


def read_texts(value: JsonValue, name: str) -> dict[str, str]:
    """Return the same text in every language of the product, none of them empty."""
    found = read_members(value, name, ("en", "zh"))
    return {language: read_words(item, name) for language, item in found.items()}


def read_flag(value: JsonValue, name: str) -> bool:
    """Return `value` if it is true or false."""
    if not isinstance(value, bool):
        raise FieldError(f"{name} must be true or false", member=name)
    return value


def read_integer(value: JsonValue, name: str) -> int:
    """Return `value` if it is an integer, zero or more."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise FieldError(f"{name} must be an integer, zero or more", member=name)
    return value


def read_bytes(value: JsonValue, name: str) -> bytes:
    """Return the bytes that `to_hex` wrote."""
    if not isinstance(value, str):
        raise _not_hex(name)
    try:
        found = bytes.fromhex(value[2:])
    except ValueError as error:
        raise _not_hex(name) from error
    if value[:2] != "0x" or found.hex() != value[2:]:  # bytes.fromhex takes spaces and capitals too
        raise _not_hex(name)
    return found


def _not_hex(name: str) -> FieldError:
    return FieldError(f"{name} must be 0x and lower-case hex", member=name)


def read_b32(value: JsonValue, name: str) -> bytes:
    """Return the 32 bytes that `to_hex` wrote."""
    return need_size(read_bytes(value, name), 32, name)


def read_address(value: JsonValue, name: str) -> bytes:
    """Return the 20 bytes that `to_hex` wrote."""
    return need_size(read_bytes(value, name), 20, name)


def read_enum(kind: type[_E], value: JsonValue, name: str) -> _E:
    """Return the member of `kind` with this value."""
    text = read_text(value, name)
    try:
        return kind(text)
    except ValueError as error:
        raise FieldError(f"{name} is no {kind.__name__}: {text!r}", member=name) from error


def read_maybe(read: Callable[[JsonValue, str], _T], value: JsonValue, name: str) -> _T | None:
    """Return None for null, else what `read` reads."""
    return None if value is None else read(value, name)


def need_size(value: bytes, size: int, name: str) -> bytes:
    """Return `value` if it has `size` bytes."""
    if len(value) != size:
        raise FieldError(f"{name} must have {size} bytes, not {len(value)}", member=name)
    return value
