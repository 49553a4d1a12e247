"""A sample tender acted out by robots, with a show of what a bidder may do that is not on record.

One bidder replaces its bid, one more bids and withdraws; the award is compared with the record at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from api.robots.record import LOT, RecordRun
from bidding.tender.money import Money
from bidding.tender.samples import Sample
from ledger.acts import Envelope

WITHDRAWS = "A bidder that thinks better of it"


@dataclass(kw_only=True)
class SampleRun(RecordRun):
    """One sample on its way; each method is a step that a demonstration can show by itself."""

    sample: Sample

    async def replace_one(self, name: str | None = None) -> None:
        """Have a bidder, the first on record if none is named, hand in a higher price and replace it by its own."""
        bid = next(bid for bid in self.sample.bids if name in {None, bid.bidder})
        bidder = await self.enter(bid.bidder)
        higher = tuple(replace(price, amount=price.amount * 2) for price in bid.opening)
        await bidder.offer(self.conduct.tender, LOT, higher)
        status = await bidder.offer(self.conduct.tender, LOT, bid.opening)
        self.stage.tell(f"{bid.bidder} replaces its bid, number {status.sequence}: {status.sentence}")

    async def withdraw_one(self, name: str = WITHDRAWS) -> None:
        """Have one more bidder hand in a price below all others and withdraw it."""
        bidder = await self.enter(name)
        await bidder.offer(self.conduct.tender, LOT, (Money(self.sample.currency, Decimal(1)),))
        status = await bidder.withdraw(self.conduct.tender, LOT, Envelope.PRICE)
        self.stage.tell(f"{name} withdraws its bid: {status.sentence}")
