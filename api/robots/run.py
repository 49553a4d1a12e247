"""What every performance of a tender does in the same way: bidders enter, watch the box, open, and time passes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from api.robots.bidder import BidderRobot
from api.robots.hosting import Host
from api.robots.people import Party
from api.robots.stage import Stage
from api.robots.tenderer import TenderConduct
from bidding.tender.notice import Notice, NoticeLot
from bidding.tender.rules import RulePack
from ledger.acts import Committee, Envelope, Role

FAST_WINDOW = 800
"""Seconds before the deadline at which robots hand in: the box log grows quickly then."""

LOOK_SECONDS = 20
"""Seconds between two looks of a device into the box."""

RESERVE = 120
"""Seconds before the deadline up to which robots drive the clock while they wait: cities need time to catch up."""


@dataclass(kw_only=True)
class TenderRun:
    """One tender on its way; `names` tells by organisation who is who.

    `window` and `reserve` are seconds before the deadline: robots hand in from the first on, and drive the clock up to
    the second while they wait.
    """

    stage: Stage
    pack: RulePack
    notice: Notice
    conduct: TenderConduct
    bidders: dict[str, BidderRobot] = field(default_factory=dict)
    names: dict[bytes, str] = field(default_factory=dict)
    window: int = FAST_WINDOW
    reserve: int = RESERVE

    @property
    def host(self) -> Host:
        """The tenderer from the opening on."""
        return Host(self.conduct, self.pack)

    async def deadline(self) -> int:
        """Return the deadline as it stands now."""
        moment: int = (await self.conduct.state())["deadline"]
        return moment

    # --- bidders ------------------------------------------------------------------------------------------------

    async def enter(self, name: str, *, home: str | None = None, party: Party | None = None) -> BidderRobot:
        """Return the bidder of this name with its device; a new one gets papers, and hands in at `home` first."""
        if name not in self.bidders:
            who = party or self.stage.registrar.party(name, Role.BIDDER)
            self.bidders[name] = await self.stage.bidder(who, home)
            self.names[who.organisation] = name
        return self.bidders[name]

    async def wait_until_in_time(self) -> None:
        """Let the box log grow until every device holds proof that its acts are in the box in time."""
        for bidder in self.bidders.values():
            await self._in_time(bidder)

    async def _in_time(self, bidder: BidderRobot) -> None:
        latest = await self.deadline() - self.reserve

        async def look() -> bool:
            if await bidder.is_in_time(self.conduct.tender):
                return True
            await self.stage.pulse.advance_to(min(await self.stage.pulse.now() + LOOK_SECONDS, latest))
            return False

        await self.stage.pulse.until(look, f"the slips of {bidder.party.name} in the box")

    # --- the opening --------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Pass the deadline and let the cities close the box, the committee open it, everybody compute the list."""
        await self.stage.pulse.advance_to(await self.deadline() + 1)
        await self.stage.until_state(self.conduct, "CLOSED", "OPENING", "FAILED")
        for bidder in self.bidders.values():
            if bidder.unproven(self.conduct.tender):
                await self._admit(bidder)
        await self.tick(self.pack.terms.grace)
        await self.through("OPENING", "FAILED")

    async def _admit(self, bidder: BidderRobot) -> None:
        """Let a device bring to the contract what it cannot prove to be in a box in time."""
        tender, chain = self.conduct.tender, self.stage.around.chain

        async def admitted() -> bool:
            if await bidder.device.admit(tender):
                self.stage.tell(
                    f"{bidder.party.name}: the device brings a slip that no box held in time to the contract"
                )
            slips = [hashlib.sha256(slip).digest() for slip in bidder.unproven(tender)]
            return all([await chain.call("TenderBook", "isAdmitted", tender, slip) for slip in slips])

        await self.stage.pulse.until(admitted, f"the slips of {bidder.party.name} admitted")

    async def through(self, *states: str) -> None:
        """Drive the clock second by second until the tender is in one of these states: windows are of seconds."""

        async def reached() -> bool:
            if (await self.conduct.state())["state"] in states:
                return True
            await self.tick()
            return False

        await self.stage.pulse.until(reached, f"tender in state {' or '.join(states)}")

    async def tick(self, seconds: int = 1) -> None:
        """Let the chain's clock go on."""
        await self.stage.pulse.advance_to(await self.stage.pulse.now() + seconds)

    async def open_own(self, names: Iterable[str]) -> None:
        """Let some bidders open their own bids by publishing r."""
        for name in names:
            await self.bidders[name].device.open(self.conduct.tender)

    async def record(self, lot: NoticeLot, envelope: Envelope) -> None:
        """Let the bidders' own window end, wait until every bid that may be opened is opened, and sign the record."""
        gone = await self.conduct.excluded(lot.number, envelope)

        async def due() -> list[dict[str, Any]]:
            bids = await self.conduct.bids(lot.number, envelope)
            return [bid for bid in bids if bytes.fromhex(bid["bidder"].removeprefix("0x")) not in gone]

        async def all_opened() -> bool:
            bids = await due()
            return bool(bids) and all(bid["status"] != "not_opened" for bid in bids)

        if self.pack.terms.committee is not Committee.AT_ONCE:
            await self.tick(self.pack.terms.committee_after)
        await self.stage.pulse.until(all_opened, f"all bids of the {envelope.text} envelope opened")
        for bid in await due():
            self._tell_opened(bid)
        await self.host.record_opening(lot.number, envelope)
        await self.stage.until_lot(self.conduct, lot.number, "EVALUATING")

    def _tell_opened(self, bid: dict[str, Any]) -> None:
        who = self.names[bytes.fromhex(bid["bidder"].removeprefix("0x"))]
        by = "the bidder's own r" if bid["openedByBidder"] else f"shares of holders {bid['sharesOf']}"
        prices = ", ".join(f"{price['currency']} {price['amount']}" for price in bid["prices"] or ())
        self.stage.tell(f"{who}: {bid['status']}" + (f" by {by}" if bid["status"] == "opened" else "") + f" {prices}")
