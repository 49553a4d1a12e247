"""What a verifier says of credit: complete, opened, lawful, and each claim fails with its evidence replaced."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from credit.catalogue import DAY, shipped
from credit.claims import CreditEvidence, LedgerFacts, credit_claims
from credit.domain import DecisionBody, EndingBody, EntryKind, commitment, fold
from ledger.claims import Claim

SUBJECT, AUTHORITY, NONCE = bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32
START = 1_000_000
CATALOGUE = shipped()
LATE = DecisionBody(SUBJECT, AUTHORITY, "performance-late", Decimal(-3), START, START + DAY, bytes(32), "late")


def evidence(body: DecisionBody | EndingBody, digest: int) -> CreditEvidence:
    data = body.to_bytes()
    return CreditEvidence(bytes([digest]) * 32, commitment(NONCE, data), START, NONCE, data)


FIRST = evidence(LATE, 9)
REVOKED = evidence(EndingBody(EntryKind.REVOCATION, SUBJECT, AUTHORITY, FIRST.digest, bytes(32), "court"), 8)
REPAIRED = evidence(EndingBody(EntryKind.REPAIR, SUBJECT, AUTHORITY, FIRST.digest, bytes(32), "pledge"), 7)


def facts(*entries: CreditEvidence) -> LedgerFacts:
    return LedgerFacts(len(entries), fold(one.entry for one in entries), START + 5, "block 7")


def failing(claims: list[Claim]) -> list[str]:
    return [claim.code for claim in claims if not claim.holds]


def test_a_proven_chain_gives_the_standing() -> None:
    claims, found = credit_claims(SUBJECT, [FIRST], facts(FIRST), START, CATALOGUE)
    assert failing(claims) == []
    assert found is not None
    assert found.score == 77
    assert [claim.code for claim in claims] == ["credit.complete", "credit.entry", "credit.standing"]
    assert "illustrative" in claims[-1].text_en


def test_revocation_and_repair_end_a_record() -> None:
    for ending in (REVOKED, REPAIRED):
        _, found = credit_claims(SUBJECT, [FIRST, ending], facts(FIRST, ending), START, CATALOGUE)
        assert found is not None
        assert found.score == 80


def test_an_entry_left_out_added_or_moved_is_named() -> None:
    proven = facts(FIRST, REVOKED)
    for given in ([FIRST], [FIRST, REVOKED, REPAIRED], [REVOKED, FIRST]):
        claims, found = credit_claims(SUBJECT, given, proven, START, CATALOGUE)
        assert found is None
        assert failing(claims) == ["credit.complete"]


def test_another_body_than_was_committed_to_is_named() -> None:
    milder = dataclasses.replace(LATE, text="very late").to_bytes()
    for forged in (
        dataclasses.replace(FIRST, body=milder),
        dataclasses.replace(FIRST, nonce=bytes(32)),
        dataclasses.replace(FIRST, nonce=None),
        dataclasses.replace(FIRST, body=None),
    ):
        claims, found = credit_claims(SUBJECT, [forged], facts(FIRST), START, CATALOGUE)
        assert found is None
        assert failing(claims) == ["credit.entry"]


def test_a_body_on_another_subject_or_against_its_rule_is_named() -> None:
    for body in (dataclasses.replace(LATE, subject=bytes(32)), dataclasses.replace(LATE, points=Decimal(-2))):
        one = evidence(body, 9)
        claims, found = credit_claims(SUBJECT, [one], facts(one), START, CATALOGUE)
        assert found is None
        assert failing(claims) == ["credit.entry"]


def test_a_closed_entry_claims_nothing_but_that_it_exists() -> None:
    closed = dataclasses.replace(FIRST, nonce=None, body=None)
    claims, found = credit_claims(SUBJECT, [closed], facts(FIRST), START, CATALOGUE)
    assert failing(claims) == []
    assert found is not None
    assert (found.unknown, found.score) == (1, 80)
