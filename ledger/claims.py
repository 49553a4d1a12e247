"""A claim: one statement of a verdict, what it rests on, and whether that holds.

Features turn disclosed events, acts and proofs into claims (their `claims.py`, pure functions); witness.audit composes
and prints them. A claim says only what its evidence proves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ledger.errors import SunbidError

_T = TypeVar("_T")


HOSTILE = (SunbidError, ValueError, LookupError, AssertionError)
"""What a check may raise on evidence that others made up; any of it means that the claim does not hold."""


@dataclass(frozen=True)
class Claim:
    """One line of a verdict.

    `code` is stable and dotted (`tender.announced`); `who` names signer or city, `when` is unix seconds as proven,
    `evidence` names what proves it (digests in 0x hex, checkpoints, blocks), `problem` says what failed.
    """

    code: str
    holds: bool
    text_en: str
    text_zh: str
    who: str = ""
    when: int | None = None
    evidence: tuple[str, ...] = field(default=())
    problem: str = ""


def judged(
    code: str,
    text_en: str,
    text_zh: str,
    check: Callable[[], None],
    *,
    who: str = "",
    when: int | None = None,
    evidence: tuple[str, ...] = (),
) -> Claim:
    """Return the claim with what `check` finds: it holds, or the error that the check raises is its problem."""
    problem = ""
    try:
        check()
    except HOSTILE as error:
        problem = _words(error)
    return Claim(code, not problem, text_en, text_zh, who, when, evidence, problem)


@dataclass(frozen=True)
class Words:
    """What a claim says, in both languages, with who, when and by what; see `Claim`."""

    en: str
    zh: str
    who: str = ""
    when: int | None = None
    evidence: tuple[str, ...] = ()


class RestsOnError(SunbidError):
    """A claim that cannot be examined, because one that it rests on does not hold."""

    code = "claim.rests_on"


def settled(code: str, subject: Words, find: Callable[[], tuple[_T, Words]]) -> tuple[Claim, _T | None]:
    """Return the claim with what `find` found, and that value; if it raises, the claim on `subject` does not hold.

    `find` returns the value and the words for it, so that a claim says only what was found.
    """
    try:
        value, words = find()
    except HOSTILE as error:
        problem = _words(error)
        return Claim(code, False, subject.en, subject.zh, subject.who, subject.when, subject.evidence, problem), None
    return Claim(code, True, words.en, words.zh, words.who, words.when, words.evidence), value


def _words(error: Exception) -> str:
    """Return what was wrong, never nothing: an empty problem would read as none."""
    return (error.message if isinstance(error, SunbidError) else str(error)) or type(error).__name__


def need(value: _T | None, code: str) -> _T:
    """Return what the claim `code` found; raise `RestsOnError` if that claim does not hold."""
    if value is None:
        raise RestsOnError(f"it rests on {code}, which does not hold", rests_on=code)
    return value
