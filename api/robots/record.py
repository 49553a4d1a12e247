"""A tender on record acted out by robots, from notice to award: its bids are sealed, opened and evaluated.

The record is only input: what is sealed, and what the panel is to find. The award is what the platform computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from api.robots.panel import PanelRobot
from api.robots.run import TenderRun
from api.robots.stage import Stage
from api.robots.tenderer import announce
from bidding.evaluation.domain import Assessment, NoAward, OpenedBid, Ranking
from bidding.evaluation.report import Report
from bidding.tender.money import Money
from bidding.tender.notice import NoticeLot, notice_for
from bidding.tender.rules import by_id
from ledger.acts import Envelope

NOTICE_PERIOD = 20 * 86_400
"""Seconds from notice to deadline."""

LOT = 0
"""A tender on record is one lot: the whole tender."""


class BidOnRecord(Protocol):
    """One bid on record."""

    @property
    def bidder(self) -> str:
        """The bidder's name, which no other bid of the tender has."""
        ...

    @property
    def opening(self) -> tuple[Money, ...]:
        """What is sealed."""
        ...

    def assessment(self, bidder: bytes) -> Assessment:
        """Return what the panel found on this bid."""
        ...


class OnRecord(Protocol):
    """A tender on record with one lot: a sample, or what a replay reads."""

    @property
    def id(self) -> str:
        """The tender's name."""
        ...

    @property
    def title(self) -> Mapping[str, str]:
        """The title of the notice."""
        ...

    @property
    def currency(self) -> str:
        """The notice's currency."""
        ...

    @property
    def bids(self) -> Sequence[BidOnRecord]:
        """The bids in order of submission."""
        ...

    def lot(self) -> NoticeLot:
        """Return the lot: the whole tender, one price envelope."""
        ...


@dataclass(kw_only=True)
class RecordRun(TenderRun):
    """One tender on record on its way; each method is a step that a demonstration can show by itself."""

    sample: OnRecord

    @classmethod
    async def announce(
        cls, stage: Stage, sample: OnRecord, pack_id: str = "dev-international", *, deadline: int | None = None
    ) -> Self:
        """Announce the tender on record and return once the chain has it; `deadline` is in some weeks by default."""
        pack = by_id(pack_id)
        tenderer = f"Tenderer of {sample.id}"
        notice = notice_for(pack, sample.title, tenderer, (sample.lot(),))
        parties = stage.parties(tenderer)
        city = await stage.api(parties.tenderer)
        deadline = deadline or await stage.pulse.now() + NOTICE_PERIOD
        origins = [stage.origins[stage.city]]
        conduct = await announce(city, stage.domains, parties, notice, pack, stage.keys(), origins, deadline)
        await stage.until_state(conduct, "ANNOUNCED")
        return cls(stage=stage, pack=pack, notice=notice, conduct=conduct, sample=sample)

    async def hand_in(self) -> None:
        """Have every bidder on record seal and submit its price."""
        await self.stage.pulse.advance_to(await self.deadline() - self.window)
        for bid in self.sample.bids:
            bidder = await self.enter(bid.bidder)
            status = await bidder.offer(self.conduct.tender, LOT, bid.opening)
            self.stage.tell(f"{bid.bidder}: {status.sentence}")

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
