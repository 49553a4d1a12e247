"""Credit: bodies of decisions, revocations and repairs, and the standing that follows from them at any moment.

The chain holds only commitments, `entry = SHA-256(nonce32 ‖ body)`, in one hash chain a subject; the bodies stay with
the city that decided. Standing is computed from bodies for a stated moment: by what was posted by then, for records in
force then. A repaired or revoked record stops being used from the moment that its repair or revocation is posted
(信用修复管理办法); nothing is ever deleted from the chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from credit.catalogue import DAY, Catalogue, Grade, Rule, read_points
from ledger import canonical
from ledger.acts import ZERO32, CreditDecision, CreditRepair, CreditRevocation
from ledger.canonical import JsonObject
from ledger.errors import SunbidError
from ledger.json_fields import read_b32, read_enum, read_integer, read_members, read_words, to_hex

VERSION = 1
_KEYS = {
    "credit-decision": ("v", "kind", "subject", "authority", "rule", "points", "from", "to", "document", "text"),
    "credit-revocation": ("v", "kind", "subject", "authority", "decision", "document", "text"),
    "credit-repair": ("v", "kind", "subject", "authority", "decision", "document", "text"),
}


class CreditError(SunbidError):
    """A credit record that its rule, its body or the records before it do not support."""

    code = "credit.refused"


class EntryKind(StrEnum):
    """What an entry in a subject's chain is."""

    DECISION = "credit-decision"
    REVOCATION = "credit-revocation"
    REPAIR = "credit-repair"


@dataclass(frozen=True)
class DecisionBody:
    """Why `subject` gets `points` under a rule from `from_` to `to` (unix seconds, the end not included).

    `document` is the SHA-256 of the paper that the decision rests on; `text` says in words what was found.
    """

    subject: bytes
    authority: bytes
    rule: str
    points: Decimal
    from_: int
    to: int
    document: bytes
    text: str

    def to_bytes(self) -> bytes:
        """Return the canonical bytes of the body."""
        value: JsonObject = {
            "v": VERSION,
            "kind": EntryKind.DECISION.value,
            "subject": to_hex(self.subject),
            "authority": to_hex(self.authority),
            "rule": self.rule,
            "points": format(self.points, "f"),
            "from": self.from_,
            "to": self.to,
            "document": to_hex(self.document),
            "text": self.text,
        }
        return canonical.dumps(value)

    def act(self, nonce: bytes, catalogue: Catalogue) -> CreditDecision:
        """Return the act that the authority signs."""
        rule = catalogue.rule(self.rule).hash
        entry = commitment(nonce, self.to_bytes())
        return CreditDecision(self.subject, rule, format(self.points, "f"), self.document, self.from_, self.to, entry)


@dataclass(frozen=True)
class EndingBody:
    """Why the decision with this digest is not used any more: it was taken back, or it is repaired."""

    kind: EntryKind
    subject: bytes
    authority: bytes
    decision: bytes
    document: bytes
    text: str

    def to_bytes(self) -> bytes:
        """Return the canonical bytes of the body."""
        value: JsonObject = {
            "v": VERSION,
            "kind": self.kind.value,
            "subject": to_hex(self.subject),
            "authority": to_hex(self.authority),
            "decision": to_hex(self.decision),
            "document": to_hex(self.document),
            "text": self.text,
        }
        return canonical.dumps(value)

    def act(self, nonce: bytes) -> CreditRevocation | CreditRepair:
        """Return the act that the authority signs."""
        made = CreditRepair if self.kind is EntryKind.REPAIR else CreditRevocation
        return made(self.subject, self.decision, self.document, commitment(nonce, self.to_bytes()))


Body = DecisionBody | EndingBody


def parse_body(data: bytes) -> Body:
    """Return the body of canonical bytes; refuse another form."""
    value = canonical.loads_object(data)
    kind = read_enum(EntryKind, value.get("kind"), "kind")
    read_members(value, "credit body", _KEYS[kind.value])
    if value["v"] != VERSION:
        raise CreditError(f"this is no credit body of version {VERSION}", code="credit.body")
    subject, authority = read_b32(value["subject"], "subject"), read_b32(value["authority"], "authority")
    document, text = read_b32(value["document"], "document"), read_words(value["text"], "text")
    if kind is not EntryKind.DECISION:
        return EndingBody(kind, subject, authority, read_b32(value["decision"], "decision"), document, text)
    body = DecisionBody(
        subject,
        authority,
        read_words(value["rule"], "rule"),
        read_points(value["points"], "points"),
        read_integer(value["from"], "from"),
        read_integer(value["to"], "to"),
        document,
        text,
    )
    if body.from_ >= body.to:
        raise CreditError("a record is in force from one moment to a later one", code="credit.window")
    return body


def commitment(nonce: bytes, body: bytes) -> bytes:
    """Return SHA-256(nonce32 ‖ body), the entry that stands on chain."""
    if len(nonce) != 32:
        raise CreditError("a nonce has 32 bytes", code="credit.nonce")
    return hashlib.sha256(nonce + body).digest()


def need_lawful(body: DecisionBody, catalogue: Catalogue) -> Rule:
    """Return the rule of a decision; refuse points or a duration that it does not allow."""
    rule = catalogue.rule(body.rule)
    if not rule.lowest <= body.points <= rule.highest:
        raise CreditError(f"{rule.id} gives {rule.lowest} to {rule.highest} points ({rule.source})",
                          code="credit.points", rule=rule.id)  # fmt: skip
    if body.to - body.from_ > rule.days * DAY:
        raise CreditError(f"{rule.id} is in force for {rule.days} days at most ({rule.source})",
                          code="credit.window", rule=rule.id)  # fmt: skip
    return rule


def need_repairable(decided: DecisionBody, at: int, catalogue: Catalogue) -> None:
    """Refuse a repair before the rule's minimum period has passed since the record took force (36号令)."""
    rule = catalogue.rule(decided.rule)
    earliest = decided.from_ + rule.repair_after_days * DAY
    if at < earliest:
        raise CreditError(f"a record under {rule.id} is repaired after {rule.repair_after_days} days at the earliest",
                          code="credit.repair_too_early", earliest=earliest)  # fmt: skip


@dataclass(frozen=True)
class Record:
    """An entry of a subject's chain: the act's digest, the block time it was posted, its body if that is known here."""

    digest: bytes
    entry: bytes
    posted_at: int
    body: Body | None


@dataclass(frozen=True)
class Used:
    """A decision that counts at the moment asked for."""

    digest: bytes
    body: DecisionBody
    rule: Rule


@dataclass(frozen=True)
class Standing:
    """A subject's standing at a moment; `unknown` counts entries whose body is not held here, so nothing is hidden."""

    subject: bytes
    at: int
    score: Decimal
    grade: Grade
    used: tuple[Used, ...]
    unknown: int


def standing(subject: bytes, records: Iterable[Record], at: int, catalogue: Catalogue) -> Standing:
    """Return the standing at `at` by what was posted by then, in the order of the chain."""
    posted = [record for record in records if record.posted_at <= at]
    ended = {record.body.decision for record in posted if isinstance(record.body, EndingBody)}
    used = tuple(
        Used(record.digest, record.body, catalogue.rule(record.body.rule))
        for record in posted
        if isinstance(record.body, DecisionBody)
        and record.digest not in ended
        and record.body.from_ <= at < record.body.to
    )
    total = catalogue.base + sum((one.body.points for one in used), Decimal(0))
    score = min(max(total, Decimal(0)), catalogue.cap)
    grades = [catalogue.grade_of(score), *(one.rule.grade for one in used if one.rule.grade)]
    unknown = sum(record.body is None for record in posted)
    return Standing(subject, at, score, max(grades), used, unknown)


def fold(entries: Iterable[bytes]) -> bytes:
    """Return the head of a subject's chain: SHA-256(head ‖ entry), from 32 zero bytes (CreditLedger)."""
    head = ZERO32
    for entry in entries:
        head = hashlib.sha256(head + entry).digest()
    return head
