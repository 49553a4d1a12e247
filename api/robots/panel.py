"""The evaluation panel: seats drawn, taken and declared free of conflict, findings signed by every expert."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from api.robots.people import Party, Registrar
from api.robots.tenderer import TenderConduct
from bidding.evaluation.domain import Assessment, LotCase, OpenedBid, Outcome, Rejection
from bidding.evaluation.report import Examination, Finding, Report, evaluation_report
from bidding.evaluation.sheets import Score, Sheet, criteria_hash
from bidding.panel.domain import Acceptance, ConflictBody, Snapshot, seat_of
from bidding.tender.money import parse_money
from bidding.tender.notice import NoticeLot
from bidding.tender.rules import RulePack
from ledger.acts import ConflictDeclaration, Envelope, EvaluationReport, Role, SeatAcceptance

Points = Callable[[int, bytes, str], Decimal]
"""The points that an expert, counted from 0, gives a bidder for a criterion."""


@dataclass(frozen=True)
class Seated:
    """An expert on a seat; `salt` opens the seat's commitment."""

    expert: Party
    seat: bytes
    salt: bytes


@dataclass(frozen=True)
class PanelRobot:
    """A tender's panel at work."""

    conduct: TenderConduct
    seats: tuple[Seated, ...]

    @classmethod
    async def appoint(cls, conduct: TenderConduct, registrar: Registrar, size: int) -> PanelRobot:
        """Have centre and tenderer draw a panel of new experts, and let each take the seat."""
        seats = []
        for number in range(size):
            expert = registrar.party(f"expert {number + 1}", Role.EXPERT, personal=True)
            salt = secrets.token_bytes(32)
            seats.append(Seated(expert, seat_of(salt, expert.chain.credential.subject), salt))
        snapshot = Snapshot(conduct.tender, tuple(seated.seat for seated in seats))
        for party in (conduct.parties.centre, conduct.parties.tenderer):
            await conduct.record(party, snapshot.request(), snapshot.to_bytes())
        panel = cls(conduct, tuple(seats))
        for seated in panel.seats:
            await panel._sit_down(seated)
        return panel

    async def _sit_down(self, seated: Seated) -> None:
        tender = self.conduct.tender
        body = Acceptance(seated.seat, seated.expert.chain.credential.subject, seated.salt)
        await self.conduct.record(seated.expert, SeatAcceptance(tender, seated.seat, body.hash), body.to_bytes())
        declared = ConflictBody(seated.seat, conflict=False, text="").to_bytes()
        act = ConflictDeclaration(tender, seated.seat, hashlib.sha256(declared).digest())
        await self.conduct.record(seated.expert, act, declared)

    async def examine(self, lot: int, envelope: Envelope, rejected: Mapping[bytes, Rejection]) -> Examination:
        """Examine one envelope: everybody in the list goes on but the rejected; all experts sign."""
        bidders = [_hex(bid["bidder"]) for bid in await self.conduct.bids(lot, envelope)]
        gone = await self.conduct.excluded(lot, envelope)
        findings = tuple(Finding(bidder, rejected.get(bidder)) for bidder in bidders if bidder not in gone)
        examination = Examination(self.conduct.tender, lot, envelope, findings)
        await self._sign(examination.report(), lot)
        return examination

    async def score(self, lot: NoticeLot, bidders: Sequence[bytes], points: Points) -> list[Sheet]:
        """Have every expert lock a sheet for every bidder."""
        sheets = []
        for expert, seated in enumerate(self.seats):
            for bidder in bidders:
                scores = {c.id: Score(points(expert, bidder, c.id), "") for c in lot.criteria}
                salt = secrets.token_bytes(32)
                sheet = Sheet(self.conduct.tender, lot.number, bidder, seated.seat, criteria_hash(lot), scores, salt)
                await self.conduct.record(seated.expert, sheet.act(), sheet.to_bytes())
                sheets.append(sheet)
        return sheets

    async def evaluate(
        self, lot: NoticeLot, pack: RulePack, assess: Callable[[OpenedBid], Assessment], sheets: Sequence[Sheet] = ()
    ) -> tuple[Report, Outcome]:
        """Evaluate the opened bids of a lot and have every expert sign the report."""
        gone = await self.conduct.excluded(lot.number, Envelope.PRICE)
        listed = await self.conduct.bids(lot.number, Envelope.PRICE)
        bids = tuple(
            OpenedBid(
                place,
                _hex(bid["bidder"]),
                tuple(parse_money(price) for price in bid["prices"] or ()),
                opened=bid["status"] != "not_opened",
            )
            for place, bid in enumerate(listed)
            if _hex(bid["bidder"]) not in gone
        )
        case = LotCase(
            lot,
            bids,
            {bid.bidder: assess(bid) for bid in bids},
            tuple(sheets),
            tuple(seated.seat for seated in self.seats),
        )
        report, outcome = evaluation_report(self.conduct.tender, case, pack)
        await self._sign(report, lot.number)
        return report, outcome

    async def _sign(self, report: Report, lot: int) -> None:
        act = EvaluationReport(self.conduct.tender, lot, report.root, bytes(32))
        for seated in self.seats:
            await self.conduct.record(seated.expert, act, report.to_bytes())


def _hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
