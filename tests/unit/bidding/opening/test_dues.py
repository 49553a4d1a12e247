"""Whom the opening names as owing a share: nobody who owes none."""

from __future__ import annotations

import pytest

from bidding.box.book import BookState, LotState
from bidding.opening.dues import Dues, is_due
from bidding.opening.models import ListedBid
from ledger.acts import Committee, Envelope
from tests.fixtures.box import b32, lot_view, tender_at

BID = ListedBid(tender=b32("tender"), lot=0, envelope=int(Envelope.TECHNICAL), bidder=b32("ann"), void=0)


def test_holders_owe_what_is_due_unless_they_released_it() -> None:
    dues = Dues(3, frozenset({b32("due")}))
    assert dues.owed_by(b32("due"), [2]) == {1, 3}
    assert dues.owed_by(b32("opened"), []) == set()
    assert Dues().owed_by(b32("due"), []) == set()


@pytest.mark.parametrize(
    ("lot", "tender", "expected"),
    [
        ({}, {}, True),
        ({"envelope": 1}, {}, False),
        ({"envelope": 0, "state": LotState.FAILED}, {}, False),
        ({"number": 1}, {}, False),
        ({}, {"suspended_by_tenderer": True}, False),
        ({}, {"state": BookState.TERMINATED}, False),
        ({}, {"committee": Committee.NEVER}, False),
        ({}, {"committee": Committee.AFTER, "committee_after": 50, "time": 149}, False),
        ({}, {"committee": Committee.AFTER, "committee_after": 50, "time": 150}, True),
    ],
)
def test_a_bid_is_due_when_the_committee_should_have_opened_it(
    lot: dict[str, object], tender: dict[str, object], expected: bool
) -> None:
    members = {"number": 0, "state": LotState.OPENING, "envelopes": 6, "envelope": 2, "since": 100, **lot}
    at = tender_at(lots=(lot_view(**members),), **{"state": BookState.LISTED, **tender})
    assert is_due(at, BID) is expected
