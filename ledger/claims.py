"""A claim: one statement of a verdict, what it rests on, and whether that holds.

Features turn disclosed events, acts and proofs into claims (their `claims.py`, pure functions); witness.audit composes
and prints them. A claim says only what its evidence proves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.errors import SunbidError


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
    except SunbidError as error:
        problem = error.message or error.code
    return Claim(code, not problem, text_en, text_zh, who, when, evidence, problem)
