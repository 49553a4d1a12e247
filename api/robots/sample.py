"""A sample tender acted out by robots, from notice to award: the bids on record are sealed, opened and evaluated.

The record is only input. The award is what the platform computes, and it is compared with the record at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from api.robots.bidder import BidderRobot
from api.robots.hosting import Host
from api.robots.panel import PanelRobot
from api.robots.stage import Stage
from api.robots.tenderer import TenderConduct, announce
from bidding.evaluation.domain import Assessment, NoAward, OpenedBid, Ranking
from bidding.evaluation.report import Report
from bidding.tender.notice import Notice, notice_for
from bidding.tender.rules import RulePack, by_id
from bidding.tender.samples import Sample
from ledger.acts import Envelope, Role

NOTICE_PERIOD = 20 * 86_400
"""Seconds from notice to deadline."""

FAST_WINDOW = 800
"""Seconds before the deadline at which robots hand in: the box log grows quickly then."""

LOT = 0


@dataclass
class SampleRun:
    """One sample on its way; each method is a step that a demonstration can show by itself."""

    stage: Stage
    sample: Sample
    pack: RulePack
    notice: Notice
    conduct: TenderConduct
    bidders: dict[str, BidderRobot] = field(default_factory=dict)
    names: dict[bytes, str] = field(default_factory=dict)

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
        return cls(stage, sample, pack, notice, conduct)

    async def hand_in(self) -> None:
        """Have every bidder on record seal and submit its price."""
        await self.stage.pulse.advance_to(self.conduct.announcement.deadline - FAST_WINDOW)
        for bid in self.sample.bids:
            bidder = await self.enter(bid.bidder)
            status = await bidder.offer(self.conduct.tender, LOT, bid.opening)
            self.stage.tell(f"{bid.bidder}: {status.sentence}")

    async def enter(self, name: str) -> BidderRobot:
        """Return the bidder of this name with its device; a new one gets papers."""
        if name not in self.bidders:
            party = self.stage.registrar.party(name, Role.BIDDER)
            self.bidders[name] = await self.stage.bidder(party)
            self.names[party.organisation] = name
        return self.bidders[name]

    async def wait_until_in_time(self) -> None:
        """Let the box log grow until every device holds proof that its acts are in the box in time."""
        for bidder in self.bidders.values():
            await self._in_time(bidder)

    async def _in_time(self, bidder: BidderRobot) -> None:
        deadline = self.conduct.announcement.deadline

        async def look() -> bool:
            if await bidder.is_in_time(self.conduct.tender):
                return True
            now = await self.stage.pulse.now()
            await self.stage.pulse.advance_to(min(now + 20, deadline - 2))
            return False

        await self.stage.pulse.until(look, f"the slip of {bidder.party.name} in the box")

    async def close(self) -> None:
        """Pass the deadline and let the cities close the box, the committee open it, everybody compute the list."""
        await self.stage.pulse.advance_to(self.conduct.announcement.deadline + 1)
        await self._through("CLOSED", "OPENING", "FAILED")
        await self._through("OPENING", "FAILED")

    async def _through(self, *states: str) -> None:
        """Drive the clock second by second until the tender is in one of these states: windows are of seconds."""

        async def reached() -> bool:
            if (await self.conduct.state())["state"] in states:
                return True
            await self.stage.pulse.advance_to(await self.stage.pulse.now() + 1)
            return False

        await self.stage.pulse.until(reached, f"tender in state {' or '.join(states)}")

    async def open_own(self, names: list[str]) -> None:
        """Let some bidders open their own bids by publishing r."""
        for name in names:
            await self.bidders[name].device.open(self.conduct.tender)

    async def record_opening(self) -> None:
        """Wait until every valid bid is opened, and sign the opening record."""

        async def all_opened() -> bool:
            opening = await self.conduct.city.get(f"{self.conduct.path}/opening")
            bids = [bid for group in opening["envelopes"] for bid in group["bids"]]
            return bool(bids) and all(bid["status"] != "not_opened" for bid in bids)

        await self.stage.pulse.until(all_opened, "all bids opened")
        await Host(self.conduct, self.pack).record_opening(LOT, Envelope.PRICE)
        await self.stage.until_lot(self.conduct, LOT, "EVALUATING")

    async def evaluate(self) -> tuple[Report, Ranking | NoAward]:
        """Appoint the panel and let it find what the record says it found."""
        panel = await PanelRobot.appoint(self.conduct, self.stage.registrar, self.pack.terms.panel_size)
        found = {bid.bidder: bid for bid in self.sample.bids}

        def assess(bid: OpenedBid) -> Assessment:
            return found[self.names[bid.bidder]].assessment(bid.bidder)

        return await panel.evaluate(self.sample.lot(), self.pack, assess)

    async def award(self, report: Report, outcome: Ranking | NoAward) -> str | None:
        """Decide as the report says and return the winner's name, None if there is no award."""
        host = Host(self.conduct, self.pack)
        publicity = self.pack.terms.publicity
        await self.stage.pulse.advance_to(await self.stage.pulse.now() + publicity + 1)
        if isinstance(outcome, NoAward):
            await host.fail(LOT, report, outcome.reason)
            await self.stage.until_state(self.conduct, "FAILED")
            return None
        best = outcome.candidates[0]
        await host.award(LOT, report, best)
        await self.stage.until_state(self.conduct, "DECIDED")
        return self.names[best.bidder]
