"""Credit: decisions posted by competent authorities, taken back, and what they come to for a subject."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.deps import Node, Session
from api.schemas.acts import read_documents
from api.schemas.chain import ChainBody
from api.schemas.hexadecimal import HexBytes, Id32, Signature65
from api.schemas.problem import OF_AN_ACT, OF_CANONICAL_JSON, OF_DOCUMENTS, refuses
from credit.domain import CreditError
from credit.models import CreditEntryRow
from credit.service import CreditSubmission
from credit.tasks import submit
from ledger.acts import CreditDecision, CreditRepair, CreditRevocation
from ledger.clock import to_unix
from ledger.signed import Signed, read_act

router = APIRouter(prefix="/v1/credit", tags=["credit"])

_REFUSED = (
    *OF_AN_ACT, *OF_DOCUMENTS, *OF_CANONICAL_JSON, "credit.act", "credit.authority", "credit.body", "credit.disagrees",
    "credit.points", "credit.rule_unknown", "credit.window", "credit.contract_refuses", "document.not_sent",
)  # fmt: skip


class CreditBody(BaseModel):
    """A signed credit act with what its commitment hides and the paper behind it (base64)."""

    model_config = ConfigDict(extra="forbid")
    type: str = Field(max_length=40)
    act: dict[str, Any]
    signature: Signature65
    chain: ChainBody
    nonce: Id32
    body: HexBytes
    document: str

    def to_submission(self) -> CreditSubmission:
        """Return the checked form; refuse an unknown type and malformed members."""
        signed = Signed(read_act(self.type, self.act), self.signature, self.chain.to_chain())
        return CreditSubmission(signed, self.nonce, self.body, read_documents([self.document])[0])


class Posted(BaseModel):
    """The act was taken: it is kept and will be posted to CreditLedger."""

    digest: str


class EntryOut(BaseModel):
    """One entry of the ledger; nonce and body where this city holds them."""

    digest: str
    entry: str
    index: int | None
    postedAt: int | None  # noqa: N815 - the wire format
    type: str | None
    nonce: str | None
    body: str | None


class UsedOut(BaseModel):
    """A record in force."""

    digest: str
    rule: str
    points: str
    text: str


class StandingOut(BaseModel):
    """A subject's standing at a moment by the bodies that this city holds, with every entry of the ledger."""

    subject: str
    at: int
    score: str
    grade: str
    unknown: int
    used: list[UsedOut]
    entries: list[EntryOut]


@router.post("/decisions", status_code=202, openapi_extra=refuses(*_REFUSED))
async def post_decision(body: CreditBody, node: Node) -> Posted:
    """Post a reward or penalty with its evidence."""
    return await _post(body, node, (CreditDecision,))


@router.post(
    "/revocations",
    status_code=202,
    openapi_extra=refuses(*_REFUSED, "credit.decision_unknown", "credit.ended", "credit.repair_too_early"),
)
async def post_revocation(body: CreditBody, node: Node) -> Posted:
    """Take a decision back, or end its use after repair."""
    return await _post(body, node, (CreditRevocation, CreditRepair))


async def _post(body: CreditBody, node: Node, kinds: tuple[type, ...]) -> Posted:
    submission = body.to_submission()
    if not isinstance(submission.signed.act, kinds):
        raise CreditError(f"{body.type} does not belong to this address.", code="credit.act")
    return Posted(digest="0x" + (await submit(node.credit, submission)).digest.hex())


@router.get("/{subject}")
async def get_standing(
    subject: Id32, node: Node, session: Session, at: Annotated[int | None, Query(ge=0, le=2**53)] = None
) -> StandingOut:
    """Return the standing now, or at a past moment (unix seconds)."""
    moment = to_unix(node.clock.now()) if at is None else at
    answer = await node.credit.service.answer(session, subject, moment)
    standing = answer.standing
    used = [
        UsedOut(digest=_hex(u.digest), rule=u.rule.id, points=format(u.body.points, "f"), text=u.body.text)
        for u in standing.used
    ]
    return StandingOut(
        subject=_hex(subject),
        at=moment,
        score=format(standing.score, "f"),
        grade=standing.grade.value,
        unknown=standing.unknown,
        used=used,
        entries=[_entry(row) for row in answer.entries],
    )


def _entry(row: CreditEntryRow) -> EntryOut:
    return EntryOut(
        digest=_hex(row.digest),
        entry=_hex(row.entry),
        index=row.index,
        postedAt=row.posted_at,
        type=row.type,
        nonce=_hex(row.nonce) if row.nonce else None,
        body=_hex(row.body) if row.body else None,
    )


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
