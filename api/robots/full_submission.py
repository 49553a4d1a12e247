"""The first half of the full performance: from the notice to the fixed list."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from api.robots.bidder import BidderRobot
from api.robots.cast import (
    CAST,
    CHAOHU,
    DABIE,
    DELEGATE,
    HUAIHE,
    LIGHTING,
    PIHE,
    ROAD,
    TIANCHANG,
    XINAN,
    Company,
)
from api.robots.run import FAST_WINDOW, TenderRun
from bidding.sealing.device import BidRefusedError
from bidding.tender.notice import NoticeLot
from ledger.acts import Envelope, Role, Scope

POSTPONED = 2 * 3600
"""Seconds by which the amendment moves the deadline."""

SUSPENDED = 3600
"""Seconds, about, that the suspension lasts."""

AFTER_TICK = 35
"""Seconds that the last deadline is after a tick of the boxes, about: long enough to hand in, too short for a tick."""


@dataclass(kw_only=True)
class FullSubmission(TenderRun):
    """Everything until the list; each method is a step."""

    refusals: list[str] = field(default_factory=list)
    """Codes of what devices refused to send."""

    # --- until the deadline -------------------------------------------------------------------------------------

    async def hand_in_early(self) -> None:
        """Have two companies bid on the first notice; one of them will never look again."""
        await self._near_deadline()
        for name in (HUAIHE, XINAN):
            await self._bid(CAST[name], ROAD)

    async def amend(self) -> None:
        """Publish a notice that supersedes the first, with a later deadline: bids on the first count no more."""
        changes = {
            "en": "Asphalt of another grade; the deadline is two hours later.",
            "zh": "沥青标号变更，截止时间顺延。",
        }
        self.notice = replace(self.notice, replaces=self.notice.hash, changes=changes)
        await self.conduct.amend(self.notice, await self.deadline() + POSTPONED, supersedes=True)

        async def amended() -> bool:
            return bool((await self.conduct.state())["notice"] == "0x" + self.notice.hash.hex())

        await self.stage.pulse.until(amended, "the new notice on the chain")

    async def hand_in(self) -> None:
        """Have the companies bid on the notice in force, Dabie's delegate for it, Tianchang all but its price."""
        await self._near_deadline()
        for name in (HUAIHE, DABIE, CHAOHU):
            await self._bid(CAST[name], ROAD)
        for name in (HUAIHE, DABIE):
            await self._bid(CAST[name], LIGHTING)
        await self._bid(CAST[TIANCHANG], ROAD, Envelope.QUALIFICATION, Envelope.TECHNICAL)

    async def withdraw_one(self) -> None:
        """Have one more company hand in its first envelope and withdraw it."""
        first = ROAD.envelopes[0]
        await self._bid(CAST[PIHE], ROAD, first)
        status = await self.bidders[PIHE].withdraw(self.conduct.tender, ROAD.number, first)
        self.stage.tell(f"{PIHE} withdraws: {status.sentence}")

    async def _near_deadline(self) -> None:
        await self.stage.pulse.advance_to(await self.deadline() - FAST_WINDOW)

    async def _bid(self, company: Company, lot: NoticeLot, *envelopes: Envelope) -> None:
        bidder = await self._bidder(company)
        for envelope in envelopes or lot.envelopes:
            document = company.document(self.conduct.tender, lot, envelope, bidder.party.called)
            status = await bidder.submit(self.conduct.tender, lot.number, envelope, document)
            self.stage.tell(f"{company.name}, lot {lot.number}, {envelope.text}: {status.sentence}")

    async def _bidder(self, company: Company) -> BidderRobot:
        registrar = self.stage.registrar
        party = registrar.party(company.name, Role.BIDDER)
        if company.name == DABIE:
            party = registrar.delegate(party, DELEGATE, Scope.SUBMIT | Scope.OPEN)
        return await self.enter(company.name, home=company.home, party=party)

    # --- suspension ---------------------------------------------------------------------------------------------

    async def suspend(self) -> None:
        """Have the supervisor stop the clock, and let the deadline pass: nobody can bid, nothing closes."""
        await self.conduct.suspend(self.conduct.parties.supervisor, "A complaint about the tender file is looked into.")
        await self._until_suspended(is_so=True)
        await self.stage.pulse.advance_to(await self.deadline() + SUSPENDED // 2)
        try:
            await self._bid(CAST[TIANCHANG], ROAD, Envelope.PRICE)
        except BidRefusedError as error:
            self.refusals.append(error.code)
            self.stage.tell(f"{TIANCHANG} cannot bid: {error.message}")

    async def resume(self) -> None:
        """Have the supervisor let the clock run: the deadline moves by as long as it stood."""
        tick = await self._tick_seconds()
        suspended = await self.stage.around.chain.call("TenderBook", "tenderOf", self.conduct.tender)
        wait = SUSPENDED + (AFTER_TICK - await self.deadline() - SUSPENDED) % tick
        await self.stage.pulse.advance_to(suspended.suspended_at + wait)
        await self.conduct.resume(self.conduct.parties.supervisor, "The complaint is unfounded.")
        await self._until_suspended(is_so=False)
        self.stage.tell(f"the deadline is {await self.deadline()} now")

    async def _until_suspended(self, *, is_so: bool) -> None:
        async def shown() -> bool:
            return bool((await self.conduct.state())["suspended"] is is_so)

        await self.stage.pulse.until(shown, "the tender suspended" if is_so else "the tender resumed")

    # --- the last seconds ---------------------------------------------------------------------------------------

    async def hand_in_late(self) -> None:
        """Have Tianchang hand in its price when the boxes grow no more until the deadline, and let that pass."""
        deadline, tick = await self.deadline(), await self._tick_seconds()
        await self.stage.pulse.advance_to(deadline // tick * tick + 1)
        await self._until_merged(self.bidders[TIANCHANG], deadline // tick * tick)
        await self._bid(CAST[TIANCHANG], ROAD, Envelope.PRICE)
        await self.stage.pulse.advance_to(deadline + 1)

    async def _until_merged(self, bidder: BidderRobot, tick: int) -> None:
        """Wait until the box of the bidder's home has grown by the batch of this tick."""
        home = bidder.device.cities[0]
        origin = self.stage.origins[home.name]

        async def merged() -> bool:
            size = await home.reading.log_size(origin)
            return any(signed.at >= tick for signed in await home.reading.box_checkpoints(origin, max(size, 1) - 1))

        await self.stage.pulse.until(merged, f"the batch of {tick} in the box of {home.name}")

    async def _tick_seconds(self) -> int:
        """Return the seconds between ticks of the boxes before a deadline; all cities of a network have one pace."""
        record = await self.stage.around.chain.call("CityRegistry", "origin", self.stage.origins[self.stage.city])
        return int(record.schedule.fast_seconds)
