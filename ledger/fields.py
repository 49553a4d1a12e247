"""Typed readers for the members of canonical JSON documents: a value of another shape is refused by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ledger.canonical import JsonObject, JsonValue
from ledger.errors import SunbidError

Texts: TypeAlias = Mapping[str, str]
"""One text in each language of the product."""

LANGUAGES = frozenset({"en", "zh"})


class FieldError(SunbidError):
    """A member of a document that is missing, unknown or of another type."""

    code = "document.field"


def members(value: JsonValue, what: str, keys: set[str]) -> JsonObject:
    """Return `value` as an object with exactly these keys."""
    if not isinstance(value, dict) or value.keys() != keys:
        raise FieldError(f"{what} has exactly the members: {', '.join(sorted(keys))}", field=what)
    return value


def listing(value: JsonValue, what: str) -> list[JsonValue]:
    """Return `value` as a list."""
    if not isinstance(value, list):
        raise FieldError(f"{what} is a list", field=what)
    return value


def text(value: JsonValue, what: str, *, empty: bool = False) -> str:
    """Return `value` as a text, not an empty one unless `empty`."""
    if not isinstance(value, str) or not (value or empty):
        raise FieldError(f"{what} is a text" + ("" if empty else " that is not empty"), field=what)
    return value


def texts(value: JsonValue, what: str) -> Texts:
    """Return `value` as a text in every language."""
    found = members(value, what, set(LANGUAGES))
    return {language: text(item, what) for language, item in found.items()}


def integer(value: JsonValue, what: str, low: int = 0, high: int = 2**53 - 1) -> int:
    """Return `value` as an integer from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise FieldError(f"{what} is an integer from {low} to {high}", field=what)
    return value


def flag(value: JsonValue, what: str) -> bool:
    """Return `value` as true or false."""
    if not isinstance(value, bool):
        raise FieldError(f"{what} is true or false", field=what)
    return value


def bytes32(value: JsonValue, what: str) -> bytes:
    """Return the 32 bytes of lower-case 0x hex."""
    try:
        found = bytes.fromhex(value[2:]) if isinstance(value, str) else b""
    except ValueError:
        found = b""
    if len(found) != 32 or value != to_hex(found):
        raise FieldError(f"{what} is 32 bytes in lower-case 0x hex", field=what)
    return found


def to_hex(value: bytes) -> str:
    """Return bytes as lower-case 0x hex."""
    return "0x" + value.hex()
