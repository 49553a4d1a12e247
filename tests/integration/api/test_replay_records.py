"""The real records by the rules alone, without a network: what a replay of all of them will find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from api.replay.record import RecordedTender
from api.replay.tsuchiura import read_tsuchiura
from api.replay.worldbank import read_worldbank
from bidding.evaluation.domain import LotCase, NoAward, OpenedBid
from bidding.evaluation.formulas import formula_of
from bidding.tender.rules import by_id

SHARED = Path(__file__).parents[4] / "shared" / "data"

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the real records are not here: ../shared/data is absent")

OTHERWISE = {"273", "423", "577", "570", "874", "848", "1095", "1226", "1527"}
"""Auctions of Tsuchiura that a bid won which was not the lowest between the limits; docs/replay.md names them."""


def outcome(tender: RecordedTender) -> str:
    """Return why there is no award, or how the award compares with the record."""
    bids = tuple(OpenedBid(place, place.to_bytes(32, "big"), bid.opening) for place, bid in enumerate(tender.bids))
    found = {bid.bidder: tender.bids[bid.place].assessment(bid.bidder) for bid in bids}
    ranking = formula_of(by_id(tender.pack)).rank(LotCase(tender.lot(), bids, found))
    if isinstance(ranking, NoAward):
        return ranking.reason.text
    if not tender.expected:
        return "not on record"
    return "agrees" if tender.bids[ranking.candidates[0].place].bidder in tender.expected else "differs"


def outcomes(tenders: Iterator[RecordedTender]) -> dict[str, str]:
    return {tender.contract: outcome(tender) for tender in tenders}


def test_world_bank() -> None:
    tenders = list(read_worldbank(SHARED / "worldbank"))
    assert (len(tenders), sum(len(tender.bids) for tender in tenders)) == (2028, 8430)
    assert max(len(tender.bids) for tender in tenders) == 30
    assert [tender.contract for tender in tenders[:2]] == ["OP00029774", "OP00016971"]
    counted = Counter(outcomes(iter(tenders)).values())
    assert counted == {"agrees": 1760, "differs": 194, "not_comparable": 73, "no_valid_bid": 1}


def test_tsuchiura() -> None:
    found = outcomes(read_tsuchiura(SHARED / "tsuchiura"))
    assert len(found) == 1120
    assert {pid for pid, what in found.items() if what == "differs"} == OTHERWISE
    assert Counter(found.values()) == {"agrees": 1107, "differs": 9, "not on record": 4}
    first = Counter(outcomes(islice(read_tsuchiura(SHARED / "tsuchiura"), 300)).values())
    assert first["agrees"] / (first["agrees"] + first["differs"]) >= 0.98
