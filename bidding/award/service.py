"""Checks an opening record, an exclusion or a decision against what was opened, reported and decided before."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.award.domain import AwardError, Basis, need_decision, need_failure, parse_basis
from bidding.evaluation.domain import Outcome
from bidding.evaluation.ports import OpenedEnvelopes
from bidding.evaluation.report import read_evaluation, read_examination
from bidding.panel import repository as panels
from bidding.tender import repository
from bidding.tender.models import TenderActRow, TenderLotRow
from bidding.tender.records import notice_of
from bidding.tender.rules import RulePack
from bidding.tender.signed import Submission
from ledger.acts import ZERO32, AwardDecision, EnvelopeExclusion, LotFailure, OpeningRecord
from ledger.acts import Envelope as EnvelopeKind
from ledger.json_fields import to_hex


class RecordsJudge:
    """Judges by the records of this city; `opened` knows the list and the opened envelopes."""

    def __init__(self, opened: OpenedEnvelopes) -> None:
        self._opened = opened

    async def check_opening(
        self, session: AsyncSession, submission: Submission, act: OpeningRecord
    ) -> tuple[tuple[str, bytes], ...]:
        """Refuse an opening record whose root is not over what was opened."""
        root = await self._opened.opening_root(session, act.tender, act.lot, EnvelopeKind(act.envelope))
        if act.root != root:
            raise AwardError("the record is not over what was opened: sign it anew", code="opening.root",
                             expected=to_hex(root))  # fmt: skip
        return tuple(("opening-record", document) for document in submission.documents)

    async def check_exclusion(
        self, session: AsyncSession, submission: Submission, act: EnvelopeExclusion
    ) -> tuple[tuple[str, bytes], ...]:
        """Refuse an exclusion other than the one that the whole panel's examination of this envelope states."""
        report = await panels.report(session, act.tender, act.lot, act.report)
        panel = await panels.panel(session, act.tender)
        signers = await panels.signers_of_report(session, act.tender, act.lot, act.report)
        if report is None or not panel.is_signed_by_all(signers):
            raise AwardError("every member of the panel signs the examination first", code="exclusion.report")
        found = read_examination(report, act.tender, act.lot, EnvelopeKind(act.envelope))
        if sorted(act.excluded) != sorted(found.excluded):
            raise AwardError("the exclusion names exactly the bidders that the panel rejected",
                             code="exclusion.differs", rejected=[to_hex(b) for b in found.excluded])  # fmt: skip
        return tuple(("attachment", document) for document in submission.documents)

    async def check_decision(
        self,
        session: AsyncSession,
        submission: Submission,
        act: AwardDecision | LotFailure,
        lot: TenderLotRow,
        pack: RulePack,
    ) -> tuple[tuple[str, bytes], ...]:
        """Refuse an award to anybody but the candidate who is due, and a failure that the records do not give."""
        body = submission.document(act.basis, "basis of the decision")
        basis = parse_basis(body)
        _need_matching(act, basis, lot)
        outcome = await self._outcome(session, lot, pack)
        fallen = await _fallen(session, lot) if act.replaces != ZERO32 else []
        if isinstance(act, LotFailure):
            if need_failure(outcome, fallen, pack.terms, basis) != act.reason:
                raise AwardError("act and basis state different reasons", code="award.reason")
        else:
            if outcome is None:
                raise AwardError("the panel has not reported on this lot", code="award.no_report")
            if act.method != pack.terms.formula.method:
                raise AwardError(f"the method under this rule pack is {pack.terms.formula.method}", code="award.method")
            need_decision(outcome, fallen, pack.terms, act.winner, basis)
        papers = tuple(("award-paper", document) for document in submission.documents if document != body)
        return (("award-basis", body), *papers)

    async def _outcome(self, session: AsyncSession, lot: TenderLotRow, pack: RulePack) -> Outcome | None:
        if lot.report is None:
            return None
        report = await panels.report(session, lot.tender, lot.number, lot.report)
        assert report is not None
        notice = await notice_of(session, await repository.get(session, lot.tender))
        gone = await panels.excluded(session, lot.tender, lot.number)
        listed = await self._opened.price_bids(session, lot.tender, lot.number)
        bids = [bid for bid in listed if bid.bidder not in gone]
        return read_evaluation(report, lot.tender, notice.lot(lot.number), pack, bids)[1]


def _need_matching(act: AwardDecision | LotFailure, basis: Basis, lot: TenderLotRow) -> None:
    stated = (basis.tender, basis.lot, basis.replaces, basis.report)
    if stated != (act.tender, act.lot, act.replaces, lot.report or ZERO32):
        raise AwardError("the basis is for another tender, lot, report or decision", code="award.basis")
    if act.replaces != (lot.decision or ZERO32):
        raise AwardError("`replaces` names the lot's last decision, or zero for the first", code="award.replaces",
                         expected=to_hex(lot.decision or ZERO32))  # fmt: skip


async def _fallen(session: AsyncSession, lot: TenderLotRow) -> list[bytes]:
    """Return the winners of the decisions that stood before, each of which the next one replaced."""
    rows = await repository.acts(session, lot.tender, type_="AwardDecision", lot_number=lot.number)
    return [_winner(row) for row in rows if row.confirmed_at is not None]


def _winner(row: TenderActRow) -> bytes:
    return AwardDecision.from_json(row.act).winner
