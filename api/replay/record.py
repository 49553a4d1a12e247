"""What a tender on record is to the replay, whatever the source: who bid what, who was rejected, who won."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from api.robots.record import LOT
from bidding.evaluation.domain import Assessment, Rejection
from bidding.tender.money import Money
from bidding.tender.notice import NoticeLot
from ledger.acts import Envelope
from ledger.errors import SunbidError

UNNAMED = "(unnamed)"


class RecordError(SunbidError):
    """A file of records that cannot be replayed; the message names the line."""

    code = "replay.record"


@dataclass(frozen=True)
class RecordedBid:
    """One bid on record; `rejected` is the panel's ground in words, empty for a bid that was not rejected."""

    bidder: str
    opening: tuple[Money, ...]
    evaluated: tuple[Money, ...] = ()
    rejected: str = ""
    won: bool = False

    def assessment(self, bidder: bytes) -> Assessment:
        """Return the panel's finding on this bid: its rejection, or its evaluated price as the correction."""
        if self.rejected:
            return Assessment(bidder, self.evaluated, rejection=Rejection("record", self.rejected))
        is_corrected = self.evaluated not in ((), self.opening)
        reason = "Evaluated price as in the record of this tender." if is_corrected else ""
        return Assessment(bidder, self.evaluated, reason)


@dataclass(frozen=True)
class RecordedTender:
    """One tender on record; bids in the order of the file, names unique; limits as the notice published them."""

    contract: str
    title: Mapping[str, str]
    pack: str
    currency: str
    bids: tuple[RecordedBid, ...]
    ceiling: Money | None = None
    floor: Money | None = None

    @property
    def id(self) -> str:
        """The tender's name on the network: the contract's."""
        return self.contract

    @property
    def expected(self) -> tuple[str, ...]:
        """The bidders that the record says won, in its order."""
        return tuple(bid.bidder for bid in self.bids if bid.won)

    @property
    def rejected(self) -> int:
        """How many bids the panel rejected."""
        return sum(bool(bid.rejected) for bid in self.bids)

    def lot(self) -> NoticeLot:
        """Return the one lot: a single price envelope, with the record's limits."""
        return NoticeLot(LOT, self.title, self.currency, (Envelope.PRICE,), self.ceiling, self.floor)


def unique_names(names: Iterable[str]) -> Iterator[str]:
    """Yield each name, an empty one as `(unnamed)`, a repeated one with ` (2)`, ` (3)`; no two are equal."""
    used: set[str] = set()
    for name in names:
        base = name if name.strip() else UNNAMED
        candidate, number = base, 1
        while candidate in used:
            number += 1
            candidate = f"{base} ({number})"
        used.add(candidate)
        yield candidate
