"""What differs between a file of known answers and what this library computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bidding.sealing.errors import (
    BidderOpeningError,
    CombineError,
    FormatError,
    HeaderProofError,
    KeySetError,
    LabelError,
    SealingError,
    ShareError,
    StoreDamageError,
    VoidBidError,
)
from ledger.errors import SunbidError

_WORDS: dict[type[SealingError], str] = {
    FormatError: "format",
    LabelError: "label",
    HeaderProofError: "header",
    KeySetError: "keyset",
    ShareError: "share",
    CombineError: "combine",
    StoreDamageError: "store",
    VoidBidError: "void",
    BidderOpeningError: "bidder",
}


@dataclass
class Report:
    """Counts the values that were recomputed and names each that differs, by its path in the file."""

    checked: int = 0
    differences: list[str] = field(default_factory=list)

    def same(self, path: str, expected: object, actual: object) -> None:
        """Compare a value of the file (`expected`) with the recomputed one; bytes stand as hex in the file."""
        self.checked += 1
        value = actual.hex() if isinstance(actual, bytes) else actual
        if value != expected:
            self.differences.append(f"{path}: the file has {_short(expected)}, computed is {_short(value)}")

    def holds(self, path: str, claim: str, *, is_true: bool) -> None:
        """Note that `claim` must be true of what the file has at `path`."""
        self.checked += 1
        if not is_true:
            self.differences.append(f"{path}: {claim} does not hold")

    def refused(self, path: str, reason: str, attempt: Callable[[], object]) -> None:
        """Run what must be refused for `reason`, the word that the file uses."""
        self.same(path, reason, _outcome(attempt))

    @contextmanager
    def at(self, path: str) -> Iterator[None]:
        """Turn whatever cannot be computed below `path` into a difference, and go on with the rest of the file."""
        try:
            yield
        except SunbidError as error:
            self.differences.append(f"{path}: cannot be computed: {error.message}")
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            self.differences.append(f"{path}: malformed: {type(error).__name__}: {error}")


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except SealingError as error:
        return _WORDS.get(type(error), error.code)
    return "accepted"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 100 else f"{text[:60]}… ({len(text)} characters)"


def pattern(length: int) -> bytes:
    """Return the bytes of a `patternLength`: byte i is i mod 251."""
    period = bytes(range(251))
    return (period * (length // 251 + 1))[:length]


def points(values: list[str]) -> tuple[bytes, ...]:
    """Return a list of hex strings as bytes."""
    return tuple(map(bytes.fromhex, values))


Json = dict[str, Any]
