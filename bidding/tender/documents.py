"""The documents inside a bid's envelopes, as canonical JSON: one form for device, opening, panel and verifier.

All share `{v, kind, tender, lot, statement, attachments}`; `kind` is the envelope's name, `tender` the id as 0x hex.

| kind          | members beside these |
|---------------|----------------------|
| qualification | `answers`: for each requirement of the notice `{requirement, met, text}` |
| technical     | `answers`: for each technical criterion of the notice `{criterion, text}` |
| price         | `prices`: list of `{currency, amount}`, each currency once, in the order to be read out; |
|               | `bidder`: `{name, uscc}` or null |

An attachment is `{name, mediaType, sha256, content}` with the content in base64, so that an envelope is one file. A bid
may name several currencies; an empty list of prices is a bid without a price. Which of these can be compared is for
the evaluation to say, not for the reader.

A bid counts by its bidder's id. `bidder` is how it names itself when prices are read out: its name, and its unified
social credit code (null for a company without one). The code proves itself, for the id is made from it; which name
belongs to a code stands in the public register.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from bidding.tender.money import Money, MoneyError, parse_money
from ledger import canonical
from ledger.acts import Envelope
from ledger.canonical import JsonObject, JsonValue
from ledger.errors import SunbidError
from ledger.identity import IdentityError, Uscc
from ledger.json_fields import read_flag, read_list, read_members, read_text, read_words, to_hex

VERSION = 1
MAX_SIZE = 64 * 1024 * 1024
MAX_NAME = 300
_COMMON = {"v", "kind", "tender", "lot", "statement", "attachments"}


class DocumentError(SunbidError):
    """A bid document that cannot be read as what its envelope says it is."""

    code = "document.malformed"


@dataclass(frozen=True)
class Attachment:
    """A file inside an envelope."""

    name: str
    media_type: str
    content: bytes

    def to_json(self) -> JsonObject:
        """Return `{name, mediaType, sha256, content}`."""
        return {
            "name": self.name,
            "mediaType": self.media_type,
            "sha256": to_hex(hashlib.sha256(self.content).digest()),
            "content": base64.b64encode(self.content).decode("ascii"),
        }


@dataclass(frozen=True)
class Answer:
    """What a bidder says to a requirement (with `met`) or to a technical criterion of the notice."""

    item: str
    text: str
    met: bool | None = None


@dataclass(frozen=True)
class BidderName:
    """How a bidder names itself in its price document."""

    name: str
    uscc: str | None = None

    def is_proven(self, bidder: bytes) -> bool:
        """Say whether the code is the one that the bidder's 32-byte id is made from."""
        return self.uscc is not None and Uscc(self.uscc).organisation_id == bidder

    def to_json(self) -> JsonObject:
        """Return `{name, uscc}`."""
        return {"name": self.name, "uscc": self.uscc}


@dataclass(frozen=True)
class BidDocument:
    """One envelope's document; `prices` and `bidder` for price, `answers` for the others."""

    envelope: Envelope
    tender: bytes
    lot: int
    statement: str = ""
    prices: tuple[Money, ...] = ()
    answers: tuple[Answer, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    bidder: BidderName | None = None

    def to_bytes(self) -> bytes:
        """Return the canonical bytes that are sealed; refuse what `parse_document` would refuse."""
        value: JsonObject = {
            "v": VERSION,
            "kind": self.envelope.text,
            "tender": to_hex(self.tender),
            "lot": self.lot,
            "statement": self.statement,
            "attachments": [a.to_json() for a in self.attachments],
        }
        match self.envelope:
            case Envelope.PRICE:
                value["bidder"] = self.bidder.to_json() if self.bidder else None
                value["prices"] = [price.to_json() for price in self.prices]
            case Envelope.TECHNICAL:
                value["answers"] = [{"criterion": a.item, "text": a.text} for a in self.answers]
            case Envelope.QUALIFICATION:
                value["answers"] = [{"requirement": a.item, "text": a.text, "met": a.met} for a in self.answers]
        data = canonical.dumps(value, max_size=MAX_SIZE)
        if parse_document(data, self.envelope, self.tender, self.lot) != self:
            raise DocumentError("this document would be read as another one")
        return data


def parse_document(data: bytes, envelope: Envelope, tender: bytes, lot: int) -> BidDocument:
    """Return the document of an opened envelope; refuse another form, kind, tender or lot than the header's."""
    is_price = envelope is Envelope.PRICE
    own = {"prices", "bidder"} if is_price else {"answers"}
    value = read_members(canonical.loads(data, max_size=MAX_SIZE), f"a {envelope.text} document", _COMMON | own)
    if (value["v"], value["kind"]) != (VERSION, envelope.text):
        raise DocumentError(f"the envelope holds no {envelope.text} document of version {VERSION}")
    if (value["tender"], value["lot"]) != (to_hex(tender), lot) or isinstance(value["lot"], bool):
        raise DocumentError("the document is for another tender or lot", code="document.foreign")
    return BidDocument(
        envelope,
        tender,
        lot,
        read_text(value["statement"], "statement"),
        _prices(value["prices"]) if is_price else (),
        () if is_price else tuple(_answer(a, envelope) for a in read_list(value["answers"], "answers")),
        tuple(_attachment(a) for a in read_list(value["attachments"], "attachments")),
        _bidder(value["bidder"]) if is_price else None,
    )


def price_document(
    tender: bytes, lot: int, prices: tuple[Money, ...], statement: str = "", *, bidder: BidderName | None = None
) -> bytes:
    """Return the canonical bytes of a price document."""
    return BidDocument(Envelope.PRICE, tender, lot, statement, prices=prices, bidder=bidder).to_bytes()


def _bidder(value: JsonValue) -> BidderName | None:
    if value is None:
        return None
    item = read_members(value, "bidder", {"name", "uscc"})
    code = item["uscc"]
    try:
        uscc = None if code is None else Uscc(read_text(code, "uscc")).code
    except IdentityError as error:
        raise DocumentError(f"the bidder's code cannot be read: {error.message}", code="document.bidder") from error
    name = read_words(item["name"], "name")
    if not name.isprintable() or len(name) > MAX_NAME:
        raise DocumentError(f"a bidder's name is one line of at most {MAX_NAME} characters", code="document.bidder")
    return BidderName(name, uscc)


def _prices(value: JsonValue) -> tuple[Money, ...]:
    try:
        prices = tuple(parse_money(item) for item in read_list(value, "prices"))
    except MoneyError as error:
        raise DocumentError(f"a price cannot be read: {error.message}", code="document.price") from error
    if len({price.currency for price in prices}) != len(prices):
        raise DocumentError("a bid names each currency once", code="document.price")
    return prices


def _answer(value: JsonValue, envelope: Envelope) -> Answer:
    if envelope is Envelope.TECHNICAL:
        item = read_members(value, "answer", {"criterion", "text"})
        return Answer(read_words(item["criterion"], "criterion"), read_words(item["text"], "text"))
    item = read_members(value, "answer", {"requirement", "text", "met"})
    return Answer(
        read_words(item["requirement"], "requirement"), read_words(item["text"], "text"), read_flag(item["met"], "met")
    )


def _attachment(value: JsonValue) -> Attachment:
    item = read_members(value, "attachment", {"name", "mediaType", "sha256", "content"})
    try:
        content = base64.b64decode(read_text(item["content"], "content"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise DocumentError("an attachment's content is no base64") from error
    attachment = Attachment(read_words(item["name"], "name"), read_words(item["mediaType"], "mediaType"), content)
    if attachment.to_json() != value:
        raise DocumentError("an attachment does not match its hash or is not spelt canonically")
    return attachment
