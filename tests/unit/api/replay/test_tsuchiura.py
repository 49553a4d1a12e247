"""Auctions of Tsuchiura: reserve and minimum prices as limits, bids without an amount, and who won."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from api.replay.record import RecordedTender, RecordError
from api.replay.tsuchiura import read_tsuchiura
from bidding.evaluation.domain import LotCase, NoAward, OpenedBid, Outcome, Ranking, Standing
from bidding.evaluation.formulas import formula_of
from bidding.tender.money import Money
from bidding.tender.rules import by_id

HEADER = "pid,year,bidder,reserveprice,minprice,bid,winner"


def read(folder: Path, *rows: str) -> list[RecordedTender]:
    (folder / "bids.csv").write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    return list(read_tsuchiura(folder))


def yen(amount: str) -> Money:
    return Money("JPY", Decimal(amount))


def rank(tender: RecordedTender) -> Outcome:
    bids = tuple(OpenedBid(place, bytes([place]) * 32, bid.opening) for place, bid in enumerate(tender.bids))
    found = {bid.bidder: tender.bids[bid.place].assessment(bid.bidder) for bid in bids}
    return formula_of(by_id(tender.pack)).rank(LotCase(tender.lot(), bids, found))


def test_an_auction_is_a_tender_with_its_limits(tmp_path: Path) -> None:
    [first, second] = read(
        tmp_path,
        "15,2007,a,3780000,,3680000.0,1",
        "16,2007,x,1000,800.0,900.0,1.0",
        "15,2007,b,3780000,,3700000.0,0",
    )
    assert (first.contract, first.ceiling, first.floor) == ("15", yen("3780000"), None)
    assert [(bid.bidder, bid.opening, bid.won) for bid in first.bids] == [
        ("a", (yen("3680000.0"),), True),
        ("b", (yen("3700000.0"),), False),
    ]
    assert (second.ceiling, second.floor, second.expected) == (yen("1000"), yen("800.0"), ("x",))


def test_the_lowest_bid_between_the_limits_wins_and_both_limits_count(tmp_path: Path) -> None:
    [tender] = read(
        tmp_path,
        "1,2010,below,1000,800,799.0,0",
        "1,2010,at the floor,1000,800,800.0,1",
        "1,2010,at the ceiling,1000,800,1000.0,0",
        "1,2010,above,1000,800,1001.0,0",
    )
    outcome = rank(tender)
    assert isinstance(outcome, Ranking)
    assert [candidate.place for candidate in outcome.candidates] == [1, 2]
    assert outcome.standings[b"\x00" * 32] is Standing.BELOW_FLOOR
    assert outcome.standings[b"\x03" * 32] is Standing.ABOVE_CEILING


def test_a_bidder_without_an_amount_is_rejected_and_hinders_nobody(tmp_path: Path) -> None:
    [tender] = read(tmp_path, "1,2010,a,1000,,,0", "1,2010,a,1000,,900.0,1")
    silent, bids = tender.bids
    assert (silent.opening, bool(silent.rejected), bids.bidder) == ((), True, "a (2)")
    outcome = rank(tender)
    assert isinstance(outcome, Ranking)
    assert [candidate.place for candidate in outcome.candidates] == [1]


def test_no_bid_between_the_limits_is_no_award(tmp_path: Path) -> None:
    [tender] = read(tmp_path, "1,2010,a,1000,,1500.0,0")
    outcome = rank(tender)
    assert isinstance(outcome, NoAward)
    assert outcome.reason.text == "no_valid_bid"
    assert tender.expected == ()


def test_limits_that_differ_and_amounts_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="auction 1 has several"):
        read(tmp_path, "1,2010,a,1000,,900,1", "1,2010,b,1001,,900,0")
    for amount in ("many", "-5", "NaN", "1e400"):
        with pytest.raises(RecordError, match="no amount in yen"):
            read(tmp_path, f"1,2010,a,1000,,{amount},1")
