"""The acts inside a slip and the keys behind them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bidding.sealing.acts import (
    ActChain,
    event_digest,
    event_of,
    header_hash_of,
    header_of,
    label_of,
    receipt_digest,
    signer,
    submission_of,
    withdrawal_of,
)
from bidding.sealing.errors import FormatError
from bidding.sealing.slip import SlipBody
from ledger.acts import BidSubmission, BidWithdrawal, Envelope, SecretEvent, StreamReceipt
from ledger.eip712 import digest
from tests.fixtures.people import key_named
from tests.unit.bidding.sealing.world import FACTS, ISSUER, REGISTRY, Bidder, event, id32, receiver

ANN = Bidder("ann")
BID = ANN.bid(label=ANN.label(2, Envelope.QUALIFICATION))
CAI = Bidder("cai", delegation_tender=2)

NO_KEY = (5).to_bytes(32, "big") + (1).to_bytes(32, "big") + b"\x1b"
"""A canonical signature that no key can have made: x = 5 is on no point of the curve."""


class TestHeader:
    def test_body_yields_the_sealed_header(self) -> None:
        header = ANN.sealed(ANN.label(2, Envelope.QUALIFICATION)).header
        assert header_of(BID, FACTS) == header.encode()
        assert header_hash_of(BID, FACTS) == header.hash
        assert label_of(BID, FACTS) == ANN.label(2, Envelope.QUALIFICATION)

    def test_header_that_does_not_parse_has_a_hash_too(self) -> None:
        assert len(header_hash_of(replace(BID, core=bytes(162), length=2**64 - 1), FACTS)) == 32


class TestActs:
    def test_submission(self) -> None:
        act = BidSubmission(FACTS.tender, 2, 1, ANN.id, 1, header_hash_of(BID, FACTS), id32("notice"), BID.signed_at)
        assert submission_of(BID, FACTS) == act
        assert signer(digest(act, FACTS.book_domain), BID.signature) == ANN.key.address

    def test_withdrawal(self) -> None:
        body = ANN.withdrawal()
        act = BidWithdrawal(FACTS.tender, 1, 3, ANN.id, 2, body.signed_at)
        assert withdrawal_of(body, FACTS) == act
        assert signer(digest(act, FACTS.book_domain), body.signature) == ANN.key.address

    def test_event(self) -> None:
        body, origin = event(), id32("hefei/origin")
        assert event_of(body, FACTS, origin) == SecretEvent(FACTS.tender, origin, 1, id32("secret"), body.signed_at)
        assert signer(event_digest(body, FACTS, origin), body.signature) == receiver("hefei").address

    def test_receipt(self) -> None:
        expected = digest(StreamReceipt(BID.head, BID.length), REGISTRY)
        assert receipt_digest(BID, FACTS) == expected
        assert signer(expected, BID.receipts[1]) == receiver("wuhu").address


class TestChain:
    def test_own_key(self) -> None:
        chain = ActChain(BID, FACTS)
        assert chain.acting_key == chain.credential_key == ANN.own_key.address
        assert (chain.is_delegated, chain.delegation, chain.delegation_digest) == (False, None, None)
        assert chain.credential == ANN.credential()
        assert chain.credential_digest == digest(ANN.credential(), REGISTRY)
        assert chain.issuer == ISSUER.address

    @pytest.mark.parametrize("code", [1, 2])
    def test_delegate(self, code: int) -> None:
        cai = Bidder("cai", delegation_tender=code)
        chain = ActChain(cai.bid(), FACTS)
        assert chain.acting_key == key_named("cai/staff").address
        assert chain.delegation == cai.delegation()
        assert chain.delegation_digest == digest(cai.delegation(), REGISTRY)
        assert chain.credential_key == cai.own_key.address
        assert chain.issuer == ISSUER.address

    @pytest.mark.parametrize("body", [BID, CAI.bid(), CAI.withdrawal()])
    def test_signature_that_gives_no_key_breaks_the_chain(self, body: SlipBody) -> None:
        chain = ActChain(replace(body, signature=NO_KEY), FACTS)
        assert chain.acting_key is None
        assert chain.delegation is None
        assert chain.delegation_digest is None
        assert chain.credential_key is None
        assert chain.credential is None
        assert chain.credential_digest is None
        assert chain.issuer is None

    def test_delegation_and_credential_that_give_no_key(self) -> None:
        body = replace(CAI.bid(), delegation_signature=NO_KEY)
        assert ActChain(body, FACTS).credential_key is None
        assert ActChain(replace(BID, credential_signature=NO_KEY), FACTS).issuer is None

    def test_event_has_none(self) -> None:
        with pytest.raises(FormatError):
            ActChain(event(), FACTS)
