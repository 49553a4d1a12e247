"""Steps of a tender that no act is signed for: a question, a clarification, contract, performance, archive."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.authorisation import AccessError
from api.deps import CurrentAccount, Node
from api.schemas.acts import read_documents
from api.schemas.hexadecimal import Id32
from api.schemas.problem import OF_DOCUMENTS, refuses
from bidding.tender.domain import Step
from bidding.tender.steps import StepRequest, StepService
from bidding.tender.tasks import refresh_tender
from ledger.acts import Role
from ledger.clock import to_unix

router = APIRouter(prefix="/v1/tenders/{tender}/steps", tags=["tenders"])


_REFUSED = (
    *OF_DOCUMENTS, "access.role", "tender.unknown", "lot.unknown", "tender.not_a_step", "tender.step_subject",
    "tender.not_allowed", "tender.wrong_state", "tender.wrong_time", "tender.suspended",
)  # fmt: skip


class StepBody(BaseModel):
    """A step, in which role it is taken, of which lot, and the paper it rests on (base64)."""

    model_config = ConfigDict(extra="forbid")
    step: Step
    role: Role
    lot: int | None = Field(default=None, ge=0, le=2**32 - 1)
    document: str


class StepTaken(BaseModel):
    """The step was taken; its paper is kept under this hash."""

    sha256: str


@router.post("", status_code=201, openapi_extra=refuses(*_REFUSED))
async def post_step(tender: Id32, body: StepBody, node: Node, account: CurrentAccount) -> StepTaken:
    """Take a step in a role that the signed-in key has shown a credential for."""
    if body.role not in account.organisations:
        raise AccessError("Present a credential with this role first (POST /v1/credentials).", needed=[int(body.role)])
    await refresh_tender(node.bidding.tenders, tender)
    request = StepRequest(
        tender, body.lot, body.step, account.organisations[body.role], body.role, read_documents([body.document])[0]
    )
    async with node.database.unit_of_work() as session:
        sha256 = await StepService(node.base.public_log).take(session, request, to_unix(node.clock.now()))
    return StepTaken(sha256="0x" + sha256.hex())
