"""What the device refuses before it sends anything: the list rule's own reasons."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bidding.box.committee import RegisteredKeySet
from bidding.box.facts import Contracts
from bidding.box.proven import ProvenTender
from bidding.device.journal import Attempt, Planned, TenderJournal
from bidding.device.sealer import DUMMY_LENGTH, Sealer, Signer
from bidding.sealing.acts import header_hash_of
from bidding.sealing.device import BidRefusedError
from bidding.sealing.facts import TenderFacts
from bidding.sealing.header import Header
from bidding.sealing.slip import KIND_BID, KIND_WITHDRAWAL, SlipBody, SlipKeys, open_slip
from bidding.tender.documents import BidderName, price_document
from ledger.acts import ZERO32, Envelope, Purpose, StreamReceipt, digest
from ledger.authority import ActChain
from tests.fixtures.box import tender_at
from tests.fixtures.tenders import money
from tests.unit.bidding.sealing import world
from tests.unit.bidding.sealing.world import BOX, BOX_SECRET, FACTS, REGISTRY, SEAL, Bidder, id32

ANN = Bidder("ann")
NOW = world.FIRST_DEADLINE - 100
NUMBERS = itertools.count(1)


def random_bytes(size: int) -> bytes:
    return (next(NUMBERS).to_bytes(8, "big") * (size // 8 + 1))[:size]


def signer(bidder: Bidder) -> Signer:
    credential = bidder.credential()
    signature = bidder.issuer.sign(digest(credential, REGISTRY))
    if not bidder.delegation_tender:
        return Signer(bidder.key, ActChain(credential, signature))
    delegation = bidder.delegation()
    given = bidder.own_key.sign(digest(delegation, REGISTRY))
    return Signer(bidder.key, ActChain(credential, signature, delegation, given))


def proven(facts: TenderFacts = FACTS) -> ProvenTender:
    at = tender_at(tender=facts.tender, key_id=facts.key_id, box_key_id=facts.box_key_id, notices=(id32("notice"),))
    seal = RegisteredKeySet(SEAL, Purpose.SEAL, (), bytes(32))
    box = RegisteredKeySet(BOX, Purpose.BOX, (), SEAL.key_id)
    return ProvenTender(Contracts(facts.chain_id, facts.tender_book, facts.city_registry), at, seal, box)


class Desk:
    """A sealer on a journal, with one document to seal."""

    def __init__(self, folder: Path, bidder: Bidder = ANN, now: int = NOW, **changes: Any) -> None:
        self.facts = replace(FACTS, **changes)
        self.journal = TenderJournal.open(folder, FACTS.tender, random_bytes)
        self.sealer = Sealer(self.journal, proven(), signer(bidder), random_bytes, now)
        self.document = folder / "document.json"
        self.document.write_bytes(price_document(FACTS.tender, 1, (money("CNY 1"),)))

    def attempt(self, sequence: int = 1, lot: int = 1, notice: str = "notice") -> Attempt:
        plan = Planned(KIND_BID, lot, Envelope.PRICE, sequence, NOW, random_bytes(32), id32(notice))
        attempt = self.journal.begin(plan)
        self.sealer.seal(attempt, self.document)
        return attempt

    def withdrawal(self, sequence: int = 2) -> Attempt:
        plan = Planned(KIND_WITHDRAWAL, 1, Envelope.PRICE, sequence, NOW, ZERO32, ZERO32)
        return self.journal.begin(plan)

    def receipts(self, attempt: Attempt, cities: tuple[str, ...] = ("hefei", "wuhu")) -> tuple[bytes, ...]:
        stream = self.sealer.stream_of(attempt)
        signed = digest(StreamReceipt(stream.head, stream.length), REGISTRY)
        return tuple(world.receiver(city).sign(signed) for city in cities)

    def slip(self, attempt: Attempt, **receipts: Any) -> bytes:
        return self.sealer.make_slip(attempt, self.facts, self.receipts(attempt, **receipts))


def refused(code: str):
    return pytest.raises(BidRefusedError, check=lambda error: error.code == code)


def opened(slip: bytes) -> SlipBody:
    data = open_slip(slip, SlipKeys.of(BOX.joint_key), int.from_bytes(BOX_SECRET, "big"))
    assert data is not None
    return SlipBody.decode(data)


def test_a_slip_says_what_was_sealed_and_signed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    attempt = desk.attempt()
    desk.sealer.need_sendable(attempt, desk.facts)
    body = opened(desk.slip(attempt))
    assert (body.lot, body.envelope, body.sequence, body.notice) == (1, Envelope.PRICE, 1, id32("notice"))
    assert attempt.header is not None
    assert header_hash_of(body, FACTS) == Header.decode(attempt.header).hash
    assert attempt.slip == desk.slip(attempt)


@pytest.mark.parametrize(
    "content",
    [
        b"no document",
        price_document(FACTS.tender, 2, (money("CNY 1"),)),
        price_document(FACTS.tender, 1, (), bidder=BidderName("Ann", "91341500MA2TE8T42W")),
    ],
    ids=["unreadable", "another lot", "another's code"],
)
def test_what_could_not_be_read_at_the_opening_is_not_sealed(tmp_path: Path, content: bytes) -> None:
    desk = Desk(tmp_path)
    desk.document.write_bytes(content)
    with refused("bid.document"):
        desk.attempt()


def test_a_retry_makes_the_same_bytes_whatever_receipts_came_later(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    attempt = desk.attempt()
    first = desk.slip(attempt)
    assert desk.slip(attempt, cities=("hefei", "wuhu", "anqing")) == first


def test_a_withdrawal_looks_like_a_small_bid_to_the_city(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    bid = desk.attempt()
    desk.slip(bid)
    attempt = desk.withdrawal()
    desk.sealer.write_dummy(attempt)
    again = attempt.stream.read_bytes()
    desk.sealer.write_dummy(attempt)
    assert attempt.stream.read_bytes() == again
    assert attempt.stream.stat().st_size == bid.stream.stat().st_size
    assert desk.sealer.stream_of(attempt).length == DUMMY_LENGTH
    body = opened(desk.sealer.make_slip(attempt, desk.facts, ()))
    assert (body.kind, body.sequence, body.bidder) == (KIND_WITHDRAWAL, 2, id32("ann"))


def test_a_delegates_slip_carries_both_papers(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Bidder("ann", delegation_tender=2))
    body = opened(desk.slip(desk.attempt()))
    assert (body.delegation_tender, body.bidder) == (2, id32("ann"))


@pytest.mark.parametrize(
    ("bidder", "changes", "code"),
    [
        (Bidder("ann", valid_to=world.FIRST_DEADLINE - 1), {}, "bid.credential"),
        (Bidder("ann", issuer=world.receiver("hefei")), {}, "bid.credential"),
        (Bidder("ann", delegation_tender=1, delegation_scope=1), {}, "bid.delegation"),
        (Bidder("ann", delegation_tender=1, delegation_to=world.FIRST_DEADLINE - 1), {}, "bid.delegation"),
        (ANN, {"issuers": ()}, "bid.credential"),
        (ANN, {"lots": ()}, "bid.wrong_lot"),
        (ANN, {"notices": ()}, "bid.wrong_notice"),
        (ANN, {"deadline": NOW - 1}, "bid.late"),
        (ANN, {"tender": id32("another tender")}, "bid.wrong_tender"),
        (ANN, {"key_id": BOX.key_id, "key_set": BOX}, "bid.wrong_key_set"),
    ],
)
def test_what_would_not_count_is_refused_before_anything_is_uploaded(
    tmp_path: Path, bidder: Bidder, changes: dict[str, Any], code: str
) -> None:
    desk = Desk(tmp_path, bidder, **changes)
    attempt = desk.attempt()
    with refused(code):
        desk.sealer.need_sendable(attempt, desk.facts)
    assert attempt.slip is None


def test_a_revoked_key_is_refused(tmp_path: Path) -> None:
    bidder = Bidder("ann")
    paper = digest(bidder.credential(), REGISTRY)
    desk = Desk(tmp_path, bidder, revocations={paper: world.DEADLINE})
    with refused("bid.revoked"):
        desk.sealer.need_sendable(desk.attempt(), desk.facts)


def test_a_superseded_notice_is_refused(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with refused("bid.superseded_notice"):
        desk.sealer.need_sendable(desk.attempt(notice="old notice"), desk.facts)


def test_a_slip_without_enough_receipts_is_never_made(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    attempt = desk.attempt()
    for cities in ((), ("hefei",), ("hefei", "hefei"), ("hefei", "stranger")):
        with refused("bid.receipts"):
            desk.slip(attempt, cities=cities)
    assert (attempt.body, attempt.slip) == (None, None)


def test_a_sequence_that_was_sent_is_not_used_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.slip(desk.attempt())
    second = desk.attempt(sequence=1)
    with refused("bid.sequence"):
        desk.sealer.need_sendable(second, desk.facts)
