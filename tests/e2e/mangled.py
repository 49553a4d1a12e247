"""Mangled bundles: one structural change somewhere in a JSON member, canonically packed again.

Nobody signs anything anew and nothing has to make sense: this is what a careless or hostile writer of bundles may
hand to a verifier, on every level of every document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from hypothesis import assume
from hypothesis import strategies as st

from witness.audit.container import pack

_FOREIGN: tuple[object, ...] = (
    None, True, False, 0, 1, -1, 2**53 - 1, 2**53, 2**64 - 1, 1.5, "", "0", "0x", "0x0", "阳",
    [], {}, [[]], [{}], {"": 0},
)  # fmt: skip
"""What may stand where something else belongs; 2⁵³, 2⁶⁴−1 and 1.5 are no canonical JSON at all."""

DEEP = 40
"""Levels of lists that no canonical JSON has."""


class Mangled:
    """A changed bundle as a file, and which place of which member is another now; shown without its bytes."""

    def __init__(self, data: bytes, where: str) -> None:
        self.data = data
        self.where = where

    def __repr__(self) -> str:
        return f"Mangled({self.where})"


def json_members(members: Mapping[str, bytes]) -> list[str]:
    """Return the names of the members that are JSON: all that are named so, and documents that are objects."""
    return sorted(name for name, content in members.items() if name.endswith(".json") or content[:1] == b"{")


def mangled(draw: st.DrawFn, members: Mapping[str, bytes]) -> Mangled:
    """Draw a bundle in which one JSON member has other bytes."""
    name = draw(st.sampled_from(json_members(members)))
    value = orjson.loads(members[name])
    place = _place(draw, value)
    changed = _replaced(draw, value, place)
    content = orjson.dumps(changed, option=orjson.OPT_SORT_KEYS)
    assume(content != members[name])
    assume(name != "acts.json" or not _is_reordered(value, changed))
    kept = {other: old for other, old in members.items() if other != name}
    where = ".".join(map(str, (name, *place)))
    if name.startswith("documents/"):  # a document is named by its hash
        name = f"documents/{hashlib.sha256(content).hexdigest()}"
    return Mangled(pack({**kept, name: content}), where)


def _is_reordered(acts: list[Any], changed: Any) -> bool:
    """Say whether these are the same acts: each has its event in the log, so their order here says nothing."""
    return isinstance(changed, list) and sorted(map(orjson.dumps, acts)) == sorted(map(orjson.dumps, changed))


def _place(draw: st.DrawFn, value: Any) -> tuple[str | int, ...]:
    """Draw the way to some value within `value`."""
    way: list[str | int] = []
    while isinstance(value, dict | list) and value and draw(st.integers(0, 5)):
        step = draw(st.sampled_from(_steps(value)))
        way.append(step)
        value = value[step]
    return tuple(way)


def _steps(value: dict[str, Any] | list[Any]) -> list[Any]:
    return sorted(value) if isinstance(value, dict) else list(range(len(value)))


def _replaced(draw: st.DrawFn, value: Any, place: tuple[str | int, ...]) -> Any:
    """Return `value` with something else at `place`."""
    if not place:
        return draw(st.one_of(st.sampled_from(_FOREIGN), st.just(value).flatmap(_alike), st.just(_deep(value))))
    changed = value.copy()
    changed[place[0]] = _replaced(draw, value[place[0]], place[1:])
    return changed


def _alike(value: Any) -> st.SearchStrategy[Any]:
    """Return what looks like `value` and is none: of its kind, or with itself inside."""
    around: list[Any] = [[value], [value, value], {"value": value}]
    match value:
        case bool() | None:
            return st.sampled_from([*around, str(value)])
        case int():
            return st.sampled_from([*around, value + 1, -value, str(value), value << 32 & 2**64 - 1])
        case str():
            return st.one_of(
                st.sampled_from([*around, value.upper(), value + "0", value[:-1], f"0x{value}"]), _typo(value)
            )
        case list():
            return st.one_of(st.sampled_from(around), _of_list(value)) if value else st.sampled_from(around)
        case _:
            return st.one_of(st.sampled_from(around), _of_dict(value)) if value else st.sampled_from(around)


@st.composite
def _typo(draw: st.DrawFn, text: str) -> str:
    """Draw the text with another hex digit, or none, in one place."""
    place = draw(st.integers(0, max(0, len(text) - 1)))
    return text[:place] + draw(st.sampled_from("09afAG x")) + text[place + 1 :]


@st.composite
def _of_list(draw: st.DrawFn, items: list[Any]) -> list[Any]:
    """Draw the list with an item left out, told twice, or moved to the end."""
    place = draw(st.sampled_from(_steps(items)))
    rest = items[:place] + items[place + 1 :]
    return draw(st.sampled_from([rest, [*items[:place], items[place], *items[place:]], [*rest, items[place]]]))


@st.composite
def _of_dict(draw: st.DrawFn, value: dict[str, Any]) -> dict[str, Any]:
    """Draw the object with a member left out, given twice, renamed, or with another one's value."""
    name, other = draw(st.sampled_from(sorted(value))), draw(st.sampled_from(sorted(value)))
    rest = {kept: item for kept, item in value.items() if kept != name}
    more = {**value, f"{name}2": value[name]}
    return draw(st.sampled_from([rest, more, {**rest, name.upper(): value[name]}, {**value, name: value[other]}]))


def _deep(value: Any) -> Any:
    for _ in range(DEEP):
        value = [value]
    return value
