"""Decisions: only the candidate who is due, and only with a stated ground."""

from __future__ import annotations

import dataclasses

import pytest

from bidding.award.domain import (
    AwardError,
    Basis,
    Ground,
    due_decision,
    need_decision,
    need_failure,
    parse_basis,
)
from bidding.evaluation.domain import FailureReason, LotCase, NoAward, Ranking
from bidding.evaluation.formulas import formula_of
from bidding.tender.rules import by_id
from ledger import canonical
from tests.fixtures.tenders import TENDER, b32, opened, price_lot

PACK = by_id("dev-international")
RANKING = formula_of(PACK).rank(LotCase(price_lot(), opened(a="CNY 4", b="CNY 1", c="CNY 2", d="CNY 3")))
ORDER = [b32(name) for name in "bcda"]
FIRST = Basis(TENDER, 0, b32("report"), 1, None)
NEXT = dataclasses.replace(FIRST, rank=2, ground=Ground.ABANDONED, text="letter", replaces=b32("decision"))


class TestBasis:
    @pytest.mark.parametrize(
        "basis",
        [
            FIRST,
            dataclasses.replace(NEXT, document=b32("paper")),
            Basis(TENDER, 3, bytes(32), None, FailureReason.WITHDRAWN, text="no budget"),
        ],
    )
    def test_it_is_read_as_it_was_written(self, basis: Basis) -> None:
        assert parse_basis(basis.to_bytes()) == basis

    def test_it_names_a_rank_or_a_reason(self) -> None:
        for rank, reason in ((None, None), (1, FailureReason.WITHDRAWN)):
            with pytest.raises(AwardError) as caught:
                Basis(TENDER, 0, bytes(32), rank, reason)
            assert caught.value.code == "award.basis"

    def test_what_replaces_says_why_the_one_before_fell(self) -> None:
        for ground, replaces in ((Ground.REPORT, b32("decision")), (Ground.ABANDONED, bytes(32))):
            with pytest.raises(AwardError) as caught:
                dataclasses.replace(FIRST, ground=ground, replaces=replaces)
            assert caught.value.code == "award.basis"

    @pytest.mark.parametrize(("member", "value"), [("v", 2), ("kind", "basis"), ("reason", 9)])
    def test_another_form_is_refused(self, member: str, value: object) -> None:
        body = canonical.loads_object(FIRST.to_bytes()) | {member: value}  # type: ignore[dict-item]
        with pytest.raises(AwardError) as caught:
            parse_basis(canonical.dumps(body))
        assert caught.value.code == "award.basis"


class TestDecision:
    def test_the_first_candidate_is_due(self) -> None:
        assert need_decision(RANKING, [], PACK.terms, ORDER[0], FIRST).bidder == ORDER[0]

    def test_nobody_is_passed_over(self) -> None:
        with pytest.raises(AwardError) as caught:
            need_decision(RANKING, [], PACK.terms, ORDER[1], dataclasses.replace(FIRST, rank=2))
        assert caught.value.code == "award.not_due"
        assert caught.value.facts["due"] == "0x" + ORDER[0].hex()

    def test_the_basis_states_the_rank(self) -> None:
        with pytest.raises(AwardError) as caught:
            need_decision(RANKING, [], PACK.terms, ORDER[0], dataclasses.replace(FIRST, rank=2))
        assert caught.value.code == "award.not_due"

    def test_the_next_candidate_follows_a_decision_that_fell(self) -> None:
        assert need_decision(RANKING, ORDER[:1], PACK.terms, ORDER[1], NEXT).rank == 2

    def test_only_recommended_candidates_follow(self) -> None:
        assert isinstance(RANKING, Ranking)
        assert len(RANKING.candidates) == 4
        assert due_decision(RANKING, ORDER[: PACK.terms.candidates], PACK.terms) is FailureReason.WITHDRAWN
        with pytest.raises(AwardError) as caught:
            need_decision(RANKING, ORDER[:3], PACK.terms, ORDER[3], dataclasses.replace(NEXT, rank=4))
        assert caught.value.code == "award.none_due"

    def test_no_award_comes_from_incomparable_bids(self) -> None:
        outcome = NoAward(FailureReason.NOT_COMPARABLE, {})
        with pytest.raises(AwardError) as caught:
            need_decision(outcome, [], PACK.terms, ORDER[0], FIRST)
        assert caught.value.code == "award.none_due"


class TestFailure:
    NONE = NoAward(FailureReason.NO_VALID_BID, {})

    @staticmethod
    def basis(reason: FailureReason, text: str = "") -> Basis:
        return Basis(TENDER, 0, bytes(32), None, reason, text=text)

    def test_the_reports_own_reason_stands(self) -> None:
        basis = self.basis(FailureReason.NO_VALID_BID)
        assert need_failure(self.NONE, [], PACK.terms, basis) is FailureReason.NO_VALID_BID

    @pytest.mark.parametrize("outcome", [RANKING, None])
    def test_a_reason_that_the_bids_do_not_give_is_refused(self, outcome: Ranking | None) -> None:
        with pytest.raises(AwardError) as caught:
            need_failure(outcome, [], PACK.terms, self.basis(FailureReason.NOT_COMPARABLE))
        assert caught.value.code == "award.reason"

    @pytest.mark.parametrize("reason", [FailureReason.ALL_REJECTED, FailureReason.WITHDRAWN])
    def test_a_tenderers_own_reason_is_stated_in_words(self, reason: FailureReason) -> None:
        assert need_failure(RANKING, [], PACK.terms, self.basis(reason, "why")) is reason
        with pytest.raises(AwardError) as caught:
            need_failure(RANKING, [], PACK.terms, self.basis(reason))
        assert caught.value.code == "award.reason"

    @pytest.mark.parametrize("basis", [FIRST, Basis(TENDER, 0, bytes(32), None, FailureReason.TOO_FEW_BIDDERS)])
    def test_too_few_bidders_only_the_list_states(self, basis: Basis) -> None:
        with pytest.raises(AwardError) as caught:
            need_failure(self.NONE, [], PACK.terms, basis)
        assert caught.value.code == "award.reason"
