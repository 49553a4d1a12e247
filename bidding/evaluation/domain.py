"""What an evaluation is computed from and what it yields; every value here is read from signed, witnessed records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import TypeAlias

from bidding.evaluation.sheets import Sheet
from bidding.tender.money import Money
from bidding.tender.notice import NoticeLot
from bidding.tender.rules import PriceBasis
from ledger.errors import SunbidError


class EvaluationError(SunbidError):
    """An evaluation whose records are incomplete or contradict each other."""

    code = "evaluation.refused"


class FailureReason(IntEnum):
    """Why a lot has no award: the `reason` of `LotFailure` and of TenderBook; 1 only the list itself can state."""

    TOO_FEW_BIDDERS = 1
    NO_VALID_BID = 2
    NOT_COMPARABLE = 3
    ALL_REJECTED = 4
    WITHDRAWN = 5

    @property
    def text(self) -> str:
        """The reason's name in reports."""
        return self.name.lower()


class Standing(StrEnum):
    """Whether a bid takes part in the ranking, and why not."""

    VALID = "valid"
    NOT_OPENED = "not_opened"
    REJECTED = "rejected"
    ABOVE_CEILING = "above_ceiling"
    BELOW_FLOOR = "below_floor"


@dataclass(frozen=True)
class OpenedBid:
    """A bid at its place in the list, from 0; `prices` as read out, empty if it names none or cannot be read."""

    place: int
    bidder: bytes
    prices: tuple[Money, ...] = ()
    opened: bool = True


@dataclass(frozen=True)
class Rejection:
    """Why the panel rejects a bid (否决): the ground in law or tender file, and the reason in words."""

    ground: str
    text: str


@dataclass(frozen=True)
class Assessment:
    """The panel's findings on one bid: its evaluated price with the reason for any correction, or its rejection.

    `evaluated` holds what the panel compares (after the corrections and conversions that the tender file allows);
    the panel that corrects nothing repeats the price read out.
    """

    bidder: bytes
    evaluated: tuple[Money, ...] = ()
    reason: str = ""
    rejection: Rejection | None = None


@dataclass(frozen=True)
class LotCase:
    """All that the ranking of one lot depends on; `bids` in list order, `seats` those of the panel that scored."""

    lot: NoticeLot
    bids: tuple[OpenedBid, ...]
    assessments: Mapping[bytes, Assessment] = field(default_factory=dict)
    sheets: tuple[Sheet, ...] = ()
    seats: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        bidders = [bid.bidder for bid in self.bids]
        if len(set(bidders)) != len(bidders):
            raise EvaluationError("a bidder has one bid on a lot", code="evaluation.bidder_twice")
        unknown = set(self.assessments) - set(bidders)
        if unknown:
            raise EvaluationError("the panel assessed somebody who has no bid on this lot", code="evaluation.no_bid")

    def assessment(self, bidder: bytes) -> Assessment:
        """Return the panel's findings on a bid, none as none."""
        return self.assessments.get(bidder, Assessment(bidder))


@dataclass(frozen=True)
class Candidate:
    """A ranked bid; `rank` from 1, points None where the formula gives none."""

    rank: int
    bidder: bytes
    place: int
    price: Money
    price_points: Decimal | None = None
    technical_points: Decimal | None = None

    @property
    def total(self) -> Decimal | None:
        """Price and technical points together."""
        if self.price_points is None or self.technical_points is None:
            return None
        return self.price_points + self.technical_points


@dataclass(frozen=True)
class Ranking:
    """The valid bids from first to last, the price that was compared, and how every bid stands."""

    basis: PriceBasis
    candidates: tuple[Candidate, ...]
    standings: Mapping[bytes, Standing]


@dataclass(frozen=True)
class NoAward:
    """No award can follow from the bids, and why; never a guess."""

    reason: FailureReason
    standings: Mapping[bytes, Standing]


Outcome: TypeAlias = Ranking | NoAward
