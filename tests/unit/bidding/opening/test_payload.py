from __future__ import annotations

import io

import pytest

from bidding.opening.payload import open_bid, z_of_shares
from bidding.opening.record import Outcome
from bidding.sealing.errors import StoreDamageError
from bidding.sealing.header import Label
from bidding.sealing.tdh2 import VerifiedHeader, derive_r, make_share, verify_header, verify_share, z_of_bidder
from bidding.tender.documents import Answer, BidDocument, price_document
from ledger.acts import Envelope
from tests.fixtures.tenders import money
from tests.unit.bidding.sealing.world import FACTS, SEAL, SEAL_SECRETS, Bidder, id32

ANN = Bidder("ann")
PRICE = price_document(FACTS.tender, 1, (money("CNY 12.50"),))


def opened(document: bytes, label: Label | None = None) -> tuple[VerifiedHeader, bytes, bytes]:
    """Return a sealed document's verified header, its Z by the bidder's own r, and its stream."""
    bid = ANN.sealed(label or ANN.label(), document)
    verified = verify_header(bid.header.encode(), SEAL)
    return verified, z_of_bidder(verified, derive_r(id32("seed"), bid.header.label)), bid.stream


def test_a_price_comes_out_as_it_was_sealed() -> None:
    verified, z, stream = opened(PRICE)
    found = open_bid(verified, z, io.BytesIO(stream))
    assert (found.outcome, found.content, found.reason) == (Outcome.OPENED, PRICE, None)
    assert found.document is not None
    assert found.document.prices == (money("CNY 12.50"),)


def test_a_technical_document_comes_out_without_padding() -> None:
    content = BidDocument(Envelope.TECHNICAL, FACTS.tender, 2, answers=(Answer("method", "slow and sure"),)).to_bytes()
    verified, z, stream = opened(content, ANN.label(2, Envelope.TECHNICAL))
    assert open_bid(verified, z, io.BytesIO(stream)).content == content


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"12.50",
        price_document(FACTS.tender, 2, (money("CNY 12.50"),)),
        price_document(id32("another tender"), 1, (money("CNY 12.50"),)),
        BidDocument(Envelope.TECHNICAL, FACTS.tender, 1).to_bytes(),
    ],
)
def test_what_is_no_document_of_this_envelope_is_unreadable(document: bytes) -> None:
    verified, z, stream = opened(document)
    found = open_bid(verified, z, io.BytesIO(stream))
    assert (found.outcome, found.content, found.document) == (Outcome.UNREADABLE, document, None)
    assert found.reason


def test_a_stream_that_is_not_the_sealed_one_is_nobodys_fault_but_the_stores() -> None:
    verified, z, stream = opened(PRICE)
    for damaged in (stream[:-1], stream + b"\0", bytes([stream[0] ^ 1]) + stream[1:]):
        with pytest.raises(StoreDamageError):
            open_bid(verified, z, io.BytesIO(damaged))


def test_another_z_makes_the_bid_void() -> None:
    verified, _, stream = opened(PRICE)
    _, other, _ = opened(PRICE, ANN.label(attempt="2"))
    found = open_bid(verified, other, io.BytesIO(stream))
    assert (found.outcome, found.content) == (Outcome.VOID, None)


def test_any_k_shares_open_what_the_bidder_opens() -> None:
    verified, z, _ = opened(PRICE)
    shares = [
        verify_share(verified, SEAL, make_share(verified, SEAL, i, int.from_bytes(secret, "big"), id32(f"rnd {i}")))
        for i, secret in enumerate(SEAL_SECRETS, 1)
    ]
    assert z_of_shares(verified, SEAL, shares) == z
    assert z_of_shares(verified, SEAL, shares[1:]) == z
    assert z_of_shares(verified, SEAL, [shares[2], shares[2]]) is None
    assert z_of_shares(verified, SEAL, shares[:1]) is None
