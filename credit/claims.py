"""What a verifier can say of a subject's credit from acts, bodies and the ledger's proven storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from credit.catalogue import Catalogue
from credit.domain import (
    CreditError,
    DecisionBody,
    EntryKind,
    Record,
    Standing,
    commitment,
    fold,
    need_lawful,
    parse_body,
    standing,
)
from ledger.claims import Claim
from ledger.errors import SunbidError
from ledger.json_fields import to_hex


@dataclass(frozen=True)
class LedgerFacts:
    """The two slots of a subject in CreditLedger under a block that counts, and that block's time and name."""

    count: int
    head: bytes
    at: int
    evidence: str


@dataclass(frozen=True)
class CreditEvidence:
    """An entry of the subject's chain, posted by the act `digest` at block time `posted_at`.

    Nonce and body are None where they are not disclosed, or were erased.
    """

    digest: bytes
    entry: bytes
    posted_at: int
    nonce: bytes | None = None
    body: bytes | None = None

    def record(self) -> Record:
        """Return the record; a body that cannot be read raises `SunbidError`."""
        return Record(self.digest, self.entry, self.posted_at, parse_body(self.body) if self.body else None)


def credit_claims(
    subject: bytes, evidence: Sequence[CreditEvidence], facts: LedgerFacts, at: int, catalogue: Catalogue
) -> tuple[list[Claim], Standing | None]:
    """Return the claims on a subject's credit, and the standing at `at` if all of them hold.

    The entries must be all there are, in order: they fold to the proven head and are as many as the proven count.
    """
    claims = [_complete(evidence, facts), *(_opened(subject, one, facts, catalogue) for one in evidence)]
    if not all(claim.holds for claim in claims):
        return claims, None
    found = standing(subject, [one.record() for one in evidence], at, catalogue)
    scale = "an illustrative scale" if catalogue.illustrative else catalogue.id
    claims.append(
        Claim(
            "credit.standing",
            True,
            f"The standing is {found.grade} with {found.score} points on {scale}, from {len(found.used)} records in "
            f"force; {found.unknown} entries have no body here.",
            f"信用等级 {found.grade}，{found.score} 分；有效记录 {len(found.used)} 条，正文未提供 {found.unknown} 条。",
            when=at,
            evidence=(facts.evidence,),
        )
    )
    return claims, found


def _complete(evidence: Sequence[CreditEvidence], facts: LedgerFacts) -> Claim:
    entries = [one.entry for one in evidence]
    holds = len(entries) == facts.count and fold(entries) == facts.head
    return Claim(
        "credit.complete",
        holds,
        f"These {facts.count} entries are all that the ledger holds on the subject, in this order.",
        f"账本上该主体的记录共 {facts.count} 条，全部在此，顺序一致。",
        when=facts.at,
        evidence=(facts.evidence,),
        problem="" if holds else "the entries do not fold to the count and head that the chain proves",
    )


def _opened(subject: bytes, one: CreditEvidence, facts: LedgerFacts, catalogue: Catalogue) -> Claim:
    """An entry opens to a lawful body on this subject, or is stated to be closed."""
    evidence = (to_hex(one.digest), to_hex(one.entry), facts.evidence)
    if one.body is None:
        text = "An entry whose body was not given: it exists, and nothing else is claimed of it."
        return Claim("credit.entry", one.nonce is None, text, "该条目正文未提供，仅证明其存在。", when=one.posted_at,
                     evidence=evidence, problem="" if one.nonce is None else "a nonce without a body")  # fmt: skip
    try:
        text_en, text_zh, who = _words(subject, one, catalogue)
    except SunbidError as error:
        return Claim("credit.entry", False, "The body is the one that was committed to.", "正文与承诺一致。",
                     when=one.posted_at, evidence=evidence, problem=error.message)  # fmt: skip
    return Claim("credit.entry", True, text_en, text_zh, who, one.posted_at, evidence)


def _words(subject: bytes, one: CreditEvidence, catalogue: Catalogue) -> tuple[str, str, str]:
    """Return what the entry says; refuse a body that was not committed to, is another's, or against its rule."""
    if one.nonce is None or one.body is None or commitment(one.nonce, one.body) != one.entry:
        raise CreditError("nonce and body do not give the entry on the ledger", code="credit.disagrees")
    body = parse_body(one.body)
    if body.subject != subject:
        raise CreditError("the body is on another subject", code="credit.disagrees")
    who = to_hex(body.authority)
    if isinstance(body, DecisionBody):
        source = need_lawful(body, catalogue).source
        return (f"{body.points} points under rule {body.rule} ({source}).",
                f"依据规则 {body.rule}（{source}）记 {body.points} 分。", who)  # fmt: skip
    repaired = body.kind is EntryKind.REPAIR
    return (f"Decision {to_hex(body.decision)} was {'repaired' if repaired else 'revoked'}.",
            f"决定 {to_hex(body.decision)} 已{'修复' if repaired else '撤销'}。", who)  # fmt: skip
