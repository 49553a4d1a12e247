"""The notice (招标公告): what bidders answer, as canonical JSON whose SHA-256 announcement, amendment and bids carry.

It repeats from its rule pack what a bidder must know before sealing (what happens with envelopes a bidder does not
open, how many bidders a lot needs, how ties are broken), and `consistency` holds notice, pack and announcement
against each other, so that nobody signs three texts that disagree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from bidding.tender.domain import TenderError
from bidding.tender.money import Money, parse_amount, parse_money
from bidding.tender.rules import RulePack
from ledger import canonical
from ledger.acts import Envelope
from ledger.canonical import JsonObject, JsonValue
from ledger.json_fields import read_b32, read_integer, read_list, read_members, read_texts, read_words, to_hex

Texts: TypeAlias = Mapping[str, str]
"""One text in each language of the product."""

VERSION = 1
MAX_SIZE = 256 * 1024
_KEYS = {
    "v", "kind", "title", "tenderer", "rulePack", "lots", "unopened", "minimumBidders", "ties", "documents",
    "replaces", "changes",
}  # fmt: skip
_LOT_KEYS = {"number", "title", "currency", "envelopes", "ceiling", "floor", "requirements", "criteria"}


class NoticeError(TenderError):
    """A notice that cannot be read, or that disagrees with its rule pack or announcement."""

    code = "notice.malformed"


@dataclass(frozen=True)
class Requirement:
    """A qualification requirement (资格条件) that bids meet or not."""

    id: str
    text: Texts


@dataclass(frozen=True)
class Criterion:
    """A technical criterion with the most points a sheet may give for it."""

    id: str
    text: Texts
    maximum: Decimal


@dataclass(frozen=True)
class NoticeLot:
    """A lot (标段): its envelopes in order of opening, price limits (最高限价 REG 27), requirements, criteria."""

    number: int
    title: Texts
    currency: str
    envelopes: tuple[Envelope, ...]
    ceiling: Money | None = None
    floor: Money | None = None
    requirements: tuple[Requirement, ...] = ()
    criteria: tuple[Criterion, ...] = ()

    @property
    def envelope_bits(self) -> int:
        """The bit set of the announcement's lot."""
        return sum(envelope.bit for envelope in self.envelopes)


@dataclass(frozen=True)
class NoticeDocument:
    """A tender document that travels beside the notice."""

    name: str
    media_type: str
    sha256: bytes
    size: int


@dataclass(frozen=True)
class Notice:
    """One notice; an amended one names the notice it `replaces` and says what `changes`."""

    title: Texts
    tenderer: str
    rule_pack: bytes
    lots: tuple[NoticeLot, ...]
    unopened: str
    minimum_bidders: int
    ties: tuple[str, ...]
    documents: tuple[NoticeDocument, ...] = ()
    replaces: bytes | None = None
    changes: Texts | None = None

    def lot(self, number: int) -> NoticeLot:
        """Return the lot with this number."""
        for lot in self.lots:
            if lot.number == number:
                return lot
        raise NoticeError(f"the notice has no lot {number}", code="notice.lot_unknown", lot=number)

    def to_bytes(self) -> bytes:
        """Return the canonical bytes."""
        value: JsonObject = {
            "v": VERSION,
            "kind": "notice",
            "title": dict(self.title),
            "tenderer": self.tenderer,
            "rulePack": to_hex(self.rule_pack),
            "lots": [_lot_to_json(lot) for lot in self.lots],
            "unopened": self.unopened,
            "minimumBidders": self.minimum_bidders,
            "ties": list(self.ties),
            "documents": [
                {"name": d.name, "mediaType": d.media_type, "sha256": to_hex(d.sha256), "size": d.size}
                for d in self.documents
            ],
            "replaces": to_hex(self.replaces) if self.replaces else None,
            "changes": dict(self.changes) if self.changes else None,
        }
        return canonical.dumps(value, max_size=MAX_SIZE)

    @property
    def hash(self) -> bytes:
        """SHA-256 of the canonical bytes."""
        return hashlib.sha256(self.to_bytes()).digest()


def notice_for(pack: RulePack, title: Texts, tenderer: str, lots: tuple[NoticeLot, ...]) -> Notice:
    """Return a notice under `pack` with everything that a notice repeats from it."""
    terms = pack.terms
    return Notice(
        title,
        tenderer,
        pack.hash,
        lots,
        terms.committee.name.lower(),
        terms.minimum_bidders,
        tuple(tie.value for tie in terms.ties),
    )


def parse_notice(data: bytes) -> Notice:
    """Return the notice of canonical bytes; refuse missing, unknown and malformed members."""
    value = read_members(canonical.loads(data, max_size=MAX_SIZE), "notice", _KEYS)
    if (value["v"], value["kind"]) != (VERSION, "notice"):
        raise NoticeError(f"this is no notice of version {VERSION}")
    notice = Notice(
        read_texts(value["title"], "title"),
        read_words(value["tenderer"], "tenderer"),
        read_b32(value["rulePack"], "rulePack"),
        tuple(_lot(item) for item in read_list(value["lots"], "lots")),
        read_words(value["unopened"], "unopened"),
        read_integer(value["minimumBidders"], "minimumBidders"),
        tuple(read_words(item, "ties") for item in read_list(value["ties"], "ties")),
        tuple(_document(item) for item in read_list(value["documents"], "documents")),
        None if value["replaces"] is None else read_b32(value["replaces"], "replaces"),
        None if value["changes"] is None else read_texts(value["changes"], "changes"),
    )
    numbers = [lot.number for lot in notice.lots]
    if not numbers or numbers != sorted(set(numbers)):
        raise NoticeError("lots are numbered in ascending order, and there is at least one")
    if notice.to_bytes() != data:
        raise NoticeError("a value of the notice is not spelt canonically (hex in lower case, plain decimals)")
    return notice


def _lot_to_json(lot: NoticeLot) -> JsonObject:
    return {
        "number": lot.number,
        "title": dict(lot.title),
        "currency": lot.currency,
        "envelopes": [envelope.text for envelope in lot.envelopes],
        "ceiling": lot.ceiling.to_json() if lot.ceiling else None,
        "floor": lot.floor.to_json() if lot.floor else None,
        "requirements": [{"id": r.id, "text": dict(r.text)} for r in lot.requirements],
        "criteria": [{"id": c.id, "text": dict(c.text), "maximum": format(c.maximum, "f")} for c in lot.criteria],
    }


def _lot(value: JsonValue) -> NoticeLot:
    item = read_members(value, "lot", _LOT_KEYS)
    names = {envelope.text: envelope for envelope in Envelope}
    stated = [read_words(name, "envelopes") for name in read_list(item["envelopes"], "envelopes")]
    envelopes = tuple(names[name] for name in stated if name in names)
    if len(envelopes) != len(stated) or list(envelopes) != sorted(set(envelopes)) or not envelopes:
        raise NoticeError("envelopes are some of qualification, technical, price, in this order")
    lot = NoticeLot(
        read_integer(item["number"], "number"),
        read_texts(item["title"], "title"),
        read_words(item["currency"], "currency"),
        envelopes,
        None if item["ceiling"] is None else parse_money(item["ceiling"]),
        None if item["floor"] is None else parse_money(item["floor"]),
        tuple(_requirement(r) for r in read_list(item["requirements"], "requirements")),
        tuple(_criterion(c) for c in read_list(item["criteria"], "criteria")),
    )
    if any(limit and limit.currency != lot.currency for limit in (lot.ceiling, lot.floor)):
        raise NoticeError("ceiling and floor are in the lot's currency")
    if len({c.id for c in lot.criteria}) != len(lot.criteria):
        raise NoticeError("each criterion has an id of its own")
    return lot


def _requirement(value: JsonValue) -> Requirement:
    item = read_members(value, "requirement", {"id", "text"})
    return Requirement(read_words(item["id"], "id"), read_texts(item["text"], "text"))


def _criterion(value: JsonValue) -> Criterion:
    item = read_members(value, "criterion", {"id", "text", "maximum"})
    return Criterion(
        read_words(item["id"], "id"), read_texts(item["text"], "text"), parse_amount(item["maximum"], "maximum")
    )


def _document(value: JsonValue) -> NoticeDocument:
    item = read_members(value, "document", {"name", "mediaType", "sha256", "size"})
    return NoticeDocument(
        read_words(item["name"], "name"),
        read_words(item["mediaType"], "mediaType"),
        read_b32(item["sha256"], "sha256"),
        read_integer(item["size"], "size"),
    )
