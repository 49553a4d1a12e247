"""A claim holds, or says why not: whatever hostile evidence raises is its problem, never the verifier's."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.claims import HOSTILE, RestsOnError, Words, judged, need, settled
from ledger.errors import SunbidError

SUBJECT = Words("It is so.", "如此。", "luan", 7, ("block 7",))


def raising(error: Exception) -> None:
    raise error


def test_a_claim_that_nothing_contradicts_holds() -> None:
    claim = judged("a.b", "It is so.", "如此。", lambda: None, who="luan", when=7, evidence=("block 7",))
    assert claim.holds
    assert (claim.code, claim.who, claim.when, claim.evidence, claim.problem) == ("a.b", "luan", 7, ("block 7",), "")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (SunbidError("the root is another one", code="x.y"), "the root is another one"),
        (ValueError("not a number"), "not a number"),
        (KeyError("lot"), "'lot'"),
        (AssertionError(), "AssertionError"),
    ],
)
def test_what_evidence_raises_is_the_claim_s_problem(error: Exception, says: str) -> None:
    claim = judged("a.b", "It is so.", "如此。", lambda: raising(error))
    assert (claim.holds, claim.problem) == (False, says)

    def find() -> tuple[int, Words]:
        raise error

    stated, value = settled("a.b", SUBJECT, find)
    assert value is None
    assert (stated.holds, stated.problem, stated.text_en, stated.who) == (False, says, "It is so.", "luan")


def test_a_fault_of_our_own_is_not_swallowed() -> None:
    assert not issubclass(TypeError, HOSTILE)
    with pytest.raises(TypeError):
        judged("a.b", "It is so.", "如此。", lambda: raising(TypeError("a fault of ours")))


def test_a_settled_claim_says_what_was_found() -> None:
    found = Words("It is 12.50.", "为 12.50。", "hefei", 8, ("block 8",))
    claim, value = settled("a.b", SUBJECT, lambda: (Decimal("12.50"), found))
    assert value == Decimal("12.50")
    assert (claim.holds, claim.text_en, claim.text_zh, claim.who, claim.when) == (
        True,
        "It is 12.50.",
        "为 12.50。",
        "hefei",
        8,
    )


def test_what_rests_on_a_claim_needs_its_value() -> None:
    assert need(0, "a.b") == 0  # a value that is false is there all the same
    with pytest.raises(RestsOnError, match=r"it rests on a\.b, which does not hold") as missing:
        need(None, "a.b")
    assert missing.value.facts == {"rests_on": "a.b"}
