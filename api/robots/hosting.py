"""What the tenderer signs from the opening on: records, exclusions, decisions."""

from __future__ import annotations

from dataclasses import dataclass

from api.robots.tenderer import TenderConduct
from bidding.award.domain import Basis, Ground
from bidding.evaluation.domain import Candidate, FailureReason
from bidding.evaluation.report import Examination, Report
from bidding.tender.rules import RulePack
from ledger.acts import ZERO32, AwardDecision, Envelope, EnvelopeExclusion, LotFailure, OpeningRecord


@dataclass(frozen=True)
class Host:
    """The tenderer at the opening and after it."""

    conduct: TenderConduct
    pack: RulePack

    async def record_opening(self, lot: int, envelope: Envelope) -> None:
        """Sign the opening record over what was opened."""
        opening = await self.conduct.city.get(f"{self.conduct.path}/opening")
        root = next(
            group["recordRoot"]
            for group in opening["envelopes"]
            if (group["lot"], group["envelope"]) == (lot, envelope.text)
        )
        step = (await self.conduct.lot(lot))["steps"]
        act = OpeningRecord(self.conduct.tender, lot, int(envelope), _hex(root), step)
        await self.conduct.act(self.conduct.parties.host, act)

    async def exclude(self, examination: Examination) -> None:
        """Exclude whom the panel rejected after an envelope, perhaps nobody."""
        step = (await self.conduct.lot(examination.lot))["steps"]
        act = EnvelopeExclusion(
            self.conduct.tender,
            examination.lot,
            int(examination.envelope),
            examination.excluded,
            examination.report().root,
            step,
        )
        await self.conduct.act(self.conduct.parties.tenderer, act)

    async def award(
        self, lot: int, report: Report, candidate: Candidate, *, ground: Ground = Ground.REPORT, text: str = ""
    ) -> None:
        """Decide for a candidate: the first time on the report, later because the decision before fell."""
        shown = await self.conduct.lot(lot)
        replaces = _hex(shown["decision"]) if ground is not Ground.REPORT else ZERO32
        basis = Basis(
            self.conduct.tender, lot, report.root, candidate.rank, None, ground=ground, text=text, replaces=replaces
        )
        method = self.pack.terms.formula.method
        act = AwardDecision(self.conduct.tender, lot, candidate.bidder, method, basis.hash, replaces, shown["steps"])
        await self.conduct.act(self.conduct.parties.tenderer, act, basis.to_bytes())

    async def fail(self, lot: int, report: Report | None, reason: FailureReason, text: str = "") -> None:
        """State that a lot has no award, and why."""
        shown = await self.conduct.lot(lot)
        root = report.root if report else ZERO32
        basis = Basis(self.conduct.tender, lot, root, None, reason, text=text)
        act = LotFailure(self.conduct.tender, lot, int(reason), basis.hash, ZERO32, shown["steps"])
        await self.conduct.act(self.conduct.parties.tenderer, act, basis.to_bytes())


def _hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
