"""TenderBook's word becomes rows: state read at a block, and events turned into entries of the public log.

`refresh` copies what the contract says, so that it does not matter who sent a transaction, in which order events
arrive, or what a reorganisation took back. The city of the first origin also witnesses each event, once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box.book import BookState, LotState, LotView, TenderAtBlock
from bidding.tender import repository
from bidding.tender.domain import TenderState, overall
from bidding.tender.models import TenderActRow, TenderLotRow, TenderRow, Visibility
from ledger.canonical import JsonObject
from ledger.chain.indexer import IndexedEvent, Indexer
from ledger.json_fields import to_hex
from ledger.outbox import OutboxConflictError, enqueue
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.service import PublicLog

AWARD_TOPIC = "event.award"
_TENDER_STATES = {
    BookState.ANNOUNCED: TenderState.ANNOUNCED,
    BookState.CLOSING: TenderState.CLOSED,
    BookState.CLOSED: TenderState.CLOSED,
    BookState.LISTED: TenderState.OPENING,
    BookState.DONE: TenderState.OPENING,
    BookState.TERMINATED: TenderState.TERMINATED,
}
_LOT_STATES = {
    LotState.OPENING: TenderState.OPENING,
    LotState.EXAMINING: TenderState.EVALUATING,
    LotState.OPENED: TenderState.EVALUATING,
    LotState.AWARDED: TenderState.DECIDED,
    LotState.FAILED: TenderState.FAILED,
}
_RESULTS = (TenderState.DECIDED, TenderState.CONTRACTED, TenderState.PERFORMING, TenderState.ARCHIVED)


async def refresh(session: AsyncSession, at: TenderAtBlock, own_origins: frozenset[bytes]) -> TenderRow:
    """Store what TenderBook says about a tender at a block; an older block than the one stored changes nothing."""
    row = await repository.find(session, at.tender)
    if row is None:
        row = TenderRow(
            tender=at.tender, owned=at.origins[0].origin in own_origins, tenderer=at.view.tenderer,
            supervisor=at.view.supervisor, state=TenderState.ANNOUNCED.value, chain_state=0, deadline=0,
            tenderer_steps=0, supervisor_steps=0, seen_block=0,
        )  # fmt: skip
        session.add(row)
        await session.flush()
    row.owned = at.origins[0].origin in own_origins
    row.tenderer, row.supervisor = at.view.tenderer, at.view.supervisor
    if at.block < row.seen_block:
        return row
    _copy_tender(row, at)
    lots = [await _refresh_lot(session, row, view) for view in at.lots]
    row.state = overall(_TENDER_STATES[at.view.state], [TenderState(lot.state) for lot in lots]).value
    if all(view.state in {LotState.AWARDED, LotState.FAILED} for view in at.lots):
        await _publish_panel(session, row.tender)
    await session.flush()
    return row


def _copy_tender(row: TenderRow, at: TenderAtBlock) -> None:
    view = at.view
    row.chain_state, row.seen_block, row.stale = int(view.state), at.block, False
    row.notice, row.deadline, row.announced_at = at.notices[-1], view.deadline, view.announced_at
    row.closing_at, row.open_from = view.closing_at or None, view.open_from or None
    row.listed_at = view.listed_at or None
    row.suspended_by_tenderer, row.suspended_by_supervisor = view.suspended_by_tenderer, view.suspended_by_supervisor
    row.tenderer_steps, row.supervisor_steps = view.tenderer_steps, view.supervisor_steps


async def _refresh_lot(session: AsyncSession, tender: TenderRow, view: LotView) -> TenderLotRow:
    lot = await session.get(TenderLotRow, (tender.tender, view.number))
    if lot is None:
        lot = TenderLotRow(tender=tender.tender, number=view.number, envelopes=view.envelopes, state="", steps=0)
        session.add(lot)
    lot.chain_state, lot.envelope, lot.bidders, lot.reason = int(view.state), view.envelope, view.bidders, view.reason
    lot.steps, lot.since = view.steps, view.since or None
    decided = view.state in {LotState.AWARDED, LotState.FAILED}
    if any(view.decision) and view.decision != lot.decision:
        lot.state = ""  # a new decision: whatever followed from the one before has fallen with it
    lot.decision = view.decision if any(view.decision) else None
    lot.decided_at = view.since if decided else None
    if view.state is not LotState.AWARDED:
        lot.winner = None
    elif lot.decision is not None and (known := await repository.act(session, lot.decision)) is not None:
        lot.winner = bytes.fromhex(known.act["winner"][2:])
    lot.state = _lot_state(view.state, tender, lot).value
    if decided:
        await publish(session, lot, Visibility.AFTER_RESULT)
    return lot


def _lot_state(state: LotState, tender: TenderRow, lot: TenderLotRow) -> TenderState:
    if state is LotState.OPENED and lot.report is not None:
        return TenderState.PUBLICITY if lot.published_at is not None else TenderState.REPORTED
    if state is LotState.AWARDED and lot.state in set(_RESULTS):
        return TenderState(lot.state)
    return _LOT_STATES.get(state) or _TENDER_STATES[BookState(tender.chain_state)]


async def publish(session: AsyncSession, lot: TenderLotRow, now: Visibility) -> None:
    """Open to everybody what was secret until this moment of the lot."""
    acts = await repository.acts(session, lot.tender, lot_number=lot.number)
    await _open(session, acts, {Visibility.AFTER_REPORT.value, now.value})


async def _publish_panel(session: AsyncSession, tender: bytes) -> None:
    """Open who sat on the panel: every lot has its result (ZTBF 37; GPR 43)."""
    acts = [act for act in await repository.acts(session, tender) if act.lot is None]
    await _open(session, acts, {Visibility.AFTER_RESULT.value})


async def _open(session: AsyncSession, acts: Iterable[TenderActRow], until_now: set[str]) -> None:
    for act in acts:
        if act.visibility in until_now:
            act.visibility = Visibility.PUBLIC.value
            if act.body and (document := await repository.document(session, act.tender, act.body)):
                document.visibility = Visibility.PUBLIC.value


@dataclass(frozen=True)
class _Witnessed:
    kind: Kind
    role: ActorRole
    members: tuple[str, ...]


_SIDES = (ActorRole.TENDERER, ActorRole.SUPERVISOR)
_WITNESSED: dict[str, _Witnessed] = {
    "Announced": _Witnessed(Kind.NOTICE_PUBLISHED, ActorRole.TENDERER, ("deadline",)),
    "Amended": _Witnessed(Kind.TENDER_AMENDED, ActorRole.TENDERER, ("notice", "deadline", "supersedes")),
    "SuspensionSet": _Witnessed(Kind.TENDER_SUSPENDED, ActorRole.TENDERER, ()),
    "SuspensionLifted": _Witnessed(Kind.TENDER_RESUMED, ActorRole.TENDERER, ("deadline", "open_from")),
    "Terminated": _Witnessed(Kind.TENDER_TERMINATED, ActorRole.TENDERER, ()),
    "ClosingBegun": _Witnessed(Kind.DEADLINE_CLOSED, ActorRole.SYSTEM, ()),
    "Closed": _Witnessed(Kind.SEAL_CHECKED, ActorRole.SYSTEM, ("inputs", "open_from")),
    "Listed": _Witnessed(Kind.BID_LIST_FIXED, ActorRole.KEY_HOLDER, ("root", "count")),
    "LotOpened": _Witnessed(Kind.OPENING_RECORD, ActorRole.TENDERER, ("envelope",)),
    "BiddersExcluded": _Witnessed(Kind.BIDDERS_EXCLUDED, ActorRole.TENDERER, ("envelope", "count")),
    "LotAwarded": _Witnessed(Kind.AWARD_DECIDED, ActorRole.TENDERER, ("winner",)),
    "LotFailed": _Witnessed(Kind.LOT_FAILED, ActorRole.TENDERER, ("reason",)),
}
EVENTS = tuple(_WITNESSED)
"""The events of TenderBook that are followed."""


def follow(indexer: Indexer, log: PublicLog) -> None:
    """Have tenders follow TenderBook's events; register before the indexer's first run."""

    async def react(session: AsyncSession, event: IndexedEvent) -> None:
        await take_event(session, log, event)

    for name in EVENTS:
        indexer.on("TenderBook", name, react)
    indexer.on_undo(repository.forget_from)


async def take_event(session: AsyncSession, log: PublicLog, event: IndexedEvent) -> None:
    """Note what TenderBook announced: the tender is to be read again, and its own city witnesses the step."""
    tender: bytes = event.args["tender"]
    row = await repository.find(session, tender)
    if row is None:
        session.add(_heard_of(tender, event))
        await session.flush()
        return
    row.stale = True
    for act in await repository.same_act(session, event.args.get("digest") or b""):
        act.confirmed_at = event.at
    if event.event == "LotAwarded":
        lot = await session.get(TenderLotRow, (tender, event.args["lot"]))
        if lot is not None:
            lot.winner = event.args["winner"]
    if row.owned:
        await _witness(session, log, row, event)


def _heard_of(tender: bytes, event: IndexedEvent) -> TenderRow:
    """Return the row of another city's tender, whose state is read next."""
    return TenderRow(
        tender=tender, owned=False, tenderer=event.args.get("tenderer", bytes(32)), supervisor=bytes(32),
        state=TenderState.ANNOUNCED.value, chain_state=0, deadline=event.args.get("deadline", 0), stale=True,
    )  # fmt: skip


async def _witness(session: AsyncSession, log: PublicLog, row: TenderRow, event: IndexedEvent) -> None:
    step = _WITNESSED[event.event]
    digest = event.args.get("digest")
    known = await repository.act(session, digest) if digest and any(digest) else None
    role = _SIDES[event.args["side"]] if "side" in event.args else step.role
    data: JsonObject = {name: _plain(event.args[name]) for name in step.members}
    entry = Event(
        step.kind,
        event.at,
        ActorRole.SYSTEM if event.event == "LotFailed" and known is None else role,
        tender=row.tender,
        lot=event.args.get("lot"),
        actor=row.supervisor if role is ActorRole.SUPERVISOR else row.tenderer if role is ActorRole.TENDERER else None,
        act=digest if digest and any(digest) else None,
        data=data,
    )
    names = [event.event, row.tender.hex(), str(event.args.get("lot", "")), (digest or b"").hex()]
    try:
        await log.append(session, entry, key="/".join(names))
        if event.event == "LotAwarded":
            award = {"tender": to_hex(row.tender), "lot": event.args["lot"], "winner": to_hex(event.args["winner"]),
                     "at": event.at}  # fmt: skip
            await enqueue(session, AWARD_TOPIC, award, key=f"{AWARD_TOPIC}/{names[-1]}")
    except OutboxConflictError:
        return  # a reorganisation moved the event to a block of another time: it is witnessed already


def _plain(value: Any) -> Any:
    return to_hex(value) if isinstance(value, bytes) else value
