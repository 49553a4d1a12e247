"""The formulas that rank bids, and no others (REG 49: only what the tender file says).

Arithmetic is exact (rationals); the one rounding is that of the rule pack, to its `score_decimals`, of each bid's
price points and technical points. Equal bids are told apart as the pack's `ties` say, the last of which is always the
earlier place in the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Protocol, assert_never

from bidding.evaluation.domain import (
    Candidate,
    EvaluationError,
    FailureReason,
    LotCase,
    NoAward,
    OpenedBid,
    Outcome,
    Ranking,
    Standing,
)
from bidding.evaluation.sheets import Sheet, need_fitting
from bidding.tender.money import Money
from bidding.tender.notice import NoticeLot
from bidding.tender.rules import Formula, PriceBasis, Rounding, RulePack, Scoring, Terms, TieBreak


class AwardFormula(Protocol):
    """Ranks the bids of a lot."""

    def rank(self, case: LotCase) -> Outcome:
        """Return the ranking, or why there is none."""
        ...


def formula_of(pack: RulePack) -> AwardFormula:
    """Return the formula that the rule pack names."""
    match pack.terms.formula:
        case Formula.LOWEST_EVALUATED_PRICE:
            return LowestEvaluatedPrice(pack.terms)
        case Formula.PRICE_RATIO_WITH_TECHNICAL:
            assert pack.scoring is not None
            return PriceRatioWithTechnical(pack.terms, pack.scoring)
        case _:
            assert_never(pack.terms.formula)


@dataclass(frozen=True)
class LowestEvaluatedPrice:
    """The lowest evaluated price among valid bids wins (经评审的最低投标价, ZTBF 41)."""

    terms: Terms

    def rank(self, case: LotCase) -> Outcome:
        """Return the valid bids by price ascending."""
        compared = _compare(case, self.terms)
        if isinstance(compared, NoAward):
            return compared
        ordered = sorted(compared.bids, key=lambda bid: (compared.prices[bid.bidder].amount, bid.place))
        candidates = tuple(
            Candidate(rank, bid.bidder, bid.place, compared.prices[bid.bidder]) for rank, bid in enumerate(ordered, 1)
        )
        return Ranking(compared.basis, candidates, compared.standings)


@dataclass(frozen=True)
class PriceRatioWithTechnical:
    """`Pmin / Pi × W` plus the mean of the panel's technical scores (综合评分法, 87号令 55)."""

    terms: Terms
    scoring: Scoring

    def rank(self, case: LotCase) -> Outcome:
        """Return the valid bids by total points descending; refuse sheets that are missing or do not fit."""
        compared = _compare(case, self.terms)
        if isinstance(compared, NoAward):
            return compared
        lowest = min(compared.prices[bid.bidder].amount for bid in compared.bids)
        sheets = _sheets_by_bidder(case, compared.bids, self.scoring)
        scored = [
            Candidate(
                0,
                bid.bidder,
                bid.place,
                compared.prices[bid.bidder],
                self._price_points(lowest, compared.prices[bid.bidder].amount),
                self._technical_points(sheets[bid.bidder]),
            )
            for bid in compared.bids
        ]
        ordered = sorted(scored, key=self._order)
        candidates = tuple(
            Candidate(rank, c.bidder, c.place, c.price, c.price_points, c.technical_points)
            for rank, c in enumerate(ordered, 1)
        )
        return Ranking(compared.basis, candidates, compared.standings)

    def _price_points(self, lowest: Decimal, price: Decimal) -> Decimal:
        return self._rounded(Fraction(lowest) / Fraction(price) * Fraction(self.scoring.price_weight))

    def _technical_points(self, sheets: list[Sheet]) -> Decimal:
        return self._rounded(sum((Fraction(sheet.total) for sheet in sheets), Fraction(0)) / len(sheets))

    def _rounded(self, value: Fraction) -> Decimal:
        return round_exactly(value, self.scoring.score_decimals, self.scoring.rounding)

    def _order(self, candidate: Candidate) -> tuple[Decimal, ...]:
        assert candidate.total is not None
        return (-candidate.total, *(_tie_key(tie, candidate) for tie in self.terms.ties))


def _tie_key(tie: TieBreak, candidate: Candidate) -> Decimal:
    match tie:
        case TieBreak.LOWER_PRICE:
            return candidate.price.amount
        case TieBreak.EARLIER_PLACE:
            return Decimal(candidate.place)
        case _:
            assert_never(tie)


def round_exactly(value: Fraction, decimals: int, rounding: Rounding) -> Decimal:
    """Return a value that is not negative, rounded once to `decimals` digits after the point."""
    scaled = value * 10**decimals
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    match rounding:
        case Rounding.DOWN:
            up = False
        case Rounding.HALF_UP:
            up = 2 * rest >= scaled.denominator
        case Rounding.HALF_EVEN:
            up = 2 * rest > scaled.denominator or (2 * rest == scaled.denominator and whole % 2 == 1)
        case _:
            assert_never(rounding)
    return Decimal(whole + up).scaleb(-decimals)


@dataclass(frozen=True)
class _Compared:
    basis: PriceBasis
    bids: tuple[OpenedBid, ...]
    prices: Mapping[bytes, Money]
    standings: Mapping[bytes, Standing]


def _compare(case: LotCase, terms: Terms) -> _Compared | NoAward:
    """Return the bids that may win with the one price each is compared by, or why nothing can be compared."""
    standings = {bid.bidder: _first_standing(case, bid) for bid in case.bids}
    remaining = [bid for bid in case.bids if standings[bid.bidder] is Standing.VALID]
    if not remaining:
        return NoAward(FailureReason.NO_VALID_BID, standings)
    for basis in terms.price_basis:
        prices = _common_prices(case, remaining, basis)
        if prices is not None and _fits_limits(case.lot, prices.values()):
            standings |= {bidder: _within_limits(case.lot, price) for bidder, price in prices.items()}
            bids = tuple(bid for bid in remaining if standings[bid.bidder] is Standing.VALID)
            if not bids:
                return NoAward(FailureReason.NO_VALID_BID, standings)
            return _Compared(basis, bids, prices, standings)
    return NoAward(FailureReason.NOT_COMPARABLE, standings)


def _first_standing(case: LotCase, bid: OpenedBid) -> Standing:
    if not bid.opened:
        return Standing.NOT_OPENED
    return Standing.REJECTED if case.assessment(bid.bidder).rejection else Standing.VALID


def _common_prices(case: LotCase, bids: Iterable[OpenedBid], basis: PriceBasis) -> dict[bytes, Money] | None:
    """Return the price of each bid on this basis if each has exactly one and all are in one currency."""
    prices: dict[bytes, Money] = {}
    for bid in bids:
        found = case.assessment(bid.bidder).evaluated if basis is PriceBasis.EVALUATED else bid.prices
        if len(found) != 1:
            return None
        prices[bid.bidder] = found[0]
    return prices if len({price.currency for price in prices.values()}) == 1 else None


def _fits_limits(lot: NoticeLot, prices: Iterable[Money]) -> bool:
    limited = lot.ceiling is not None or lot.floor is not None
    return not limited or all(price.currency == lot.currency for price in prices)


def _within_limits(lot: NoticeLot, price: Money) -> Standing:
    if lot.ceiling is not None and price.amount > lot.ceiling.amount:
        return Standing.ABOVE_CEILING
    if lot.floor is not None and price.amount < lot.floor.amount:
        return Standing.BELOW_FLOOR
    return Standing.VALID


def _sheets_by_bidder(case: LotCase, bids: Iterable[OpenedBid], scoring: Scoring) -> dict[bytes, list[Sheet]]:
    """Return the sheets of each valid bid, one of every seat; refuse a missing, doubled or unfitting one."""
    if not case.seats:
        raise EvaluationError("no seat has scored: appoint the panel first", code="evaluation.no_panel")
    found: dict[tuple[bytes, bytes], Sheet] = {}
    for sheet in case.sheets:
        need_fitting(sheet, case.lot, scoring)
        if (sheet.bidder, sheet.seat) in found:
            raise EvaluationError("a seat has two sheets for one bid", code="evaluation.sheet_twice")
        found[sheet.bidder, sheet.seat] = sheet
    try:
        return {bid.bidder: [found[bid.bidder, seat] for seat in case.seats] for bid in bids}
    except KeyError as error:
        raise EvaluationError(
            "a seat has no sheet for a valid bid; every member scores every bid that stands",
            code="evaluation.sheet_missing",
        ) from error
