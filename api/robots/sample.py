"""A sample tender acted out by robots, from notice to award: the bids on record are sealed, opened and evaluated.

The record is only input. The award is what the platform computes, and it is compared with the record at the end. What
is not on record is a show of what a bidder may do: one replaces its bid, one more bids and withdraws.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from api.robots.panel import PanelRobot
from api.robots.run import FAST_WINDOW, TenderRun
from api.robots.stage import Stage
from api.robots.tenderer import announce
from bidding.evaluation.domain import Assessment, NoAward, OpenedBid, Ranking
from bidding.evaluation.report import Report
from bidding.tender.money import Money
from bidding.tender.notice import notice_for
from bidding.tender.rules import by_id
from bidding.tender.samples import Sample
from ledger.acts import Envelope

NOTICE_PERIOD = 20 * 86_400
"""Seconds from notice to deadline."""

LOT = 0
WITHDRAWS = "A bidder that thinks better of it"


@dataclass(kw_only=True)
class SampleRun(TenderRun):
    """One sample on its way; each method is a step that a demonstration can show by itself."""

    sample: Sample

    @classmethod
    async def announce(cls, stage: Stage, sample: Sample, pack_id: str = "dev-international") -> SampleRun:
        """Announce the tender of a sample and return once the chain has it."""
        pack = by_id(pack_id)
        tenderer = f"Tenderer of {sample.id}"
        notice = notice_for(pack, sample.title, tenderer, (sample.lot(),))
        parties = stage.parties(tenderer)
        city = await stage.api(parties.tenderer)
        deadline = await stage.pulse.now() + NOTICE_PERIOD
        origins = [stage.origins[stage.city]]
        conduct = await announce(city, stage.domains, parties, notice, pack, stage.keys(), origins, deadline)
        await stage.until_state(conduct, "ANNOUNCED")
        return cls(stage=stage, pack=pack, notice=notice, conduct=conduct, sample=sample)

    async def hand_in(self) -> None:
        """Have every bidder on record seal and submit its price."""
        await self.stage.pulse.advance_to(await self.deadline() - FAST_WINDOW)
        for bid in self.sample.bids:
            bidder = await self.enter(bid.bidder)
            status = await bidder.offer(self.conduct.tender, LOT, bid.opening)
            self.stage.tell(f"{bid.bidder}: {status.sentence}")

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

    async def record_opening(self) -> None:
        """Wait until every valid bid is opened, and sign the opening record."""
        await self.record(self.sample.lot(), Envelope.PRICE)

    async def evaluate(self) -> tuple[Report, Ranking | NoAward]:
        """Appoint the panel and let it find what the record says it found."""
        panel = await PanelRobot.appoint(self.conduct, self.stage.registrar, self.pack.terms.panel_size)
        found = {bid.bidder: bid for bid in self.sample.bids}

        def assess(bid: OpenedBid) -> Assessment:
            return found[self.names[bid.bidder]].assessment(bid.bidder)

        return await panel.evaluate(self.sample.lot(), self.pack, assess)

    async def award(self, report: Report, outcome: Ranking | NoAward) -> str | None:
        """Decide as the report says and return the winner's name, None if there is no award."""
        await self.tick(self.pack.terms.publicity + 1)
        if isinstance(outcome, NoAward):
            await self.host.fail(LOT, report, outcome.reason)
            await self.stage.until_state(self.conduct, "FAILED")
            return None
        best = outcome.candidates[0]
        await self.host.award(LOT, report, best)
        await self.stage.until_state(self.conduct, "DECIDED")
        return self.names[best.bidder]
