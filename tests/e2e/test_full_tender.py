"""A tender under the scored rule pack with everything that can happen to one, and a bundle that verifies.

Two lots, three envelopes, three cities' boxes, an amendment, a suspension, a late slip, an exclusion, two ways of
opening, points by three experts, a winner who gives up. It is acted out once; each test looks at one part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

import pytest

from api.robots.cast import CHAOHU, DABIE, HUAIHE, PIHE, TIANCHANG, XINAN
from bidding.award.domain import Ground
from bidding.box.book import BookState, LotState
from bidding.evaluation.domain import FailureReason
from bidding.tender.rules import by_id
from ledger.acts import ZERO32, Scope
from tests.fixtures.finished import Finished
from tests.fixtures.seen import Seen
from witness.audit.verify import verify

ADMITTED = 2**32 - 1
"""The origin of a place that a slip has by admission alone."""

LISTED, OUTDONE, VOID_NOTICE, WITHDRAWAL = "listed", "outdone", "void 2", "withdrawal"


@pytest.fixture(scope="session")
def seen(finished: Finished) -> Seen:
    """What everybody shows of the finished tender."""
    return finished.seen


def name_of(seen: Seen, bidder: str) -> str:
    return seen.names[bidder]


def test_the_tender_was_announced_under_the_second_rule_pack(seen: Seen) -> None:
    assert seen.tender["rulePack"] == "0x" + by_id("dev-two-envelope").hash.hex()
    assert [lot["number"] for lot in seen.tender["lots"]] == [1, 2]
    assert len(seen.at.origins) == 3
    assert len({origin.city for origin in seen.at.origins}) == 3


# --- notice, deadline, boxes -------------------------------------------------------------------------------------


def test_the_amendment_supersedes_the_first_notice(seen: Seen) -> None:
    [amendment] = seen.acts("TenderAmendment")
    assert amendment["supersedes"] is True
    assert seen.at.view.superseded == 1
    assert seen.notices == (seen.acts("TenderAnnouncement")[0]["notice"], amendment["notice"])
    assert seen.tender["notice"] == amendment["notice"]


def test_bids_on_the_superseded_notice_are_void_and_their_bidder_could_bid_again(seen: Seen) -> None:
    entries = seen.lists["luan"]["entries"]
    void = {(entry["envelope"], entry["void"]) for entry in entries if name_of(seen, entry["bidder"]) == XINAN}
    assert void == {("qualification", 2), ("technical", 2), ("price", 2)}
    again = [entry for entry in entries if name_of(seen, entry["bidder"]) == HUAIHE and entry["lot"] == 1]
    assert [(entry["envelope"], entry["sequence"], entry["void"]) for entry in again] == [
        ("qualification", 2, 0),
        ("technical", 2, 0),
        ("price", 2, 0),
    ]


def test_the_deadline_moves_by_as_long_as_the_supervisor_suspended_across_it(seen: Seen) -> None:
    suspended, resumed = seen.confirmed("TenderSuspension"), seen.confirmed("TenderResumption")
    [amendment] = seen.acts("TenderAmendment")
    assert suspended < amendment["deadline"] < resumed
    assert seen.at.view.deadline == amendment["deadline"] + resumed - suspended
    assert seen.at.view.first_deadline == seen.acts("TenderAnnouncement")[0]["deadline"] < amendment["deadline"]
    assert (seen.at.view.supervisor_steps, seen.at.view.tenderer_steps) == (2, 1)
    assert seen.at.view.closing_at > seen.at.view.deadline


def test_no_device_hands_in_while_the_tender_is_suspended(seen: Seen) -> None:
    assert seen.device_refusals == ("bid.closed",)


def test_each_slip_has_its_reason_and_the_withdrawn_bid_no_entry(seen: Seen) -> None:
    reasons: dict[str, list[str]] = {}
    for slip in seen.explanations["luan"]["slips"]:
        reasons.setdefault(name_of(seen, slip["bidder"]), []).append(slip["reason"])
    assert {name: sorted(found) for name, found in reasons.items()} == {
        HUAIHE: [LISTED] * 5 + [OUTDONE] * 3,
        DABIE: [LISTED] * 5,
        CHAOHU: [LISTED] * 3,
        TIANCHANG: [LISTED] * 3,
        XINAN: [VOID_NOTICE] * 3,
        PIHE: [OUTDONE, WITHDRAWAL],
    }
    assert PIHE not in {name_of(seen, entry["bidder"]) for entry in seen.lists["luan"]["entries"]}


def test_the_boxes_of_all_three_cities_were_used(seen: Seen) -> None:
    origins: dict[int, set[str]] = {}
    for entry in seen.lists["luan"]["entries"]:
        origins.setdefault(entry["origin"], set()).add(name_of(seen, entry["bidder"]))
    assert origins == {0: {HUAIHE, XINAN}, 1: {DABIE, TIANCHANG}, 2: {CHAOHU}, ADMITTED: {TIANCHANG}}


def test_the_slip_that_no_box_held_in_time_was_admitted_and_counts(seen: Seen) -> None:
    [entry] = [entry for entry in seen.lists["luan"]["entries"] if entry["origin"] == ADMITTED]
    assert (entry["lot"], entry["envelope"], entry["index"], entry["void"]) == (1, "price", 0, 0)
    assert name_of(seen, entry["bidder"]) == TIANCHANG
    assert seen.at.view.admitted_count == 1
    [slip] = [slip for slip in seen.explanations["luan"]["slips"] if slip["origin"] == ADMITTED]
    assert (slip["slip"], slip["reason"]) == (seen.late_slip, LISTED)


def test_a_delegate_bids_for_its_company(seen: Seen) -> None:
    papers = seen.papers[DABIE]
    assert papers.delegation is not None
    assert papers.delegation.scope == Scope.SUBMIT | Scope.OPEN
    assert papers.delegation.key != papers.credential.key
    assert len([e for e in seen.lists["luan"]["entries"] if name_of(seen, e["bidder"]) == DABIE and not e["void"]]) == 5
    assert [name for name, chain in seen.papers.items() if chain.delegation] == [DABIE]


def test_every_city_computed_the_same_list(seen: Seen) -> None:
    assert {shown["root"] for shown in seen.lists.values()} == {"0x" + seen.at.view.list_root.hex()}
    assert len(seen.lists) == len(seen.explanations) == 3
    luan = seen.explanations["luan"]["slips"]
    assert all(shown["slips"] == luan for shown in seen.explanations.values())
    assert seen.lists["luan"]["counts"] == [{"lot": 1, "bidders": 4}, {"lot": 2, "bidders": 2}]


# --- lots and envelopes ------------------------------------------------------------------------------------------


def test_the_lot_with_too_few_bidders_fails_and_stays_sealed(seen: Seen) -> None:
    lot = seen.at.lot(2)
    assert lot is not None
    assert (lot.state, lot.reason, lot.bidders) == (LotState.FAILED, FailureReason.TOO_FEW_BIDDERS, 2)
    assert seen.tender["lots"][1]["state"] == "FAILED"
    for envelope in ("technical", "price"):
        bids = seen.bids(2, envelope)
        assert bids.keys() == {HUAIHE, DABIE}
        assert {bid["status"] for bid in bids.values()} == {"not_opened"}
        assert seen.shares.isdisjoint(bid["headerHash"] for bid in bids.values())


def test_one_bidder_is_excluded_between_envelopes(seen: Seen) -> None:
    first, second = seen.acts("EnvelopeExclusion")
    assert (first["envelope"], [name_of(seen, bidder) for bidder in first["excluded"]]) == (1, [CHAOHU])
    assert (second["envelope"], second["excluded"]) == (2, [])
    assert [act["envelope"] for act in seen.acts("OpeningRecord")] == [1, 2, 3]


def test_nothing_of_the_excluded_bidder_is_opened_after_its_exclusion(seen: Seen) -> None:
    assert seen.bids(1, "qualification")[CHAOHU]["status"] == "opened"
    for envelope in ("technical", "price"):
        bid = seen.bids(1, envelope)[CHAOHU]
        assert (bid["status"], bid["sharesOf"], bid["noShareOf"]) == ("not_opened", [], [])
        assert bid["headerHash"] not in seen.shares
    assert seen.bids(1, "price")[CHAOHU]["prices"] == []
    assert seen.excluded_refusal == "opening.excluded"


def test_no_share_of_a_void_bid_was_ever_signed(seen: Seen) -> None:
    void = [entry["headerHash"] for entry in seen.lists["luan"]["entries"] if entry["void"]]
    assert len(void) == 3
    assert seen.shares.isdisjoint(void)


def test_bids_are_opened_by_their_bidders_and_by_the_committee(seen: Seen) -> None:
    price = {name: bid for name, bid in seen.bids(1, "price").items() if bid["status"] == "opened"}
    assert {name: bid["openedByBidder"] for name, bid in price.items()} == {HUAIHE: True, DABIE: True, TIANCHANG: False}
    assert {name: bool(bid["sharesOf"]) for name, bid in price.items()} == {
        HUAIHE: False,
        DABIE: False,
        TIANCHANG: True,
    }
    for envelope in ("qualification", "technical"):
        bids = seen.bids(1, envelope)
        assert [bids[name]["openedByBidder"] for name in (HUAIHE, DABIE, TIANCHANG)] == [True, True, False]
        assert {bids[name]["status"] for name in (HUAIHE, DABIE, TIANCHANG)} == {"opened"}
    assert seen.opening["faults"] == []


def test_only_shares_and_r_of_price_envelopes_are_public(seen: Seen) -> None:
    price = {bid["headerHash"] for bid in seen.bids(1, "price").values()}
    assert {record["act"]["headerHash"] for record in seen.opening["shares"]} <= price
    assert {record["act"]["headerHash"] for record in seen.opening["bidderOpenings"]} <= price
    assert len(seen.opening["bidderOpenings"]) == 2


# --- points and decisions ----------------------------------------------------------------------------------------


def rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def points(price: str, sheets: Sequence[str]) -> tuple[Decimal, Decimal]:
    """Return price and technical points: the lowest price that may win is 9,310,000, the price weighs 40."""
    technical = sum(map(Decimal, sheets), Decimal(0)) / len(sheets)
    return rounded(Decimal(9310000) / Decimal(price) * 40), rounded(technical)


def test_the_ranking_is_what_the_published_figures_give(seen: Seen) -> None:
    by_hand = {
        TIANCHANG: points("10450000", ["54", "55.5", "54.5"]),
        HUAIHE: points("9800000", ["52.5", "50", "51"]),
        DABIE: points("9310000", ["47", "47.5", "47.5"]),
    }
    assert by_hand[TIANCHANG] == (Decimal("35.64"), Decimal("54.67"))
    bids = [record for record in seen.report.records if record["kind"] == "bid-evaluation"]
    reported = {
        name_of(seen, str(bid["bidder"])): (bid["rank"], Decimal(str(bid["pricePoints"])), bid["technicalPoints"])
        for bid in bids
    }
    order = sorted(by_hand, key=lambda name: -sum(by_hand[name]))
    assert order == [TIANCHANG, HUAIHE, DABIE]
    assert reported == {
        name: (order.index(name) + 1, price, format(technical, "f")) for name, (price, technical) in by_hand.items()
    }
    assert [Decimal(str(bid["total"])) for bid in sorted(bids, key=lambda b: str(b["rank"]))] == [
        Decimal("90.31"),
        Decimal("89.17"),
        Decimal("87.33"),
    ]


def test_three_experts_signed_a_sheet_for_each_bidder_that_stayed_and_the_report(seen: Seen) -> None:
    sheets = seen.acts("ScoreSheet")
    assert len({sheet["seat"] for sheet in sheets}) == 3
    scored = {(sheet["seat"], name_of(seen, sheet["bidder"])) for sheet in sheets}
    assert len(sheets) == len(scored) == 9
    assert {name for _, name in scored} == {HUAIHE, DABIE, TIANCHANG}
    assert [act["root"] for act in seen.acts("EvaluationReport")[-3:]] == [seen.tender["lots"][0]["report"]] * 3


def test_the_decision_was_replaced_by_the_next_candidate_and_both_stay(seen: Seen) -> None:
    first, second = seen.acts("AwardDecision")
    assert [name_of(seen, act["winner"]) for act in (first, second)] == [TIANCHANG, HUAIHE]
    digests = [record["digest"] for record in seen.records if record["type"] == "AwardDecision"]
    assert (first["replaces"], second["replaces"]) == ("0x" + ZERO32.hex(), digests[0])
    assert [(basis.rank, basis.ground) for basis in seen.bases] == [(1, Ground.REPORT), (2, Ground.ABANDONED)]
    lot = seen.at.lot(1)
    assert lot is not None
    assert (lot.state, "0x" + lot.decision.hex()) == (LotState.AWARDED, digests[1])
    assert seen.at.view.state is BookState.DONE
    assert name_of(seen, seen.tender["lots"][0]["winner"]) == HUAIHE


# --- what a stranger can check -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["public", "boxed", "full"])
def test_the_bundle_verifies_offline_from_the_trust_file_alone(finished: Finished, kind: str) -> None:
    verdict = verify(getattr(finished, kind), finished.trust)
    assert [(claim.code, claim.problem) for claim in verdict.failed] == []
    assert verdict.ok
    assert {"award.1", "award.2", "list.recomputed", "exclusions.1"} <= {claim.code for claim in verdict.claims}
