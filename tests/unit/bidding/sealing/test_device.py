"""The device sends nothing that the list would not count, and what it sends, counts."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bidding.sealing.acts import ActChain
from bidding.sealing.box import read_box
from bidding.sealing.device import (
    BidRefusedError,
    bid_body,
    check_before_sending,
    make_slip,
    opening_of,
    seal_bid,
    seal_bid_bytes,
)
from bidding.sealing.errors import FormatError, LabelError
from bidding.sealing.facts import TenderFacts
from bidding.sealing.slip import SlipBody
from bidding.sealing.tdh2 import open_document_bytes, verify_header, z_of_bidder
from ledger.acts import Envelope, Scope
from tests.unit.bidding.sealing.world import (
    BOX_SECRET,
    DEADLINE,
    FACTS,
    FIRST_DEADLINE,
    SEAL,
    Bidder,
    box,
    committee,
    event,
    facts,
    id32,
    slip,
)

ANN = Bidder("ann")
BID = ANN.bid()
NOW = 1_500
SEED, RND = id32("seed"), id32("rnd")


def refusal(body: SlipBody, known: TenderFacts = FACTS, now: int = NOW, **more: Any) -> str:
    with pytest.raises(BidRefusedError) as caught:
        check_before_sending(body, known, now, **more)
    assert caught.value.message
    return caught.value.code


class TestSeal:
    @pytest.mark.parametrize("envelope", Envelope)
    @pytest.mark.parametrize("document", [b"", b"98,000.00"])
    def test_sealed_bid_opens_with_the_devices_own_r(self, envelope: Envelope, document: bytes) -> None:
        label = ANN.label(2, envelope)
        sealed = seal_bid_bytes(document, label, SEAL, SEED, RND)
        body = ANN.bid(label=label, document=document)
        header_hash, r = opening_of(body, FACTS, SEED)
        verified = verify_header(sealed.header.encode(), SEAL, label)
        assert header_hash == sealed.header.hash
        assert open_document_bytes(verified, z_of_bidder(verified, r), sealed.stream) == document

    def test_price_lengths_are_hidden(self) -> None:
        lengths = {seal_bid_bytes(d, ANN.label(), SEAL, SEED, RND).header.shape.length for d in (b"", b"1" * 999)}
        assert lengths == {1 << 16}

    def test_label_of_another_key_set_is_refused(self) -> None:
        with pytest.raises(LabelError):
            seal_bid_bytes(b"", replace(ANN.label(), key_id=bytes(32)), SEAL, SEED, RND)

    @pytest.mark.parametrize("envelope", [Envelope.TECHNICAL, Envelope.PRICE])
    @pytest.mark.parametrize("length", [2, 4])
    def test_document_that_changes_is_refused(self, envelope: Envelope, length: int) -> None:
        with pytest.raises(FormatError):
            seal_bid(io.BytesIO(b"abc"), length, ANN.label(2, envelope), SEAL, SEED, RND, io.BytesIO())


class TestAccepted:
    @pytest.mark.parametrize(
        "body",
        [
            BID,
            ANN.withdrawal(),
            Bidder("cai", delegation_tender=1).bid(),
            Bidder("cai", delegation_tender=2).withdrawal(),
            ANN.bid(cities=("hefei", "wuhu", "anqing")),
            ANN.bid(label=ANN.label(2, Envelope.TECHNICAL), document=b""),
        ],
    )
    def test_what_the_device_sends_counts(self, body: SlipBody) -> None:
        check_before_sending(body, FACTS, DEADLINE)
        result = read_box(FACTS, box(slip(body)), BOX_SECRET)
        assert [str(verdict.reason) for verdict in result.verdicts] in (["listed"], ["withdrawal"])

    def test_with_header_slip_and_history(self) -> None:
        header = ANN.sealed().header
        earlier = (ANN.bid(0, label=ANN.label(attempt="0")), BID, ANN.withdrawal(5, 2))
        check_before_sending(BID, FACTS, NOW, header=header, slip=slip(BID), seed=SEED, previous=earlier)

    def test_slip_without_its_seed_is_not_compared(self) -> None:
        check_before_sending(BID, FACTS, NOW, slip=b"anything")


class TestRefused:
    """Each of these the list drops, voids or outdoes; the device says so before it sends."""

    def test_late(self) -> None:
        assert refusal(BID, now=DEADLINE + 1) == "bid.late"

    @pytest.mark.parametrize("body", [replace(BID, kind=0), replace(BID, signature=bytes(65)), event()])
    def test_malformed(self, body: SlipBody) -> None:
        assert refusal(body) == "bid.malformed"

    @pytest.mark.parametrize(
        ("code", "make"),
        [
            ("bid.wrong_lot", lambda: ANN.bid(label=ANN.label(9))),
            ("bid.wrong_lot", lambda: ANN.bid(label=ANN.label(1, Envelope.TECHNICAL))),
            ("bid.wrong_notice", lambda: ANN.bid(notice="unknown")),
            ("bid.superseded_notice", lambda: ANN.bid(notice="old notice")),
            ("bid.delegation", lambda: Bidder("cai", delegation_tender=2, delegation_to=0).bid()),
            ("bid.delegation", lambda: Bidder("cai", delegation_tender=1, delegation_scope=Scope.OPEN).bid()),
            ("bid.delegation", lambda: Bidder("cai", delegation_tender=1, person="clerk").bid()),
            ("bid.credential", lambda: Bidder("eva", valid_to=FIRST_DEADLINE - 1).bid()),
            ("bid.credential", lambda: Bidder("eva", valid_from=DEADLINE + 1).withdrawal()),
            ("bid.credential", lambda: replace(BID, sequence=7)),
            ("bid.credential", lambda: replace(BID, bidder=id32("bob"))),
            ("bid.header", lambda: _resigned(bytes(162))),
            ("bid.header", lambda: _resigned(Bidder("bob").bid().core)),
            ("bid.receipts", lambda: ANN.bid(cities=("hefei",))),
            ("bid.receipts", lambda: ANN.bid(cities=())),
        ],
    )
    def test_what_the_list_would_not_count(self, code: str, make: Callable[[], SlipBody]) -> None:
        body = make()
        assert refusal(body) == code
        result = read_box(FACTS, box(slip(body)), BOX_SECRET)
        assert all(entry.void for entry in result.entries)

    def test_act_for_another_tender(self) -> None:
        other = Bidder("ann", facts=facts(tender=id32("other tender"))).bid()
        assert refusal(other) == "bid.credential"

    def test_revoked(self) -> None:
        digest = ActChain(BID, FACTS).credential_digest
        assert digest is not None
        assert refusal(BID, facts(revocations={digest: NOW})) == "bid.revoked"

    def test_sealed_for_another_tender_key_set_or_bid(self) -> None:
        header = ANN.sealed().header
        for changes in ({"tender": id32("other")}, {"chain_id": 1}, {"tender_book": bytes(20)}):
            assert refusal(BID, facts(**changes), header=header) == "bid.wrong_tender"
        other, _ = committee("other")
        label = replace(ANN.label(), key_id=other.key_id)
        foreign = seal_bid_bytes(b"100", label, other, SEED, RND).header
        assert refusal(BID, header=foreign) == "bid.wrong_key_set"
        assert refusal(BID, facts(key_id=other.key_id, key_set=other)) == "bid.credential"
        second = ANN.sealed(ANN.label(attempt="2")).header
        assert refusal(BID, header=second) == "bid.wrong_header"

    def test_slip_for_another_box_or_body(self) -> None:
        other, _ = committee("other box")
        foreign = make_slip(BID, facts(box_key_id=other.key_id, box_key_set=other), SEED)
        assert refusal(BID, slip=foreign, seed=SEED) == "bid.wrong_box"
        assert refusal(BID, slip=slip(ANN.withdrawal()), seed=SEED) == "bid.wrong_box"

    @pytest.mark.parametrize("sequence", [1, 2])
    def test_sequence_that_was_used(self, sequence: int) -> None:
        earlier = ANN.bid(sequence, label=ANN.label(attempt="0"))
        assert refusal(BID, previous=[earlier]) == "bid.sequence"

    def test_attempt_nonce_that_was_used(self) -> None:
        """After a snapshot is restored the device would seal another payload with the same key and nonce."""
        again = ANN.bid(2, document=b"another price")
        assert again.attempt_nonce == BID.attempt_nonce
        assert refusal(again, previous=[BID]) == "bid.nonce_reused"


def _resigned(core: bytes) -> SlipBody:
    """Return a bid of Ann, properly signed, with a core that is not hers."""
    body = replace(BID, core=core)
    return replace(body, signature=ANN.key.sign(ActChain(body, FACTS).act_digest))


def test_at_most_four_receipts() -> None:
    header = ANN.sealed().header
    body = bid_body(
        header,
        FACTS,
        ANN.authority(),
        sequence=1,
        signed_at=1,
        notice=id32("notice"),
        receipts=[BID.receipts[0]] * 4,
        sign=ANN.key.sign,
    )
    assert body.receipts == (BID.receipts[0],) * 4
