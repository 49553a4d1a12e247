"""The formulas: worked examples, every way not to award, and invariants that hold for any bids."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidding.evaluation.domain import (
    Assessment,
    EvaluationError,
    FailureReason,
    LotCase,
    NoAward,
    OpenedBid,
    Outcome,
    Ranking,
    Standing,
)
from bidding.evaluation.formulas import LowestEvaluatedPrice, PriceRatioWithTechnical, formula_of, round_exactly
from bidding.evaluation.sheets import SheetError
from bidding.tender.money import Money
from bidding.tender.rules import PriceBasis, Rounding, TieBreak, by_id
from tests.fixtures.tenders import b32, evaluated, money, opened, price_lot, rejected, scored_case, scored_lot, sheet

INTERNATIONAL = by_id("dev-international")
SCORED = by_id("dev-two-envelope")
LOWEST = LowestEvaluatedPrice(INTERNATIONAL.terms)


def ranked(outcome: Outcome) -> list[bytes]:
    assert isinstance(outcome, Ranking)
    assert [c.rank for c in outcome.candidates] == list(range(1, len(outcome.candidates) + 1))
    return [candidate.bidder for candidate in outcome.candidates]


def reason(outcome: Outcome) -> FailureReason:
    assert isinstance(outcome, NoAward)
    return outcome.reason


class TestLowestEvaluatedPrice:
    def test_the_lowest_evaluated_price_wins_whatever_was_read_out(self) -> None:
        case = LotCase(
            price_lot(),
            opened(a="CNY 90", b="USD 20", c="EUR 10"),
            evaluated(a="CNY 120", b="CNY 100", c="CNY 110.5"),
        )
        outcome = LOWEST.rank(case)
        assert ranked(outcome) == [b32("b"), b32("c"), b32("a")]
        assert isinstance(outcome, Ranking)
        assert outcome.basis is PriceBasis.EVALUATED
        assert outcome.candidates[0].price == money("CNY 100")
        assert outcome.candidates[0].total is None

    def test_without_an_evaluated_price_for_every_bid_the_prices_read_out_are_compared(self) -> None:
        case = LotCase(price_lot(), opened(a="CNY 90", b="CNY 80"), evaluated(a="CNY 70"))
        outcome = LOWEST.rank(case)
        assert ranked(outcome) == [b32("b"), b32("a")]
        assert isinstance(outcome, Ranking)
        assert outcome.basis is PriceBasis.OPENING

    def test_a_pack_may_allow_evaluated_prices_only(self) -> None:
        terms = dataclasses.replace(INTERNATIONAL.terms, price_basis=(PriceBasis.EVALUATED,))
        case = LotCase(price_lot(), opened(a="CNY 90", b="CNY 80"), evaluated(a="CNY 70"))
        assert reason(LowestEvaluatedPrice(terms).rank(case)) is FailureReason.NOT_COMPARABLE

    def test_rejected_and_unopened_bids_do_not_take_part(self) -> None:
        bids = (*opened(a="CNY 1", b="CNY 2"), OpenedBid(2, b32("c"), opened=False))
        outcome = LOWEST.rank(LotCase(price_lot(), bids, rejected("a")))
        assert ranked(outcome) == [b32("b")]
        assert outcome.standings == {
            b32("a"): Standing.REJECTED,
            b32("b"): Standing.VALID,
            b32("c"): Standing.NOT_OPENED,
        }

    def test_equal_prices_rank_by_the_earlier_place(self) -> None:
        bids = opened(late="CNY 5.0", early="CNY 5.00")
        assert ranked(LOWEST.rank(LotCase(price_lot(), bids))) == [b32("late"), b32("early")]
        swapped = (dataclasses.replace(bids[0], place=1), dataclasses.replace(bids[1], place=0))
        assert ranked(LOWEST.rank(LotCase(price_lot(), swapped))) == [b32("early"), b32("late")]

    @pytest.mark.parametrize(
        "bids",
        [
            opened(a="CNY 1", b="USD 1"),
            opened(a="CNY 1", b=["CNY 2", "USD 1"]),
            opened(a="CNY 1", b=[]),
        ],
    )
    def test_what_cannot_be_compared_is_never_guessed(self, bids: tuple[OpenedBid, ...]) -> None:
        assert reason(LOWEST.rank(LotCase(price_lot(), bids))) is FailureReason.NOT_COMPARABLE

    def test_no_bid_left_is_no_valid_bid(self) -> None:
        assert reason(LOWEST.rank(LotCase(price_lot(), ()))) is FailureReason.NO_VALID_BID
        case = LotCase(price_lot(), opened(a="CNY 1"), rejected("a"))
        assert reason(LOWEST.rank(case)) is FailureReason.NO_VALID_BID

    def test_ceiling_and_floor_set_bids_aside(self) -> None:
        lot = price_lot(ceiling=money("CNY 100"), floor=money("CNY 50"))
        outcome = LOWEST.rank(LotCase(lot, opened(low="CNY 49.99", at="CNY 50", high="CNY 100", over="CNY 100.01")))
        assert ranked(outcome) == [b32("at"), b32("high")]
        assert outcome.standings[b32("low")] is Standing.BELOW_FLOOR
        assert outcome.standings[b32("over")] is Standing.ABOVE_CEILING

    def test_only_bids_beyond_the_limits_are_no_valid_bid(self) -> None:
        lot = price_lot(ceiling=money("CNY 10"))
        assert reason(LOWEST.rank(LotCase(lot, opened(a="CNY 11")))) is FailureReason.NO_VALID_BID

    def test_a_limit_in_another_currency_compares_nothing(self) -> None:
        lot = price_lot(ceiling=money("CNY 10"))
        assert reason(LOWEST.rank(LotCase(lot, opened(a="USD 1")))) is FailureReason.NOT_COMPARABLE

    @given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.data())
    def test_the_outcome_does_not_depend_on_the_order_in_which_bids_are_given(
        self, prices: list[int], data: st.DataObject
    ) -> None:
        bids = tuple(OpenedBid(i, b32(str(i)), (money(f"CNY {p}"),)) for i, p in enumerate(prices))
        shuffled = tuple(data.draw(st.permutations(bids)))
        outcome = LOWEST.rank(LotCase(price_lot(), bids))
        assert outcome == LOWEST.rank(LotCase(price_lot(), shuffled))
        assert isinstance(outcome, Ranking)
        amounts = [(c.price.amount, c.place) for c in outcome.candidates]
        assert amounts == sorted(amounts)
        assert len(amounts) == len(prices)

    @given(st.lists(st.integers(1, 50), min_size=2, max_size=8, unique=True), st.data())
    def test_a_bid_that_does_not_win_may_go_without_changing_the_winner(
        self, prices: list[int], data: st.DataObject
    ) -> None:
        bids = tuple(OpenedBid(i, b32(str(i)), (money(f"CNY {p}"),)) for i, p in enumerate(prices))
        winner = ranked(LOWEST.rank(LotCase(price_lot(), bids)))[0]
        gone = data.draw(st.sampled_from([b for b in bids if b.bidder != winner]))
        rest = tuple(bid for bid in bids if bid is not gone)
        assert ranked(LOWEST.rank(LotCase(price_lot(), rest)))[0] == winner


class TestPriceRatioWithTechnical:
    def test_a_worked_example(self) -> None:
        case = scored_case(
            {"a": [("30", "15"), ("32.5", "15"), ("31", "16")], "b": [("40", "20"), ("39", "20"), ("40", "19.5")]},
            {"a": "CNY 80", "b": "CNY 120"},
        )
        outcome = formula_of(SCORED).rank(case)
        assert ranked(outcome) == [b32("a"), b32("b")]
        assert isinstance(outcome, Ranking)
        second, first = outcome.candidates
        # 80/120 × 40 = 26.666… → 26.67; (60 + 59 + 59.5)/3 = 59.5
        assert (first.price_points, first.technical_points, first.total) == (
            Decimal("26.67"), Decimal("59.50"), Decimal("86.17"),
        )  # fmt: skip
        # (45 + 47.5 + 47)/3 = 46.5
        assert (second.price_points, second.technical_points) == (Decimal("40.00"), Decimal("46.50"))

    def test_equal_points_rank_by_the_lower_price_then_by_place(self) -> None:
        points = {"a": [("10", "0")], "b": [("10", "0")]}
        case = scored_case(points, {"a": "CNY 100.00", "b": "CNY 99.999"})  # both 40.00 after rounding
        assert ranked(formula_of(SCORED).rank(case)) == [b32("b"), b32("a")]
        same = scored_case(points, {"a": "CNY 100", "b": "CNY 100"})
        assert ranked(formula_of(SCORED).rank(same)) == [b32("a"), b32("b")]

    def test_the_order_of_ties_is_the_packs(self) -> None:
        assert SCORED.scoring is not None
        terms = dataclasses.replace(SCORED.terms, ties=(TieBreak.EARLIER_PLACE,))
        case = scored_case({"a": [("10", "0")], "b": [("10", "0")]}, {"a": "CNY 100.00", "b": "CNY 99.999"})
        assert ranked(PriceRatioWithTechnical(terms, SCORED.scoring).rank(case)) == [b32("a"), b32("b")]

    def test_a_rejected_bid_neither_ranks_nor_sets_the_lowest_price(self) -> None:
        case = scored_case({"b": [("10", "0")]}, {"a": "CNY 1", "b": "CNY 100"})
        case = dataclasses.replace(case, assessments={**case.assessments, **rejected("a")})
        outcome = formula_of(SCORED).rank(case)
        assert isinstance(outcome, Ranking)
        assert outcome.candidates[0].price_points == Decimal("40.00")

    def test_without_a_comparable_price_there_are_no_points(self) -> None:
        case = scored_case({"a": [("1", "1")]}, {"a": "CNY 1"})
        bare = dataclasses.replace(case, assessments={})
        assert reason(formula_of(SCORED).rank(bare)) is FailureReason.NOT_COMPARABLE

    def test_a_missing_sheet_is_refused(self) -> None:
        case = scored_case({"a": [("1", "1"), ("1", "1")], "b": [("1", "1")]}, {"a": "CNY 1", "b": "CNY 2"})
        with pytest.raises(EvaluationError) as caught:
            formula_of(SCORED).rank(case)
        assert caught.value.code == "evaluation.sheet_missing"

    def test_a_second_sheet_of_a_seat_is_refused(self) -> None:
        case = scored_case({"a": [("1", "1")]}, {"a": "CNY 1"})
        twice = dataclasses.replace(case, sheets=case.sheets * 2)
        with pytest.raises(EvaluationError) as caught:
            formula_of(SCORED).rank(twice)
        assert caught.value.code == "evaluation.sheet_twice"

    def test_without_a_panel_nobody_is_scored(self) -> None:
        case = dataclasses.replace(scored_case({"a": [("1", "1")]}, {"a": "CNY 1"}), seats=())
        with pytest.raises(EvaluationError) as caught:
            formula_of(SCORED).rank(case)
        assert caught.value.code == "evaluation.no_panel"

    @pytest.mark.parametrize("points", [{"method": "40.5", "team": "1"}, {"method": "0.25", "team": "1"}])
    def test_points_above_the_maximum_or_off_the_step_are_refused(self, points: dict[str, str]) -> None:
        lot = scored_lot()
        case = LotCase(lot, opened(a="CNY 1"), evaluated(a="CNY 1"), (sheet(lot, "a", "s", **points),), (b32("s"),))
        with pytest.raises(SheetError) as caught:
            formula_of(SCORED).rank(case)
        assert caught.value.code == "sheet.points"

    @given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 80), st.integers(0, 40)), min_size=1, max_size=5))
    def test_points_stay_within_their_weights_and_the_lowest_price_gets_all(
        self, bids: list[tuple[int, int, int]]
    ) -> None:
        points = {str(i): [(str(Decimal(m) / 2), str(Decimal(t) / 2))] for i, (_, m, t) in enumerate(bids)}
        prices = {str(i): f"CNY {price}" for i, (price, _, _) in enumerate(bids)}
        outcome = formula_of(SCORED).rank(scored_case(points, prices))
        assert isinstance(outcome, Ranking)
        lowest = min(price for price, _, _ in bids)
        for candidate in outcome.candidates:
            assert candidate.price_points is not None
            assert candidate.technical_points is not None
            assert 0 <= candidate.price_points <= 40
            assert 0 <= candidate.technical_points <= 60
            assert (candidate.price.amount == lowest) <= (candidate.price_points == 40)
        totals = [candidate.total for candidate in outcome.candidates]
        assert totals == sorted(totals, reverse=True)

    def test_the_ranking_does_not_depend_on_the_order_of_sheets(self) -> None:
        case = scored_case(
            {"a": [("30", "15"), ("20", "1")], "b": [("25", "12"), ("22", "2")]}, {"a": "CNY 3", "b": "CNY 4"}
        )
        outcomes = [formula_of(SCORED).rank(dataclasses.replace(case, sheets=s)) for s in permutations(case.sheets)]
        assert all(outcome == outcomes[0] for outcome in outcomes)


class TestRounding:
    @pytest.mark.parametrize(
        ("value", "rounding", "expected"),
        [
            (Fraction(1, 200), Rounding.HALF_UP, "0.01"),
            (Fraction(1, 200), Rounding.HALF_EVEN, "0.00"),
            (Fraction(3, 200), Rounding.HALF_EVEN, "0.02"),
            (Fraction(2, 300), Rounding.HALF_EVEN, "0.01"),
            (Fraction(199, 10000), Rounding.DOWN, "0.01"),
            (Fraction(0), Rounding.HALF_UP, "0.00"),
        ],
    )
    def test_ties_go_as_the_pack_says(self, value: Fraction, rounding: Rounding, expected: str) -> None:
        assert str(round_exactly(value, 2, rounding)) == expected

    @given(st.fractions(0, 1000), st.integers(0, 6), st.sampled_from(Rounding))
    def test_rounding_errs_by_less_than_one_last_digit(self, value: Fraction, digits: int, rounding: Rounding) -> None:
        error = abs(Fraction(round_exactly(value, digits, rounding)) - value)
        assert error < Fraction(1, 10**digits) if rounding is Rounding.DOWN else error <= Fraction(1, 2 * 10**digits)


class TestLotCase:
    def test_a_bidder_has_one_bid(self) -> None:
        bid = OpenedBid(0, b32("a"), (Money("CNY", Decimal(1)),))
        with pytest.raises(EvaluationError) as caught:
            LotCase(price_lot(), (bid, dataclasses.replace(bid, place=1)))
        assert caught.value.code == "evaluation.bidder_twice"

    def test_only_bidders_are_assessed(self) -> None:
        with pytest.raises(EvaluationError) as caught:
            LotCase(price_lot(), (), {b32("x"): Assessment(b32("x"))})
        assert caught.value.code == "evaluation.no_bid"
