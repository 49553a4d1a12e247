"""A small tender with three cities, its committee and its bidders, for tests of slips, lists and devices."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from bidding.sealing.acts import receipt_digest
from bidding.sealing.boxkey import interpolate_box_key
from bidding.sealing.ceremony import deal_development_set
from bidding.sealing.device import (
    Authority,
    SealedBid,
    bid_body,
    event_body,
    make_slip,
    seal_bid_bytes,
    withdrawal_body,
)
from bidding.sealing.facts import BoxContents, Cut, NoticeFact, OriginBox, RegistryKey, TenderFacts
from bidding.sealing.header import Label
from bidding.sealing.keyset import KeySet
from bidding.sealing.slip import SlipBody
from ledger.acts import Credential, Delegation, Envelope, Lot, Role, Scope
from ledger.eip712 import Domain, digest
from ledger.keys import SigningKey
from tests.fixtures.people import key_named

FOREVER = (1 << 64) - 1
ANNOUNCED, FIRST_DEADLINE, DEADLINE = 1_000, 2_000, 3_000
CITIES = ("hefei", "wuhu", "anqing")


def id32(name: str) -> bytes:
    """Return an id that stands for `name`."""
    return hashlib.sha256(name.encode()).digest()


def rng(name: str) -> Any:
    """Return a source of bytes, the same in every run for one name."""
    return random.Random(name).randbytes


@cache
def committee(name: str, n: int = 3, k: int = 2) -> tuple[KeySet, tuple[bytes, ...]]:
    """Return a key set with its secrets."""
    return deal_development_set(n, k, rng(name))


SEAL, SEAL_SECRETS = committee("seal")
BOX, BOX_SECRETS = committee("box")
BOX_SECRET = interpolate_box_key(BOX, dict(enumerate(BOX_SECRETS, 1)))
ISSUER = key_named("issuer")


def receiver(city: str) -> SigningKey:
    """Return the receiving key of a city."""
    return key_named(f"{city}/receiving")


def facts(**changes: Any) -> TenderFacts:
    """Return the facts of the tender: one lot with a price envelope, one with all three."""
    known: dict[str, Any] = {
        "chain_id": 31337,
        "tender_book": bytes(19) + b"\x01",
        "city_registry": bytes(19) + b"\x02",
        "tender": id32("tender"),
        "key_id": SEAL.key_id,
        "box_key_id": BOX.key_id,
        "key_set": SEAL,
        "box_key_set": BOX,
        "lots": (Lot(1, Envelope.PRICE.bit), Lot(2, 7)),
        "notices": (NoticeFact(id32("old notice"), superseded=True), NoticeFact(id32("notice"))),
        "announced": ANNOUNCED,
        "first_deadline": FIRST_DEADLINE,
        "deadline": DEADLINE,
        "q": 1,
        "issuers": (RegistryKey(ISSUER.address, id32("hefei"), 0, FOREVER),),
        "receivers": tuple(RegistryKey(receiver(city).address, id32(city), 0, FOREVER) for city in CITIES),
    }
    return TenderFacts(**{**known, **changes})


FACTS = facts()
REGISTRY = Domain(FACTS.chain_id, FACTS.city_registry)


@cache
def sealed(label: Label, document: bytes) -> SealedBid:
    """Return the sealed document."""
    return seal_bid_bytes(document, label, SEAL, id32("seed"), id32("rnd"))


@dataclass(frozen=True)
class Bidder:
    """A company with its own key; `staff` acts under a delegation of that key, `person` under its own credential."""

    name: str
    valid_from: int = 0
    valid_to: int = FOREVER
    delegation_tender: int = 0
    delegation_to: int = FOREVER
    delegation_scope: int = Scope.SUBMIT
    issuer: SigningKey = ISSUER
    person: str = ""
    facts: TenderFacts = field(default=FACTS)

    @property
    def id(self) -> bytes:
        """The organisation's id."""
        return id32(self.name)

    @property
    def own_key(self) -> SigningKey:
        """The key that the credential is for."""
        return key_named(f"{self.name}{self.person}")

    @property
    def key(self) -> SigningKey:
        """The key that signs acts."""
        return key_named(f"{self.name}/staff") if self.delegation_tender else self.own_key

    def credential(self) -> Credential:
        """Return the credential of the company's own key, or of a person."""
        subject = id32(self.person) if self.person else self.id
        return Credential(self.own_key.address, subject, self.id, Role.BIDDER, self.valid_from, self.valid_to)

    def delegation(self) -> Delegation:
        """Return the delegation to the staff's key."""
        tender = bytes(32) if self.delegation_tender == 1 else self.facts.tender
        return Delegation(self.id, self.key.address, self.delegation_scope, tender, self.delegation_to)

    def authority(self) -> Authority:
        """Return the papers."""
        credential = self.credential()
        signature = self.issuer.sign(digest(credential, REGISTRY))
        papers = Authority(credential.subject, self.valid_from, self.valid_to, signature)
        if not self.delegation_tender:
            return papers
        return replace(
            papers,
            delegation_tender=self.delegation_tender,
            delegation_to=self.delegation_to,
            delegation_scope=self.delegation_scope,
            delegation_signature=self.own_key.sign(digest(self.delegation(), REGISTRY)),
        )

    def label(self, lot: int = 1, envelope: Envelope = Envelope.PRICE, attempt: str = "1") -> Label:
        """Return the label of an attempt."""
        nonce = id32(f"{self.name}/{attempt}")
        known = self.facts
        return Label(known.chain_id, known.tender_book, known.tender, lot, envelope, self.id, nonce, known.key_id)

    def sealed(self, label: Label | None = None, document: bytes = b"100") -> SealedBid:
        """Return a sealed document of this bidder."""
        return sealed(label or self.label(), document)

    def bid(
        self,
        sequence: int = 1,
        *,
        label: Label | None = None,
        document: bytes = b"100",
        notice: str = "notice",
        signed_at: int = 1_500,
        cities: tuple[str, ...] = ("hefei", "wuhu"),
    ) -> SlipBody:
        """Return the signed body of a bid with receipts of these cities."""
        header = self.sealed(label, document).header
        known: dict[str, Any] = {
            "sequence": sequence,
            "signed_at": signed_at,
            "notice": id32(notice),
            "sign": self.key.sign,
        }
        draft = bid_body(header, self.facts, self.authority(), receipts=(), **known)
        receipts = [receiver(city).sign(receipt_digest(draft, self.facts)) for city in cities]
        return bid_body(header, self.facts, self.authority(), receipts=receipts, **known)

    def withdrawal(self, sequence: int = 2, lot: int = 1, envelope: Envelope = Envelope.PRICE) -> SlipBody:
        """Return the signed body of a withdrawal."""
        return withdrawal_body(
            lot,
            envelope,
            self.id,
            self.facts,
            self.authority(),
            sequence=sequence,
            signed_at=1_600,
            sign=self.key.sign,
        )


def event(origin: str = "hefei", signer: str = "hefei") -> SlipBody:
    """Return the signed body of a secret event at an origin."""
    return event_body(
        FACTS,
        id32(f"{origin}/origin"),
        sequence=1,
        commitment=id32("secret"),
        signed_at=1_700,
        sign=receiver(signer).sign,
    )


def slip(body: SlipBody, seed: str = "seed") -> bytes:
    """Return the slip of a body."""
    return make_slip(body, FACTS, id32(seed))


def origin(city: str, *cuts: tuple[bytes, ...], start: int = 0) -> OriginBox:
    """Return the origin of a city with these cuts, each of another witness."""
    witnesses = [id32(other) for other in CITIES if other != city] + [id32("fourth"), id32("fifth")]
    lines = tuple(Cut(witness, line) for witness, line in zip(witnesses, cuts, strict=False))
    return OriginBox(id32(f"{city}/origin"), id32(city), start, lines)


def box(*slips: bytes, admitted: tuple[bytes, ...] = ()) -> BoxContents:
    """Return a box of one origin whose one cut holds these slips."""
    return BoxContents((origin("hefei", slips),), admitted)
