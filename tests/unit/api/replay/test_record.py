"""Tenders on record: names told apart, findings of the panel, the lot with its limits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.replay.record import RecordedBid, RecordedTender, unique_names
from bidding.tender.money import Money
from ledger.acts import Envelope


def yen(amount: str) -> Money:
    return Money("JPY", Decimal(amount))


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["A", "B", "A", "A"], ["A", "B", "A (2)", "A (3)"]),
        (["", " ", "A"], ["(unnamed)", "(unnamed) (2)", "A"]),
        (["A", "A (2)", "A"], ["A", "A (2)", "A (3)"]),
        (["A", "A", "A (2)"], ["A", "A (2)", "A (2) (2)"]),
        (["(unnamed)", ""], ["(unnamed)", "(unnamed) (2)"]),
    ],
)
def test_repeated_and_empty_names_are_numbered(names: list[str], unique: list[str]) -> None:
    assert list(unique_names(names)) == unique


@given(st.lists(st.sampled_from(["", "A", "A (2)", "A (2) (2)", "(unnamed)"])))
def test_no_two_names_are_equal(names: list[str]) -> None:
    unique = list(unique_names(names))
    assert len(set(unique)) == len(names) == len(unique)


def test_the_panel_finds_what_is_on_record() -> None:
    bidder = b"\x01" * 32
    corrected = RecordedBid("A", (yen("5"),), (yen("6"),)).assessment(bidder)
    assert (corrected.bidder, corrected.evaluated, corrected.rejection) == (bidder, (yen("6"),), None)
    assert corrected.reason
    same = RecordedBid("A", (yen("5"),), (yen("5"),)).assessment(bidder)
    assert (same.evaluated, same.reason) == ((yen("5"),), "")
    none = RecordedBid("A", (yen("5"),)).assessment(bidder)
    assert (none.evaluated, none.reason) == ((), "")
    rejected = RecordedBid("A", (yen("5"),), (yen("6"),), rejected="too late").assessment(bidder)
    assert rejected.rejection is not None
    assert (rejected.rejection.text, rejected.evaluated) == ("too late", (yen("6"),))


def test_a_tender_on_record_is_one_lot_with_its_limits() -> None:
    bids = (RecordedBid("A", (yen("5"),), won=True), RecordedBid("B", ()), RecordedBid("C", (), won=True))
    tender = RecordedTender("7", {"en": "t", "zh": "t"}, "dev-municipal-works", "JPY", bids, yen("9"), yen("2"))
    lot = tender.lot()
    assert (lot.number, lot.envelopes, lot.currency) == (0, (Envelope.PRICE,), "JPY")
    assert (lot.ceiling, lot.floor) == (yen("9"), yen("2"))
    assert tender.expected == ("A", "C")
    assert tender.id == "7"
