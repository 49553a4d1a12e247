"""Acts on a tender: checked against table, rules, notice and reports, kept with their papers, relayed to TenderBook.

The contract is the judge; what it checks is checked here before, so that a person gets a reason instead of a reverted
transaction. Nothing here commits, and nothing here asks the network: `tasks.submit` does both around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.tender import repository
from bidding.tender.consistency import need_amendable, need_announceable
from bidding.tender.domain import Actor, Step, TenderError, TenderState, Timeline, need
from bidding.tender.models import TenderLotRow, TenderRow
from bidding.tender.notice import parse_notice
from bidding.tender.records import actor_of, keep_act, notice_of, pack_of, timeline
from bidding.tender.rules import RulePack, RulePackError, by_hash
from bidding.tender.rules import parse as parse_pack
from bidding.tender.signed import Submission
from ledger.acts import (
    Act,
    AwardDecision,
    EnvelopeExclusion,
    LotFailure,
    OpeningRecord,
    Role,
    TenderAmendment,
    TenderAnnouncement,
    TenderResumption,
    TenderSuspension,
    TenderTermination,
)
from ledger.chain.sender import ChainSender, TxStatus
from ledger.identity import tender_id
from ledger.signed import Domains, Signed

BOOK = "TenderBook"
_STEPS: dict[type[Act], tuple[Step, str]] = {
    TenderAnnouncement: (Step.ANNOUNCE, "announce"),
    TenderAmendment: (Step.AMEND, "amend"),
    TenderSuspension: (Step.SUSPEND, "suspend"),
    TenderResumption: (Step.RESUME, "resume"),
    TenderTermination: (Step.TERMINATE, "terminate"),
    OpeningRecord: (Step.OPEN, "opened"),
    EnvelopeExclusion: (Step.EXCLUDE, "exclude"),
    AwardDecision: (Step.DECIDE, "decide"),
    LotFailure: (Step.FAIL, "fail"),
}
_ON_LOT = (OpeningRecord, EnvelopeExclusion, AwardDecision, LotFailure)


@dataclass(frozen=True)
class Call:
    """A transaction to TenderBook, and the key under which it is sent once."""

    function: str
    args: tuple[Any, ...]
    key: str


@dataclass(frozen=True)
class Checked:
    """An act that may be relayed: its digest, its call, the documents to keep with it by kind."""

    digest: bytes
    call: Call
    documents: tuple[tuple[str, bytes], ...] = ()


class Judge(Protocol):
    """Knows what was opened, what the panel reported and who is due; returns the documents to keep, by kind."""

    async def check_opening(
        self, session: AsyncSession, submission: Submission, act: OpeningRecord
    ) -> tuple[tuple[str, bytes], ...]:
        """Refuse an opening record that is not over what was opened."""
        ...

    async def check_exclusion(
        self, session: AsyncSession, submission: Submission, act: EnvelopeExclusion
    ) -> tuple[tuple[str, bytes], ...]:
        """Refuse an exclusion that the whole panel's examination does not state."""
        ...

    async def check_decision(
        self,
        session: AsyncSession,
        submission: Submission,
        act: AwardDecision | LotFailure,
        lot: TenderLotRow,
        pack: RulePack,
    ) -> tuple[tuple[str, bytes], ...]:
        """Refuse a decision that report, rules and former decisions do not support."""
        ...


class TenderService:
    """The use cases on tenders of this city; `own_origins` are its sealed origins, `judge` knows reports."""

    def __init__(self, domains: Domains, sender: ChainSender, own_origins: frozenset[bytes], judge: Judge) -> None:
        self._domains = domains
        self._sender = sender
        self._own_origins = own_origins
        self._judge = judge

    async def check(self, session: AsyncSession, submission: Submission, now: int) -> Checked:
        """Return the call that relays this act, or refuse it with the reason. Writes nothing."""
        act = submission.signed.act
        if type(act) not in _STEPS:
            raise TenderError(f"{type(act).__name__} is no act on TenderBook", code="act.not_on_chain")
        submission.signed.signer(self._domains)
        if isinstance(act, TenderAnnouncement):
            return await self._check_announcement(session, submission, act, now)
        row = await repository.get(session, act.tender)  # type: ignore[attr-defined]
        lot = await repository.lot(session, row.tender, act.lot) if isinstance(act, _ON_LOT) else None
        actor = actor_of(submission.signed, self._organisation(submission.signed, row))
        pack = await pack_of(session, row)
        step, function = _STEPS[type(act)]
        state = TenderState(lot.state if lot else row.state)
        need(step, state, (actor,), timeline(row, lot), pack.terms, now, suspended=row.suspended)
        _need_step(act, row, lot, actor)
        documents = await self._check_content(session, submission, row, lot, pack, actor, now)
        return self._checked(submission.signed, function, documents, actor)

    async def known(self, session: AsyncSession, submission: Submission) -> Checked | None:
        """Return the answer that this same act was given before; None if it is new, or TenderBook refused it since."""
        signed = submission.signed
        digest = signed.digest(self._domains)
        row = await repository.act(session, digest, signed.signer(self._domains))
        outcome = await self._sender.outcome(session, row.tx_key) if row and row.tx_key else None
        if row is None or row.tx_key is None or outcome is None or outcome.status is TxStatus.REVERTED:
            return None
        return Checked(digest, Call(_STEPS[type(signed.act)][1], (), row.tx_key))

    async def take(self, session: AsyncSession, submission: Submission, now: int) -> Checked:
        """Check the act, keep it with papers and documents, and have it sent."""
        checked = await self.check(session, submission, now)
        act = submission.signed.act
        if isinstance(act, TenderAnnouncement):
            await self._open(session, act)
        tender: bytes = act.tender  # type: ignore[attr-defined]
        for kind, content in checked.documents:
            await repository.keep_document(session, tender, content, kind, lot_number=getattr(act, "lot", None))
        for signed in filter(None, (submission.signed, submission.countersigned)):
            await keep_act(session, signed, self._domains, now, tx_key=checked.call.key)
        await self._sender.submit(session, BOOK, checked.call.function, checked.call.args, key=checked.call.key)
        return checked

    # --- announcement -------------------------------------------------------------------------------------------

    async def _check_announcement(
        self, session: AsyncSession, submission: Submission, act: TenderAnnouncement, now: int
    ) -> Checked:
        book = self._domains.domain(BOOK)
        if act.tender != tender_id(book.chain_id, book.contract, act.tenderer, act.nonce):
            raise TenderError("the tender id does not follow from tenderer and nonce", code="tender.id")
        if not act.origins or act.origins[0] not in self._own_origins:
            raise TenderError("announce the tender at the city of its first origin", code="tender.elsewhere")
        centre = submission.countersigned
        if centre is None or centre.act != act or centre.chain.credential.role != Role.CENTRE:
            raise TenderError("the trading centre signs the announcement too", code="tender.centre_missing")
        centre.signer(self._domains)
        notice_body = submission.document(act.notice, "notice")
        pack_body = _pack_body(submission, act.rule_pack)
        pack = parse_pack(pack_body)
        need_announceable(act, parse_notice(notice_body), pack)
        actor = actor_of(submission.signed, act.tenderer)
        state = TenderState.DRAFT
        if (row := await repository.find(session, act.tender)) is not None:
            state = TenderState(row.state)
        need(Step.ANNOUNCE, state, (actor,), Timeline(act.deadline), pack.terms, now, suspended=False)
        digest = submission.signed.digest(self._domains)
        args = (act, submission.signed.signature, submission.signed.chain, centre.signature, centre.chain)
        attached = tuple(("attachment", d) for d in submission.documents if d not in {notice_body, pack_body})
        documents = (("notice", notice_body), ("rule-pack", pack_body), *attached)
        return Checked(digest, Call("announce", args, f"tender/{digest.hex()}"), documents)

    async def _open(self, session: AsyncSession, act: TenderAnnouncement) -> None:
        if await repository.find(session, act.tender) is None:
            session.add(
                TenderRow(
                    tender=act.tender, owned=True, state=TenderState.DRAFT.value, chain_state=0,
                    tenderer=act.tenderer, supervisor=act.supervisor, announcement=act.to_json(),
                    rule_pack=act.rule_pack, notice=act.notice, deadline=act.deadline, stale=True,
                )
            )  # fmt: skip
            await session.flush()

    # --- every other act ----------------------------------------------------------------------------------------

    def _organisation(self, signed: Signed, row: TenderRow) -> bytes:
        return row.supervisor if signed.chain.credential.role == Role.SUPERVISOR else row.tenderer

    async def _check_content(
        self,
        session: AsyncSession,
        submission: Submission,
        row: TenderRow,
        lot: TenderLotRow | None,
        pack: RulePack,
        actor: Actor,
        now: int,
    ) -> tuple[tuple[str, bytes], ...]:
        match submission.signed.act:
            case TenderAmendment() as act:
                return await self._check_amendment(session, submission, act, row, pack, now)
            case TenderSuspension() | TenderResumption() as act:
                flag = row.suspended_by_supervisor if actor is Actor.SUPERVISOR else row.suspended_by_tenderer
                if flag is isinstance(act, TenderSuspension):
                    raise TenderError("this side has suspended already" if flag else "this side has not suspended",
                                      code="tender.suspension")  # fmt: skip
                return (("reason", submission.document(act.reason, "reason")),)
            case TenderTermination() as act:
                return (("reason", submission.document(act.reason, "reason")),)
            case OpeningRecord() as act:
                assert lot is not None
                _need_envelope(lot, act.envelope)
                return await self._judge.check_opening(session, submission, act)
            case EnvelopeExclusion() as act:
                return await self._judge.check_exclusion(session, submission, act)
            case AwardDecision() | LotFailure() as act:
                assert lot is not None
                return await self._judge.check_decision(session, submission, act, lot, pack)
            case act:
                raise TenderError(f"{type(act).__name__} is no act on TenderBook", code="act.not_on_chain")

    async def _check_amendment(
        self,
        session: AsyncSession,
        submission: Submission,
        act: TenderAmendment,
        row: TenderRow,
        pack: RulePack,
        now: int,
    ) -> tuple[tuple[str, bytes], ...]:
        if act.deadline < row.deadline:
            raise TenderError("a deadline is never brought forward", code="tender.deadline", deadline=row.deadline)
        last = await notice_of(session, row)
        changes = act.notice != last.hash
        if (changes or act.supersedes) and act.deadline < now + pack.terms.amend_lead:
            raise TenderError(
                f"bidders need {pack.terms.amend_lead} seconds after a change: postpone the deadline (REG 21)",
                code="tender.amend_lead", earliest=now + pack.terms.amend_lead,
            )  # fmt: skip
        if not changes:
            return ()
        body = submission.document(act.notice, "notice")
        need_amendable(act, parse_notice(body), last, pack)
        return (("notice", body),)

    def _checked(
        self, signed: Signed, function: str, documents: tuple[tuple[str, bytes], ...], actor: Actor
    ) -> Checked:
        digest = signed.digest(self._domains)
        side = (int(actor is Actor.SUPERVISOR),) if function in {"suspend", "resume", "terminate"} else ()
        args = (*side, signed.act, signed.signature, signed.chain)
        return Checked(digest, Call(function, args, f"tender/{digest.hex()}"), documents)


def _pack_body(submission: Submission, pack_hash: bytes) -> bytes:
    try:
        return submission.document(pack_hash, "rule pack")
    except TenderError:
        try:
            return by_hash(pack_hash).body
        except RulePackError as error:
            raise TenderError(error.message, code="document.not_sent") from error


def _need_step(act: Act, row: TenderRow, lot: TenderLotRow | None, actor: Actor) -> None:
    """Refuse an act whose `step` is not the number of acts accepted before on its track."""
    expected = lot.steps if lot else row.supervisor_steps if actor is Actor.SUPERVISOR else row.tenderer_steps
    stated: int = act.step  # type: ignore[attr-defined]
    if stated != expected:
        raise TenderError(f"this is step {expected} on its track, not {stated}: sign the act with the current step",
                          code="tender.step", expected=expected)  # fmt: skip


def _need_envelope(lot: TenderLotRow, envelope: int) -> None:
    if lot.envelope != envelope:
        raise TenderError(f"the lot's envelope {lot.envelope} is open, not {envelope}", code="lot.envelope",
                          envelope=lot.envelope)  # fmt: skip
