"""One city's answer about a subject's credit, checked with nothing but the trust file.

An answer carries the ledger's entries in order with the texts that the city holds, and a storage proof under the
block that was asked for. It is proven if the block counts, the entries are all that the ledger holds on the subject,
and every text is the one that was committed to. Pure: a city checks its partners with this, the command line a city.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from credit.catalogue import Catalogue
from credit.claims import CreditEvidence, LedgerFacts, credit_claims
from credit.domain import Body, CreditError, DecisionBody, commitment, parse_body
from credit.proven import SubjectEntries, read_subject
from ledger.acts import digest as act_digest
from ledger.canonical import JsonObject, JsonValue
from ledger.chain.evidence.blocks import VerifiedBlock, block_hash
from ledger.chain.evidence.facts import ProvenState
from ledger.chain.evidence.state import StateEvidence
from ledger.chain.evidence.trust import TrustFile
from ledger.claims import Claim
from ledger.eip712 import Domain
from ledger.errors import SunbidError
from ledger.json_fields import (
    read_b32,
    read_bytes,
    read_integer,
    read_list,
    read_maybe,
    read_members,
    to_hex,
    to_hex_or_null,
)

VERSION = 1
MAX_ENTRIES = 1024
"""Entries an answer: a subject with more is asked for at its city."""


class AnswerStatus(StrEnum):
    """What an answer is worth."""

    PROVEN = "proven"
    FALSE = "false"
    """The answer contradicts the chain or its own commitments: the city is named."""
    UNPROVEN = "unproven"
    """Too few cities attest the block now: neither true nor false can be shown."""


@dataclass(frozen=True)
class Question:
    """Whose standing, at which moment (unix seconds), by the ledger as of which block (number and 32-byte hash)."""

    subject: bytes
    at: int
    block: int
    block_hash: bytes


@dataclass(frozen=True)
class GivenEntry:
    """An entry of the subject's chain by its act's digest; nonce and body where the city holds them."""

    digest: bytes
    entry: bytes
    nonce: bytes | None = None
    body: bytes | None = None

    def to_json(self) -> JsonObject:
        """Return the JSON form."""
        return {
            "digest": to_hex(self.digest),
            "entry": to_hex(self.entry),
            "nonce": to_hex_or_null(self.nonce),
            "body": to_hex_or_null(self.body),
        }

    @classmethod
    def from_json(cls, value: JsonValue) -> GivenEntry:
        """Return what `to_json` wrote; refuse every other value."""
        members = read_members(value, "entry", ("digest", "entry", "nonce", "body"))
        return cls(
            read_b32(members["digest"], "digest"),
            read_b32(members["entry"], "entry"),
            read_maybe(read_b32, members["nonce"], "nonce"),
            read_maybe(read_bytes, members["body"], "body"),
        )


@dataclass(frozen=True)
class CreditAnswer:
    """One city's answer: entries in the ledger's order, and the storage proof of them."""

    subject: bytes
    evidence: StateEvidence
    entries: tuple[GivenEntry, ...]

    def to_json(self) -> JsonObject:
        """Return what `GET /v1/proofs/credit/{subject}` serves."""
        entries: list[JsonValue] = [entry.to_json() for entry in self.entries]
        return {
            "v": VERSION,
            "subject": to_hex(self.subject),
            "evidence": self.evidence.to_json(),
            "entries": entries,
        }

    @classmethod
    def from_json(cls, value: JsonValue) -> CreditAnswer:
        """Return what `to_json` wrote; refuse every other value. Nothing is verified by that."""
        members = read_members(value, "credit answer", ("v", "subject", "evidence", "entries"))
        if read_integer(members["v"], "v") != VERSION:
            raise CreditError(f"This is no credit answer of version {VERSION}.", code="credit.answer_malformed")
        entries = read_list(members["entries"], "entries")
        if len(entries) > MAX_ENTRIES:
            raise CreditError(f"An answer has at most {MAX_ENTRIES} entries.", code="credit.answer_too_large")
        return cls(
            read_b32(members["subject"], "subject"),
            StateEvidence.from_json(members["evidence"]),
            tuple(GivenEntry.from_json(entry) for entry in entries),
        )


@dataclass(frozen=True)
class AnswerVerdict:
    """What was checked of one answer; `ledger` and `entries` only if it is proven."""

    status: AnswerStatus
    claims: tuple[Claim, ...]
    ledger: SubjectEntries | None = None
    entries: tuple[GivenEntry, ...] = ()


def verify_answer(
    question: Question,
    answer: CreditAnswer,
    trust: TrustFile,
    attestations: Sequence[bytes],
    catalogue: Catalogue,
) -> AnswerVerdict:
    """Return what one answer is worth, with a claim for each thing that was checked; never raises for a bad answer.

    `attestations` are cities' signatures of the block, needed where no validator seals blocks.
    """
    try:
        other = _other_question(question, answer, trust)
        if other:
            return AnswerVerdict(AnswerStatus.FALSE, (_asked_claim(question, other),))
        block, state = answer.evidence.open(trust, attestations)
    except SunbidError as error:
        status = AnswerStatus.UNPROVEN if error.code == "evidence.attestation" else AnswerStatus.FALSE
        return AnswerVerdict(status, (_block_claim(question, problem=error.message),))
    counts = _block_claim(question, block)
    try:
        ledger = _read(state, question, answer, trust)
    except SunbidError as error:
        return AnswerVerdict(AnswerStatus.FALSE, (counts, _ledger_claim(question, None, error.message)))
    claims = [counts, _ledger_claim(question, ledger), *_entry_claims(question, answer, ledger, block, catalogue)]
    claims += _act_claims(answer, ledger, trust, catalogue)
    if not all(claim.holds for claim in claims):
        return AnswerVerdict(AnswerStatus.FALSE, tuple(claims))
    return AnswerVerdict(AnswerStatus.PROVEN, tuple(claims), ledger, answer.entries)


def _other_question(question: Question, answer: CreditAnswer, trust: TrustFile) -> str:
    """Return how the answer is one to another question, nothing if it is to this one."""
    header = answer.evidence.header
    if answer.subject != question.subject:
        return f"the answer is about {to_hex(answer.subject)}"
    if header.number != question.block:
        return f"the answer is of block {header.number}, not of block {question.block}"
    if block_hash(trust.evidence, header) != question.block_hash:
        return f"the answer shows another block {header.number} than the one asked for"
    return ""


def _asked_claim(question: Question, problem: str) -> Claim:
    return Claim(
        "credit.asked",
        holds=False,
        text_en=f"The answer is about {to_hex(question.subject)} at block {question.block}.",
        text_zh=f"答复针对 {to_hex(question.subject)}，截至区块 {question.block}。",
        problem=problem,
    )


def _block_claim(question: Question, block: VerifiedBlock | None = None, problem: str = "") -> Claim:
    by = ", ".join(block.vouched_by) if block else ""
    return Claim(
        "block.counts",
        block is not None,
        f"Block {question.block} counts{', vouched for by ' + by if by else ''}.",
        f"区块 {question.block} 有效{'，见证方：' + by if by else ''}。",
        when=block.timestamp if block else None,
        evidence=(to_hex(question.block_hash),),
        problem=problem,
    )


def _ledger_claim(question: Question, ledger: SubjectEntries | None, problem: str = "") -> Claim:
    return Claim(
        "credit.ledger",
        ledger is not None,
        f"CreditLedger, as CityRegistry names it, holds {ledger.count if ledger else 'these'} entries on the subject.",
        f"城市注册表所指的信用账本上，该主体有 {ledger.count if ledger else '上述'} 条记录。",
        evidence=(f"block {question.block}",),
        problem=problem,
    )


def _read(state: ProvenState, question: Question, answer: CreditAnswer, trust: TrustFile) -> SubjectEntries:
    return read_subject(state, trust.city_registry, question.subject, [entry.digest for entry in answer.entries])


def _entry_claims(
    question: Question, answer: CreditAnswer, ledger: SubjectEntries, block: VerifiedBlock, catalogue: Catalogue
) -> list[Claim]:
    facts = LedgerFacts(ledger.count, ledger.head, block.timestamp, f"block {block.number}")
    evidence = [
        CreditEvidence(act.digest, given.entry, act.posted_at, given.nonce, given.body)
        for act, given in zip(ledger.acts, answer.entries, strict=True)
    ]
    return credit_claims(question.subject, evidence, facts, question.at, catalogue)[0]


def _act_claims(
    answer: CreditAnswer, ledger: SubjectEntries, trust: TrustFile, catalogue: Catalogue
) -> Iterable[Claim]:
    """Yield a failing claim for each text that is not what the authority signed: the act is made again from it."""
    domain = Domain(trust.chain_id, ledger.ledger)
    for given in answer.entries:
        if given.nonce is None or given.body is None or commitment(given.nonce, given.body) != given.entry:
            continue
        try:
            signed = _act_of(parse_body(given.body), given.nonce, domain, catalogue)
        except SunbidError:
            continue  # credit.entry fails for it already and says why
        if signed != given.digest:
            yield Claim(
                "credit.act",
                holds=False,
                text_en="The text is that of the act which the ledger accepted.",
                text_zh="正文与账本接受的行为一致。",
                evidence=(to_hex(given.digest),),
                problem="the act that follows from the text is not the one on the ledger at this place",
            )


def _act_of(body: Body, nonce: bytes, domain: Domain, catalogue: Catalogue) -> bytes:
    act = body.act(nonce, catalogue) if isinstance(body, DecisionBody) else body.act(nonce)
    return act_digest(act, domain)
