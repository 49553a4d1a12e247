"""Bid documents: the same bytes for device, opening, panel and verifier."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidding.tender.documents import (
    MAX_NAME,
    Answer,
    Attachment,
    BidderName,
    BidDocument,
    parse_document,
    price_document,
)
from bidding.tender.money import Money
from ledger import canonical
from ledger.acts import Envelope
from ledger.errors import SunbidError
from ledger.identity import Uscc
from tests.fixtures.tenders import TENDER, b32, money

PRICE = BidDocument(Envelope.PRICE, TENDER, 1, "all included", prices=(money("CNY 12.50"), money("USD 3")))
TECHNICAL = BidDocument(
    Envelope.TECHNICAL, TENDER, 1, answers=(Answer("method", "trenchless"),),
    attachments=(Attachment("plan.pdf", "application/pdf", b"%PDF"), Attachment("empty", "text/plain", b"")),
)  # fmt: skip
QUALIFICATION = BidDocument(Envelope.QUALIFICATION, TENDER, 1, answers=(Answer("licence", "No. 7", met=True),))


@pytest.mark.parametrize("document", [PRICE, TECHNICAL, QUALIFICATION], ids=lambda d: d.envelope.text)
def test_a_document_is_read_as_it_was_written(document: BidDocument) -> None:
    assert parse_document(document.to_bytes(), document.envelope, TENDER, 1) == document


def test_a_price_document_is_a_document() -> None:
    data = price_document(TENDER, 1, PRICE.prices, "all included")
    assert data == PRICE.to_bytes()


def test_a_bid_without_a_price_can_be_written() -> None:
    assert parse_document(price_document(TENDER, 0, ()), Envelope.PRICE, TENDER, 0).prices == ()


NAMED = BidderName("Ümit A.Ş. (淠河机械)", "91341500MA2TE8T42W")


@pytest.mark.parametrize("called", [NAMED, BidderName("Foreign Works Ltd"), None])
def test_a_bidder_names_itself(called: BidderName | None) -> None:
    data = price_document(TENDER, 1, PRICE.prices, bidder=called)
    assert parse_document(data, Envelope.PRICE, TENDER, 1).bidder == called


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"name": "", "uscc": None}, "json.malformed"),
        ({"name": "two\nlines", "uscc": None}, "document.bidder"),
        ({"name": "x" * (MAX_NAME + 1), "uscc": None}, "document.bidder"),
        ({"name": "Ann", "uscc": "12345"}, "document.bidder"),
        ({"name": "Ann"}, "json.malformed"),
        ("Ann", "json.malformed"),
    ],
)
def test_a_name_that_cannot_be_read_out_is_refused(value: Any, code: str) -> None:
    document = canonical.loads_object(PRICE.to_bytes()) | {"bidder": value}
    with pytest.raises(SunbidError) as caught:
        parse_document(canonical.dumps(document), Envelope.PRICE, TENDER, 1)
    assert caught.value.code == code


def test_a_code_proves_itself_by_the_id_that_is_made_from_it() -> None:
    assert NAMED.uscc is not None
    own = Uscc(NAMED.uscc).organisation_id
    assert NAMED.is_proven(own)
    assert not NAMED.is_proven(b32("another"))
    assert not BidderName(NAMED.name).is_proven(own)


@pytest.mark.parametrize(
    ("envelope", "tender", "lot"),
    [(Envelope.TECHNICAL, TENDER, 1), (Envelope.PRICE, b32("other"), 1), (Envelope.PRICE, TENDER, 2)],
)
def test_another_envelope_tender_or_lot_is_refused(envelope: Envelope, tender: bytes, lot: int) -> None:
    with pytest.raises(SunbidError):
        parse_document(PRICE.to_bytes(), envelope, tender, lot)


def test_true_is_not_lot_one() -> None:
    value = canonical.loads_object(PRICE.to_bytes()) | {"lot": True}
    with pytest.raises(SunbidError) as caught:
        parse_document(canonical.dumps(value), Envelope.PRICE, TENDER, 1)
    assert caught.value.code == "document.foreign"


@pytest.mark.parametrize(
    "prices",
    [
        {},
        [{"currency": "CNY", "amount": 5}],
        [{"currency": "CNY", "amount": "-5"}],
        [{"currency": "CNY", "amount": "1e3"}],
        [{"currency": "CNY", "amount": "1,000"}],
        [{"currency": "CNY", "amount": "0.00"}],
        [{"currency": "CNY", "amount": "007"}],
        [{"currency": "cny", "amount": "5"}],
        [{"currency": "CNY", "amount": "5", "words": "five"}],
        [{"currency": "CNY", "amount": "5"}, {"currency": "CNY", "amount": "6"}],
    ],
)
def test_a_price_has_one_plain_spelling(prices: Any) -> None:
    value = canonical.loads_object(PRICE.to_bytes()) | {"prices": prices}
    with pytest.raises(SunbidError):
        parse_document(canonical.dumps(value), Envelope.PRICE, TENDER, 1)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("content", "JVBERg="),
        ("content", "****"),
        ("sha256", "0x" + "00" * 32),
        ("name", ""),
        ("mediaType", 1),
    ],
)
def test_an_attachment_matches_its_hash(member: str, value: object) -> None:
    body: Any = copy.deepcopy(canonical.loads_object(TECHNICAL.to_bytes()))
    body["attachments"][0][member] = value
    with pytest.raises(SunbidError):
        parse_document(canonical.dumps(body), Envelope.TECHNICAL, TENDER, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        BidDocument(Envelope.PRICE, TENDER, 1, prices=(money("CNY 1"),), answers=(Answer("a", "b"),)),
        BidDocument(Envelope.TECHNICAL, TENDER, 1, answers=(Answer("a", "b", met=True),)),
        BidDocument(Envelope.QUALIFICATION, TENDER, 1, answers=(Answer("a", "b"),)),
    ],
)
def test_what_would_be_read_differently_is_not_written(wrong: BidDocument) -> None:
    with pytest.raises(SunbidError):
        wrong.to_bytes()


@given(st.decimals("0.01", "1e20", places=2, allow_nan=False), st.sampled_from(["CNY", "USD"]))
def test_money_survives_to_the_digit(amount: Any, currency: str) -> None:
    sealed = price_document(TENDER, 0, (Money(currency, amount),))
    [read] = parse_document(sealed, Envelope.PRICE, TENDER, 0).prices
    assert (read.amount, str(read.amount)) == (amount, format(amount, "f"))


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "0", "-1", "1E+25", "0.1234567"])
def test_money_that_no_document_could_carry_is_refused(amount: str) -> None:
    with pytest.raises(SunbidError) as caught:
        money(f"CNY {amount}")
    assert caught.value.code == "money.malformed"


def test_money_prints_with_its_currency() -> None:
    assert str(money("CNY 1234567.50")) == "CNY 1,234,567.50"
    with pytest.raises(SunbidError):
        money("yuan 1")
