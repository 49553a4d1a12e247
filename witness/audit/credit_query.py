"""A question about a subject's credit to all cities, their replies, and what these are worth together.

A city that gives no answer or a false one is named; what no proven answer gave a text for is named with the city that
posted it, which the ledger proves. Pure: the city that asked judges with this, and whoever asked that city judges
again, from the same replies and his own trust file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from credit.catalogue import Catalogue
from credit.domain import Body, CreditError, Record, Standing, parse_body, standing
from ledger.canonical import JsonObject, JsonValue
from ledger.chain.evidence.trust import TrustFile
from ledger.errors import SunbidError
from ledger.json_fields import read_b32, read_bytes, read_integer, read_list, read_object, read_text, to_hex
from witness.audit.credit_answer import AnswerStatus, AnswerVerdict, CreditAnswer, Question, verify_answer

VERSION = 1
MAX_CITIES = 64
SILENT, REFUSED = "silent", "refused"
"""The status of a city that could not be reached, and of one that said why it gives no answer."""
UNREACHED = "peer.unavailable"


@dataclass(frozen=True)
class CityReply:
    """What one city replied: its answer as JSON, or the code and message of why there is none."""

    city: str
    answer: JsonValue = None
    code: str = ""
    message: str = ""

    def to_json(self) -> JsonObject:
        """Return the JSON form."""
        return {"city": self.city, "answer": self.answer, "code": self.code, "message": self.message}

    @classmethod
    def from_json(cls, value: JsonValue) -> CityReply:
        """Return the reply in what `to_json` wrote; the answer stays unread."""
        members = read_object(value, "reply")
        texts = [read_text(members.get(name), name) for name in ("city", "code", "message")]
        return cls(texts[0], members.get("answer"), *texts[1:])


@dataclass(frozen=True)
class CreditQuery:
    """The question, the replies by city, and cities' signatures of the block that was asked for."""

    question: Question
    replies: tuple[CityReply, ...]
    attestations: tuple[bytes, ...]

    def to_json(self) -> JsonObject:
        """Return what `GET /v1/query/credit/{subject}` serves, without the city's own verdict."""
        question = self.question
        return {
            "v": VERSION,
            "subject": to_hex(question.subject),
            "at": question.at,
            "block": question.block,
            "blockHash": to_hex(question.block_hash),
            "attestations": [to_hex(signature) for signature in self.attestations],
            "replies": [reply.to_json() for reply in self.replies],
        }

    @classmethod
    def from_json(cls, value: JsonValue) -> CreditQuery:
        """Return the query in what `to_json` wrote; refuse another form. A verdict beside it is not read."""
        members = read_object(value, "credit query")
        if read_integer(members.get("v"), "v") != VERSION:
            raise CreditError(f"This is no credit query of version {VERSION}.", code="credit.query_malformed")
        question = Question(
            read_b32(members.get("subject"), "subject"),
            read_integer(members.get("at"), "at"),
            read_integer(members.get("block"), "block"),
            read_b32(members.get("blockHash"), "blockHash"),
        )
        replies = tuple(CityReply.from_json(item) for item in read_list(members.get("replies"), "replies"))
        signatures = read_list(members.get("attestations"), "attestations")
        if max(len(replies), len(signatures)) > MAX_CITIES:
            raise CreditError(f"A query has at most {MAX_CITIES} cities.", code="credit.query_too_large")
        return cls(question, replies, tuple(read_bytes(item, "attestation") for item in signatures))


@dataclass(frozen=True)
class CityVerdict:
    """What one city's reply is worth; `verdict` is None if it is silent or cannot be read."""

    city: str
    status: str
    problem: str = ""
    verdict: AnswerVerdict | None = None


@dataclass(frozen=True)
class MergedEntry:
    """A proven entry: its place from 1, the city that posted it, its block time, and its text if any city gave it."""

    index: int
    city: bytes
    posted_at: int
    digest: bytes
    entry: bytes
    body: Body | None


@dataclass(frozen=True)
class Merged:
    """What the proven answers come to together; `missing` has the places of entries without text by posting city."""

    entries: tuple[MergedEntry, ...]
    standing: Standing
    missing: Mapping[bytes, tuple[int, ...]]


def merge(question: Question, verdicts: Iterable[AnswerVerdict], catalogue: Catalogue) -> Merged | None:
    """Return what the proven answers come to, None if there is none: all are of one block, so their entries agree."""
    proven = [verdict for verdict in verdicts if verdict.ledger is not None]
    if not proven:
        return None
    ledger = proven[0].ledger
    assert ledger is not None
    given = {e.digest: e.body for verdict in proven for e in verdict.entries if e.body is not None}
    commitments = {entry.digest: entry.entry for entry in proven[0].entries}
    entries = tuple(
        MergedEntry(
            act.index,
            act.city,
            act.posted_at,
            act.digest,
            commitments[act.digest],
            parse_body(given[act.digest]) if act.digest in given else None,
        )
        for act in ledger.acts
    )
    records = [Record(entry.digest, entry.entry, entry.posted_at, entry.body) for entry in entries]
    missing: dict[bytes, tuple[int, ...]] = {}
    for entry in entries:
        if entry.body is None:
            missing[entry.city] = (*missing.get(entry.city, ()), entry.index)
    return Merged(entries, standing(question.subject, records, question.at, catalogue), missing)


@dataclass(frozen=True)
class QueryVerdict:
    """What every city's reply is worth, and what the proven ones come to together."""

    cities: tuple[CityVerdict, ...]
    merged: Merged | None

    @property
    def liars(self) -> tuple[str, ...]:
        """The cities whose answers are false."""
        return tuple(city.city for city in self.cities if city.status == AnswerStatus.FALSE)


def judge(query: CreditQuery, trust: TrustFile, catalogue: Catalogue) -> QueryVerdict:
    """Return what the replies are worth by the trust file; never raises for a bad reply."""
    cities = tuple(_judge(query, reply, trust, catalogue) for reply in query.replies)
    merged = merge(query.question, [city.verdict for city in cities if city.verdict is not None], catalogue)
    return QueryVerdict(cities, merged)


def _judge(query: CreditQuery, reply: CityReply, trust: TrustFile, catalogue: Catalogue) -> CityVerdict:
    if reply.answer is None:
        return CityVerdict(reply.city, SILENT if reply.code == UNREACHED else REFUSED, reply.message or reply.code)
    try:
        answer = CreditAnswer.from_json(reply.answer)
    except SunbidError as error:
        return CityVerdict(reply.city, AnswerStatus.FALSE.value, error.message)
    verdict = verify_answer(query.question, answer, trust, query.attestations, catalogue)
    problem = next((claim.problem for claim in verdict.claims if not claim.holds), "")
    return CityVerdict(reply.city, verdict.status.value, problem, verdict)
