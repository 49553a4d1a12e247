"""Acts that no contract checks: of the panel, of key-holders and bidders at an opening. Each proves itself."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from api.deps import Node
from api.node import CityNode
from api.schemas.acts import RecordBody, read_documents
from api.schemas.hexadecimal import Id32
from api.schemas.problem import OF_AN_ACT, OF_DOCUMENTS, refuses
from bidding.opening.intake import RECORDS
from bidding.panel.service import ACTS as PANEL_ACTS
from bidding.tender.domain import TenderError
from bidding.tender.signed import Submission
from bidding.tender.tasks import submit_record
from ledger.acts import Act, Role
from ledger.eip712 import digest
from ledger.signed import Signed, read_act

router = APIRouter(prefix="/v1/tenders/{tender}/records", tags=["tenders"])


_REFUSED = (
    *OF_AN_ACT, *OF_DOCUMENTS, "act.not_a_record", "authority.missing", "authority.credential", "authority.refused",
    "document.not_sent", "tender.mismatch", "tender.unknown", "tender.wrong_state", "opening.not_yet",
    "opening.no_entry", "opening.not_a_holder", "opening.wrong_key_set", "opening.wrong_seat", "opening.false_record",
    "box.share", "panel.refused", "panel.no_seat", "sheet.refused", "report.malformed", "report.differs",
)  # fmt: skip


class Kept(BaseModel):
    """The act was kept."""

    digest: str


@router.post("", status_code=201, openapi_extra=refuses(*_REFUSED))
async def post_record(tender: Id32, body: RecordBody, node: Node) -> Kept:
    """Keep an act on the tender that no contract checks; its signature is the authority, whoever carries it."""
    act = read_act(body.type, body.act)
    if getattr(act, "tender", None) != tender:
        raise TenderError("The act is on another tender than the address.", code="tender.mismatch")
    if isinstance(act, RECORDS):
        await node.bidding.intake.take(act, body.signature)
    elif isinstance(act, PANEL_ACTS):
        await _take_of_panel(node, act, body)
    else:
        raise TenderError(f"{body.type} is no record that this address takes.", code="act.not_a_record")
    return Kept(digest="0x" + digest(act, node.base.domains.domain(act.contract.value)).hex())


async def _take_of_panel(node: CityNode, act: Act, body: RecordBody) -> None:
    if body.chain is None:
        raise TenderError("Send the papers of the key that signed (chain).", code="authority.missing")
    papers = body.chain.to_chain()
    if papers.credential.role not in set(Role):
        raise TenderError("The credential names no role that exists.", code="authority.credential")
    submission = Submission(Signed(act, body.signature, papers), None, read_documents(body.documents))
    await submit_record(node.bidding.tenders, node.bidding.panels, submission, Role(papers.credential.role))
