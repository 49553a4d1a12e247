"""Tenders: announced, changed, read. What an opening adds stands in `api.routers.opening`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.deps import Node, Session
from api.schemas.acts import AnnouncementBody, SignedActBody
from api.schemas.hexadecimal import Id32
from api.schemas.media import Octets
from api.schemas.problem import OF_AN_ACT, OF_DOCUMENTS, refuses
from bidding.tender import repository
from bidding.tender.domain import TenderError, TenderState
from bidding.tender.models import TenderActRow, TenderLotRow, TenderRow, Visibility
from bidding.tender.tasks import submit

router = APIRouter(prefix="/v1/tenders", tags=["tenders"])


JSON = "application/json"
_OF_ACTS = (
    *OF_AN_ACT, *OF_DOCUMENTS, "authority.credential", "authority.delegation", "authority.key", "document.not_sent",
    "notice.malformed", "notice.disagrees", "tender.not_allowed", "tender.wrong_state", "tender.wrong_time",
    "tender.contract_refuses",
)  # fmt: skip
_OF_ANNOUNCEMENTS = ("rules.malformed", "tender.id", "tender.elsewhere", "tender.centre_missing")
_OF_LATER_ACTS = (
    "act.not_on_chain", "tender.mismatch", "tender.unknown", "lot.unknown", "lot.envelope", "tender.step",
    "tender.suspended", "tender.suspension", "tender.deadline", "tender.amend_lead", "opening.not_yet", "opening.root",
    "exclusion.report", "exclusion.differs", "award.refused", "award.basis", "award.not_due", "award.method",
)  # fmt: skip


class Taken(BaseModel):
    """An act was taken: it is kept and will be sent to the chain."""

    digest: str
    function: str


class LotOut(BaseModel):
    """A lot as the chain has it."""

    number: int
    state: str
    envelopes: int
    envelope: int
    steps: int
    bidders: int | None
    reason: int
    winner: str | None
    decision: str | None
    report: str | None


class TenderOut(BaseModel):
    """A tender as the chain has it, with the announcement where this city keeps it."""

    tender: str
    state: str
    owned: bool
    deadline: int
    suspended: bool
    tendererSteps: int  # noqa: N815 - the wire format
    supervisorSteps: int  # noqa: N815 - the wire format
    announcement: dict[str, Any] | None
    notice: str | None
    rulePack: str | None  # noqa: N815 - the wire format
    lots: list[LotOut]


class TenderPage(BaseModel):
    """A page of tenders, latest deadline first."""

    tenders: list[TenderOut]


class ActOut(BaseModel):
    """A signed act on the tender."""

    type: str
    digest: str
    act: dict[str, Any]
    signature: str
    chain: dict[str, Any]
    body: str | None
    confirmedAt: int | None  # noqa: N815 - the wire format


class ActsOut(BaseModel):
    """The public acts in the order they were taken."""

    acts: list[ActOut]


@router.get("")
async def list_tenders(
    session: Session,
    state: TenderState | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> TenderPage:
    """Return the tenders that this city has heard of."""
    rows = await repository.page(session, state=state, limit=limit, offset=offset)
    lots = await repository.lots_of(session, [row.tender for row in rows])
    return TenderPage(tenders=[_tender(row, lots.get(row.tender, [])) for row in rows])


@router.post("", status_code=202, openapi_extra=refuses(*_OF_ACTS, *_OF_ANNOUNCEMENTS))
async def announce(body: AnnouncementBody, node: Node) -> Taken:
    """Announce a tender: checked, kept and sent to TenderBook."""
    checked = await submit(node.bidding.tenders, body.to_submission())
    return Taken(digest=_hex(checked.digest), function=checked.call.function)


@router.get("/{tender}", openapi_extra=refuses("tender.unknown"))
async def get_tender(tender: Id32, session: Session) -> TenderOut:
    """Return one tender."""
    row = await repository.get(session, tender)
    return _tender(row, await repository.lots(session, tender))


@router.post("/{tender}/acts", status_code=202, openapi_extra=refuses(*_OF_ACTS, *_OF_LATER_ACTS))
async def post_act(tender: Id32, body: SignedActBody, node: Node) -> Taken:
    """Take an act for TenderBook: checked, kept and sent."""
    submission = body.to_submission()
    if getattr(submission.signed.act, "tender", None) != tender:
        raise TenderError("The act is on another tender than the address.", code="tender.mismatch")
    checked = await submit(node.bidding.tenders, submission)
    return Taken(digest=_hex(checked.digest), function=checked.call.function)


@router.get("/{tender}/records", openapi_extra=refuses("tender.unknown"))
async def get_records(tender: Id32, session: Session) -> ActsOut:
    """Return the acts on the tender that are public now."""
    await repository.get(session, tender)
    rows = await repository.acts(session, tender, visible=[Visibility.PUBLIC])
    return ActsOut(acts=[_act(row) for row in rows])


@router.get(
    "/{tender}/documents/{sha256}",
    response_class=Octets,
    responses={200: {"content": {JSON: {"schema": {"type": "object"}}}}},
    openapi_extra=refuses("document.not_found"),
)
async def get_document(tender: Id32, sha256: Id32, session: Session) -> Response:
    """Return a document of the tender that is public now."""
    row = await repository.document(session, tender, sha256)
    if row is None or row.visibility != Visibility.PUBLIC.value:
        raise TenderError("This city shows no such document of the tender.", code="document.not_found")
    return Response(row.content, media_type=JSON if row.content[:1] == b"{" else Octets.media_type)


def _tender(row: TenderRow, lots: Any) -> TenderOut:
    opened = row.listed_at is not None
    return TenderOut(
        tender=_hex(row.tender),
        state=row.state,
        owned=row.owned,
        deadline=row.deadline,
        suspended=row.suspended,
        tendererSteps=row.tenderer_steps,
        supervisorSteps=row.supervisor_steps,
        announcement=row.announcement,
        notice=_maybe(row.notice),
        rulePack=_maybe(row.rule_pack),
        lots=[_lot(lot, opened=opened) for lot in lots],
    )


def _lot(row: TenderLotRow, *, opened: bool) -> LotOut:
    return LotOut(
        number=row.number,
        state=row.state,
        envelopes=row.envelopes,
        envelope=row.envelope,
        steps=row.steps,
        bidders=row.bidders if opened else None,
        reason=row.reason,
        winner=_maybe(row.winner),
        decision=_maybe(row.decision),
        report=_maybe(row.report),
    )


def _act(row: TenderActRow) -> ActOut:
    return ActOut(
        type=row.type,
        digest=_hex(row.digest),
        act=row.act,
        signature=_hex(row.signature),
        chain=row.chain,
        body=_maybe(row.body),
        confirmedAt=row.confirmed_at,
    )


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _maybe(value: bytes | None) -> str | None:
    return None if value is None else _hex(value)
