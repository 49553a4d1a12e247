"""A tender with everything that can happen to one, acted out by robots from notice to a replaced decision.

Two lots, one of which finds too few bidders; three envelopes; a notice that supersedes the first; a suspension across
the deadline; three cities' boxes; a delegate; a withdrawal; a slip that the box took too late and the contract admits;
an exclusion between envelopes; bids opened by their bidders and by the committee; points by three experts; a winner
who gives up. Who does what stands in `api.robots.cast`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal

from api.robots.cast import CAST, CHAOHU, DABIE, HUAIHE, LICENCE, LOTS, ROAD, TENDERER, TITLE
from api.robots.full_submission import FullSubmission
from api.robots.panel import PanelRobot
from api.robots.stage import Stage
from api.robots.tenderer import announce
from bidding.award.domain import Ground
from bidding.evaluation.domain import Assessment, EvaluationError, OpenedBid, Ranking, Rejection
from bidding.evaluation.report import Report
from bidding.evaluation.sheets import Sheet
from bidding.tender.notice import notice_for
from bidding.tender.rules import by_id
from ledger.acts import Envelope

NOTICE_PERIOD = 5 * 86_400
"""Seconds from the first notice to its deadline."""

OWN_OPENERS = (HUAIHE, DABIE)
"""Who opens its own bids; the committee opens what the others sealed."""

Act = Callable[[], Awaitable[None]]


@dataclass(kw_only=True)
class FullRun(FullSubmission):
    """The full performance; each method is a step that a demonstration can show by itself, `steps` names all."""

    panel: PanelRobot | None = None
    sheets: tuple[Sheet, ...] = ()
    found: tuple[Report, Ranking] | None = None

    @classmethod
    async def announce(cls, stage: Stage) -> FullRun:
        """Announce the tender with the boxes of all cities and return once the chain has it."""
        pack = by_id("dev-two-envelope")
        notice = notice_for(pack, TITLE, TENDERER, LOTS)
        parties = stage.parties(TENDERER)
        city = await stage.api(parties.tenderer)
        origins = [stage.origins[name] for name in (stage.city, *(c for c in stage.cities if c != stage.city))]
        deadline = await stage.pulse.now() + NOTICE_PERIOD
        conduct = await announce(city, stage.domains, parties, notice, pack, stage.keys(), origins, deadline)
        await stage.until_state(conduct, "ANNOUNCED")
        return cls(stage=stage, pack=pack, notice=notice, conduct=conduct)

    def steps(self) -> tuple[tuple[str, Act], ...]:
        """Return what follows the announcement, in order, each with its title."""
        qualification, technical, price = ROAD.envelopes
        return (
            ("two companies answer the first notice", self.hand_in_early),
            ("an amendment supersedes the notice", self.amend),
            ("bids for two lots in the boxes of three cities", self.hand_in),
            ("a bidder withdraws", self.withdraw_one),
            ("every device proves its slips in time", self.wait_until_in_time),
            ("the supervisor suspends the tender across its deadline", self.suspend),
            ("the supervisor lets it go on", self.resume),
            ("a price in the last seconds", self.hand_in_late),
            ("the boxes close, the late slip is admitted, the list is fixed", self.close),
            ("qualification envelopes", lambda: self.open_envelope(qualification)),
            ("the panel examines them; one bidder is excluded", lambda: self.examine(qualification)),
            ("technical envelopes", lambda: self.open_envelope(technical)),
            ("three experts score them", lambda: self.examine(technical)),
            ("price envelopes", lambda: self.open_envelope(price)),
            ("the panel reports", self.evaluate),
            ("the decision", self.award),
            ("the winner gives up; the next candidate follows", self.replace_award),
        )

    async def perform(self) -> None:
        """Take all steps."""
        for title, step in self.steps():
            self.stage.tell(title)
            await step()

    # --- envelope by envelope -----------------------------------------------------------------------------------

    async def open_envelope(self, envelope: Envelope) -> None:
        """Let two bidders open their own bids within their window, the committee the others, and sign the record."""
        await self.open_own(OWN_OPENERS)
        await self.record(ROAD, envelope)

    async def examine(self, envelope: Envelope) -> None:
        """Have the panel examine an envelope, score the technical one, and the tenderer exclude whom it rejects."""
        rejected = {}
        if envelope is Envelope.QUALIFICATION:
            text = "The licence for road works, class 2, has expired."
            rejected[self.bidders[CHAOHU].party.organisation] = Rejection(LICENCE, text)
        if envelope is Envelope.TECHNICAL:
            self.sheets = await self._score()
        panel = await self._panel()
        examination = await panel.examine(ROAD.number, envelope, rejected)
        await self.host.exclude(examination)
        for bidder in examination.excluded:
            self.stage.tell(f"{self.names[bidder]} is excluded: {rejected[bidder].text}")
        await self.stage.until_lot(self.conduct, ROAD.number, "OPENING")

    async def _panel(self) -> PanelRobot:
        if self.panel is None:
            size = self.pack.terms.panel_size
            self.panel = await PanelRobot.appoint(self.conduct, self.stage.registrar, size)
        return self.panel

    async def _score(self) -> tuple[Sheet, ...]:
        panel = await self._panel()
        gone = await self.conduct.excluded(ROAD.number, Envelope.PRICE)
        listed = [bytes.fromhex(b["bidder"][2:]) for b in await self.conduct.bids(ROAD.number, Envelope.TECHNICAL)]

        def points(expert: int, bidder: bytes, criterion: str) -> Decimal:
            return CAST[self.names[bidder]].points_of(expert, criterion)

        return tuple(await panel.score(ROAD, [bidder for bidder in listed if bidder not in gone], points))

    # --- report and decisions -----------------------------------------------------------------------------------

    async def evaluate(self) -> None:
        """Have the panel compare the prices as they were read out, and sign its report with all sheets."""

        def assess(bid: OpenedBid) -> Assessment:
            return Assessment(bid.bidder, bid.prices)

        report, outcome = await (await self._panel()).evaluate(ROAD, self.pack, assess, self.sheets)
        if not isinstance(outcome, Ranking):
            raise EvaluationError("the performance has no candidates", code="robot.no_candidates")
        self.found = report, outcome
        for candidate in outcome.candidates:
            points = f"{candidate.price_points} + {candidate.technical_points} = {candidate.total}"
            self.stage.tell(f"{candidate.rank}. {self.names[candidate.bidder]}: {candidate.price}, {points} points")

    async def award(self) -> None:
        """Wait until the candidates were public long enough, and decide for the first."""
        await self.tick(self.pack.terms.publicity + 1)
        await self._decide(1)

    async def replace_award(self) -> None:
        """Have the first candidate give up, and decide for the second; both decisions stay."""
        await self._decide(2, ground=Ground.ABANDONED, text="The winner gave the award up in writing.")

    async def _decide(self, rank: int, *, ground: Ground = Ground.REPORT, text: str = "") -> None:
        assert self.found is not None
        report, ranking = self.found
        chosen = ranking.candidates[rank - 1]
        await self.host.award(ROAD.number, report, chosen, ground=ground, text=text)

        async def decided() -> bool:
            lot = await self.conduct.lot(ROAD.number)
            return (lot["state"], lot["winner"]) == ("DECIDED", "0x" + chosen.bidder.hex())

        await self.stage.pulse.until(decided, f"the decision for {self.names[chosen.bidder]}")
        self.stage.tell(f"lot {ROAD.number} goes to {self.names[chosen.bidder]}")
