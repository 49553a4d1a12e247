"""What panels put on record: draw requests, seats, sheets, rejections, clarifications, reports.

Each is an act off the chain, signed by its maker and kept with the body it names by hash. The caller has shown that
the papers are good (`bidding.tender.tasks`); whether the act fits the tender, the seat and the records is seen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box.book import LotState
from bidding.evaluation.ports import OpenedEnvelopes
from bidding.evaluation.report import Report, parse_report, read_evaluation, read_examination
from bidding.evaluation.sheets import Sheet, need_fitting, parse_sheet
from bidding.panel import repository as panels
from bidding.panel.domain import Panel, PanelError, need_panel, parse_acceptance, parse_conflict, parse_snapshot
from bidding.panel.models import PanelSeatRow
from bidding.tender import repository
from bidding.tender.domain import Actor, Step, TenderState, need
from bidding.tender.models import TenderLotRow, TenderRow, Visibility
from bidding.tender.projection import publish
from bidding.tender.records import actor_of, keep_act, notice_of, pack_of, timeline
from bidding.tender.rules import RulePack
from bidding.tender.signed import Submission
from ledger.acts import (
    Act,
    BidRejection,
    Clarification,
    ConflictDeclaration,
    DrawRequest,
    Envelope,
    EvaluationReport,
    Role,
    ScoreSheet,
    SeatAcceptance,
)
from ledger.canonical import JsonObject
from ledger.json_fields import to_hex
from ledger.signed import Domains
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.service import PublicLog

ACTS: tuple[type[Act], ...] = (
    DrawRequest, SeatAcceptance, ConflictDeclaration, ScoreSheet, BidRejection, Clarification, EvaluationReport,
)  # fmt: skip
"""The acts that this service takes."""


@dataclass(frozen=True)
class _Context:
    session: AsyncSession
    submission: Submission
    row: TenderRow
    pack: RulePack
    key: bytes
    now: int

    def need(self, step: Step, actor: Actor, lot: TenderLotRow | None = None) -> None:
        state = TenderState(lot.state if lot else self.row.state)
        need(step, state, (actor,), timeline(self.row, lot), self.pack.terms, self.now, suspended=self.row.suspended)


class PanelService:
    """The use cases of a panel; `opened` knows the list and the opened envelopes."""

    def __init__(self, domains: Domains, log: PublicLog, opened: OpenedEnvelopes) -> None:
        self._domains = domains
        self._log = log
        self._opened = opened

    async def take(self, session: AsyncSession, submission: Submission, now: int) -> bytes:
        """Check an act of `ACTS`, keep it with its body, have it witnessed; return its digest.

        The same act of the same signer again changes nothing.
        """
        signed = submission.signed
        digest, key = signed.digest(self._domains), signed.signer(self._domains)
        if await repository.act(session, digest, key) is not None:
            return digest
        row = await repository.get(session, signed.act.tender)  # type: ignore[attr-defined]
        context = _Context(session, submission, row, await pack_of(session, row), key, now)
        match signed.act:
            case DrawRequest() as act:
                await self._draw(context, act)
            case SeatAcceptance() as act:
                await self._accept_seat(context, act)
            case ConflictDeclaration() as act:
                await self._declare(context, act)
            case ScoreSheet() as act:
                await self._lock_sheet(context, act)
            case BidRejection() | Clarification() as act:
                await self._remark(context, act)
            case EvaluationReport() as act:
                await self._sign_report(context, act)
            case other:
                raise PanelError(f"{type(other).__name__} is no act of a panel", code="act.not_of_panel")
        return digest

    # --- who sits -----------------------------------------------------------------------------------------------

    async def _draw(self, context: _Context, act: DrawRequest) -> None:
        signed = context.submission.signed
        by_centre = signed.chain.credential.role == Role.CENTRE
        context.need(Step.APPOINT_PANEL, Actor.CENTRE if by_centre else actor_of(signed, context.row.tenderer))
        body = _snapshot_body(context, act)
        snapshot = parse_snapshot(body)
        need_panel(act, snapshot, context.pack.terms)
        if await panels.seat_rows(context.session, act.tender):
            raise PanelError("the tender has a panel", code="panel.appointed")
        await self._keep(context, body, "seat-snapshot", Visibility.AFTER_RESULT, Kind.DRAW_REQUESTED)
        requests = await repository.same_act(context.session, signed.digest(self._domains))
        signers = {request.chain["credential"]["role"] for request in requests}
        if {int(Role.CENTRE), int(Role.TENDERER)} <= signers:
            for position, seat in enumerate(snapshot.seats):
                context.session.add(PanelSeatRow(tender=act.tender, seat=seat, position=position))
            await self._witness(context, Kind.DRAW_RESULT, ActorRole.CENTRE, {"size": act.size})
            await context.session.flush()

    async def _accept_seat(self, context: _Context, act: SeatAcceptance) -> None:
        body = context.submission.document(act.text, "seat acceptance")
        acceptance = parse_acceptance(body)
        credential = context.submission.signed.chain.credential
        if credential.role != Role.EXPERT or context.submission.signed.chain.delegation is not None:
            raise PanelError("a seat is taken by an expert in person", code="panel.expert")
        if (acceptance.seat, acceptance.subject) != (act.seat, credential.subject):
            raise PanelError("the acceptance opens another seat, or names another expert", code="panel.acceptance")
        seat = await context.session.get(PanelSeatRow, (act.tender, act.seat))
        if seat is None or seat.key is not None:
            raise PanelError("the panel has no such free seat", code="panel.no_seat")
        seat.key = context.key
        await self._keep(context, body, "seat-acceptance", Visibility.AFTER_RESULT, Kind.EXPERT_IDENTIFIED)

    async def _declare(self, context: _Context, act: ConflictDeclaration) -> None:
        body = context.submission.document(act.text, "declaration")
        declared = parse_conflict(body)
        seat = await self._own_seat(context, act.seat)
        if declared.seat != act.seat:
            raise PanelError("the declaration is for another seat", code="panel.conflict")
        seat.conflicted = declared.conflict
        await self._keep(context, body, "conflict-declaration", Visibility.AFTER_RESULT, Kind.CONFLICT_DECLARED)

    async def _own_seat(self, context: _Context, seat: bytes) -> PanelSeatRow:
        tender: bytes = context.row.tender
        if (await panels.panel(context.session, tender)).seat_of_key(context.key) != seat:
            raise PanelError("this seat is another expert's", code="panel.no_seat")
        row = await context.session.get(PanelSeatRow, (tender, seat))
        assert row is not None
        return row

    # --- what they find -----------------------------------------------------------------------------------------

    async def _lock_sheet(self, context: _Context, act: ScoreSheet) -> None:
        lot = await repository.lot(context.session, act.tender, act.lot)
        context.need(Step.SCORE, Actor.EXPERT, lot)
        await self._own_seat(context, act.seat)
        body = context.submission.document(act.scores, "score sheet")
        sheet = parse_sheet(body)
        if sheet.act() != act:
            raise PanelError("act and sheet say different things", code="sheet.disagrees")
        if context.pack.scoring is None:
            raise PanelError("this tender is not scored by points", code="sheet.no_scoring")
        notice = await notice_of(context.session, context.row)
        need_fitting(sheet, notice.lot(act.lot), context.pack.scoring)
        await self._need_bidder(context, lot, act.bidder)
        for known in await panels.sheets(context.session, act.tender, act.lot):
            if (known.act["seat"], known.act["bidder"]) == (to_hex(act.seat), to_hex(act.bidder)):
                raise PanelError("this seat has locked a sheet for this bidder", code="sheet.locked")
        await self._keep(context, body, "score-sheet", Visibility.AFTER_REPORT, Kind.SCORE_LOCKED)

    async def _remark(self, context: _Context, act: BidRejection | Clarification) -> None:
        lot = await repository.lot(context.session, act.tender, act.lot)
        context.need(Step.SCORE, Actor.EXPERT, lot)
        await self._own_seat(context, act.seat)
        await self._need_bidder(context, lot, act.bidder)
        body = context.submission.document(act.reason, "reason")
        kind = Kind.BID_REJECTED if isinstance(act, BidRejection) else Kind.BID_CLARIFICATION
        await self._keep(context, body, "remark", Visibility.AFTER_REPORT, kind)

    async def _need_bidder(self, context: _Context, lot: TenderLotRow, bidder: bytes) -> None:
        first = next(e for e in Envelope if lot.envelopes & e.bit)
        known = await self._opened.bidders(context.session, lot.tender, lot.number, first)
        if bidder not in known:
            raise PanelError("nobody of this id has a bid on this lot", code="panel.no_bid")

    # --- reports ------------------------------------------------------------------------------------------------

    async def _sign_report(self, context: _Context, act: EvaluationReport) -> None:
        lot = await repository.lot(context.session, act.tender, act.lot)
        panel = await panels.panel(context.session, act.tender)
        panel.need_complete()
        panel.seat_of_key(context.key)
        body, report = _report_body(context, act)
        if report.kind == "examination-report":
            context.need(Step.EXAMINE, Actor.EXPERT, lot)
            await self._check_examination(context, report, lot)
        else:
            context.need(Step.REPORT, Actor.EXPERT, lot)
            await self._check_evaluation(context, report, lot, panel)
        await self._keep(context, body, report.kind, Visibility.AFTER_REPORT, Kind.EVALUATION_REPORT)
        signers = await panels.signers_of_report(context.session, act.tender, act.lot, act.root)
        if panel.is_signed_by_all(signers) and report.kind == "evaluation-report":
            await self._complete(context, lot, act.root, report)

    async def _check_examination(self, context: _Context, report: Report, lot: TenderLotRow) -> None:
        envelope = Envelope(lot.envelope)
        found = read_examination(report, lot.tender, lot.number, envelope)
        gone = await panels.excluded(context.session, lot.tender, lot.number)
        listed = await self._opened.bidders(context.session, lot.tender, lot.number, envelope)
        if [f.bidder for f in found.findings] != [bidder for bidder in listed if bidder not in gone]:
            raise PanelError("the report has a finding on every bidder of this envelope, in list order",
                             code="report.incomplete")  # fmt: skip

    async def _check_evaluation(self, context: _Context, report: Report, lot: TenderLotRow, panel: Panel) -> None:
        if lot.chain_state != LotState.OPENED:
            raise PanelError("the lot is evaluated when its last envelope is opened", code="lot.not_opened")
        notice = await notice_of(context.session, context.row)
        gone = await panels.excluded(context.session, lot.tender, lot.number)
        bids = [b for b in await self._opened.price_bids(context.session, lot.tender, lot.number)
                if b.bidder not in gone]  # fmt: skip
        case, _ = read_evaluation(report, lot.tender, notice.lot(lot.number), context.pack, bids)
        if case.seats != panel.need_complete():
            raise PanelError("the report names the seats of the panel, in order", code="report.seats")
        await self._need_locked(context, lot, case.sheets, {bid.bidder for bid in bids})

    async def _need_locked(
        self, context: _Context, lot: TenderLotRow, used: tuple[Sheet, ...], bidders: set[bytes]
    ) -> None:
        rows = await panels.sheets(context.session, lot.tender, lot.number)
        locked = {row.act["scores"] for row in rows if bytes.fromhex(row.act["bidder"][2:]) in bidders}
        if {to_hex(sheet.hash) for sheet in used} != locked:
            raise PanelError("the report holds exactly the sheets that were locked", code="report.sheets")

    async def _complete(self, context: _Context, lot: TenderLotRow, root: bytes, report: Report) -> None:
        """All have signed: the report stands, and its candidates are publicised at once (REG 54)."""
        lot.report, lot.reported_at, lot.published_at = root, context.now, context.now
        lot.state = TenderState.PUBLICITY.value
        context.row.stale = True
        await publish(context.session, lot, Visibility.AFTER_REPORT)
        header = report.records[0]
        ranking = header["ranking"]
        assert isinstance(ranking, list)
        shown: JsonObject = {"report": to_hex(root), "noAward": header["noAward"],
                             "candidates": ranking[: context.pack.terms.candidates]}  # fmt: skip
        await self._witness(context, Kind.CANDIDATES_PUBLICISED, ActorRole.CENTRE, shown)

    # --- records ------------------------------------------------------------------------------------------------

    async def _keep(self, context: _Context, body: bytes, kind: str, visibility: Visibility, event: Kind) -> None:
        signed = context.submission.signed
        lot: int | None = getattr(signed.act, "lot", None)
        sha256 = await repository.keep_document(
            context.session, context.row.tender, body, kind, lot_number=lot, visibility=visibility
        )
        await keep_act(context.session, signed, self._domains, context.now, body=sha256, visibility=visibility)
        roles = {Role.TENDERER: ActorRole.TENDERER, Role.CENTRE: ActorRole.CENTRE, Role.EXPERT: ActorRole.EXPERT}
        await self._witness(context, event, roles[Role(signed.chain.credential.role)], {})

    async def _witness(self, context: _Context, kind: Kind, role: ActorRole, data: JsonObject) -> None:
        signed = context.submission.signed
        digest = signed.digest(self._domains)
        event = Event(kind, context.now, role, tender=context.row.tender, lot=getattr(signed.act, "lot", None),
                      act=digest, data=data)  # fmt: skip
        await self._log.append(context.session, event, key=f"{kind}/{digest.hex()}/{context.key.hex()}")


def _snapshot_body(context: _Context, act: DrawRequest) -> bytes:
    """Return the document whose snapshot has the root that the request names."""
    for document in context.submission.documents:
        if parse_snapshot(document).root == act.snapshot:
            return document
    raise PanelError("send the seat snapshot along", code="document.not_sent")


def _report_body(context: _Context, act: EvaluationReport) -> tuple[bytes, Report]:
    """Return the document whose records have the root that is signed."""
    for document in context.submission.documents:
        report = parse_report(document)
        if report.root == act.root:
            return document, report
    raise PanelError("send the report along", code="document.not_sent")
