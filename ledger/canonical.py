"""Canonical JSON: one value has exactly one byte string, and no other byte string is read as that value.

This is RFC 8785 restricted to a domain in which sorting bytes is sorting UTF-16 code units and no number needs
ECMAScript's formatting: ASCII keys, strings, booleans, null, integers |n| < 2^53, lists and objects. No floats: money
is a decimal string. In that domain orjson with sorted keys writes RFC 8785 (witness-log.md, "Entry").
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

import orjson

from ledger.errors import SunbidError

JsonValue: TypeAlias = bool | int | str | list["JsonValue"] | dict[str, "JsonValue"] | None
JsonObject: TypeAlias = dict[str, JsonValue]

MAX_SIZE = 8 * 1024
MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32


class CanonicalError(SunbidError):
    """A value outside the domain of canonical JSON, or bytes that are not the canonical form of their value."""

    code = "canonical.refused"


def dumps(value: JsonValue, *, max_size: int = MAX_SIZE) -> bytes:
    """Return the canonical bytes of `value`, at most `max_size` of them; refuse every value outside the domain.

    Types must be exact (an enum or a tuple is refused, give its value or a list), so that `loads(dumps(v)) == v`.
    """
    _check(value, 0)
    return spell(value, max_size=max_size)


def spell(value: JsonValue, *, max_size: int = MAX_SIZE) -> bytes:
    """Return the canonical bytes of a value that is known to be in the domain, as one is that was written before."""
    try:
        data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise CanonicalError("text is not valid Unicode (a lone surrogate); send well-formed text") from error
    if len(data) > max_size:
        raise CanonicalError(
            f"canonical JSON has {len(data)} bytes, {max_size} are allowed", code="canonical.too_large"
        )
    return data


def loads(data: bytes, *, max_size: int = MAX_SIZE) -> JsonValue:
    """Return the value of canonical bytes; refuse spaces, other key orders, duplicate keys and other spellings."""
    value = loads_any(data, max_size=max_size)
    if dumps(value, max_size=max_size) != data:
        raise CanonicalError("JSON is not in canonical form (RFC 8785)", code="canonical.not_canonical")
    return value


def loads_any(data: bytes, *, max_size: int = MAX_SIZE) -> JsonValue:
    """Return the value of JSON in any spelling, for whoever writes it again and compares the bytes."""
    _need_size(data, max_size)
    try:
        value: JsonValue = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise CanonicalError("bytes are not JSON in UTF-8", code="canonical.not_json") from error
    return value


def loads_object(data: bytes, *, max_size: int = MAX_SIZE) -> JsonObject:
    """Return the object of canonical bytes; refuse what `loads` refuses and every other JSON value."""
    value = loads(data, max_size=max_size)
    if not isinstance(value, dict):
        raise CanonicalError("canonical JSON must be an object here", code="canonical.not_object")
    return value


def _need_size(data: bytes, max_size: int) -> None:
    if len(data) > max_size:
        raise CanonicalError(f"JSON has {len(data)} bytes, {max_size} are allowed", code="canonical.too_large")


_PLAIN = frozenset({str, bool, type(None)})
"""Types whose every value is in the domain: what most values are, and what is not worth a call of `_check`."""


def _check(value: object, depth: int) -> None:
    kind = type(value)
    if kind is int:
        _check_integer(value)  # type: ignore[arg-type]
    elif kind is list:
        _check_items(value, depth + 1)  # type: ignore[arg-type]
    elif kind is dict:
        for key in value:  # type: ignore[attr-defined]
            if type(key) is not str or not key.isascii():
                raise CanonicalError("keys of canonical JSON are ASCII strings")
        _check_items(value.values(), depth + 1)  # type: ignore[attr-defined]
    elif kind not in _PLAIN:
        raise CanonicalError(f"canonical JSON has no {kind.__name__}: use strings, integers, lists and objects")


def _check_items(items: Collection[object], depth: int) -> None:
    if items and depth > MAX_DEPTH:
        raise CanonicalError(f"JSON is nested deeper than {MAX_DEPTH} levels", code="canonical.too_deep")
    for item in items:
        if type(item) not in _PLAIN:
            _check(item, depth)


def _check_integer(value: int) -> None:
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise CanonicalError("integer is not below 2^53: write it as a decimal string")
