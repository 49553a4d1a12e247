"""A tender as anybody may follow it: its proof from the chain, the list, why each slip is in it, what was opened."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from api.deps import CurrentAccount, Node
from api.schemas.hexadecimal import Address20, Id32
from api.schemas.problem import refuses
from bidding.box.evidence import registry_evidence
from bidding.box.registry import Questions
from bidding.opening.dues import committee_dues
from bidding.opening.readers import document_for, price_document
from bidding.opening.views import explain_view, list_view, opening_view

router = APIRouter(prefix="/v1", tags=["opening"])


@router.get("/tenders/{tender}/evidence", openapi_extra=refuses("tender.unknown"))
async def get_evidence(tender: Id32, node: Node) -> dict[str, Any]:
    """Return the tender with its key sets as the chain holds them at a final block, with storage proofs."""
    return await node.bidding.evidence.tender(tender)


@router.get("/proofs/registry", openapi_extra=refuses("proof.too_large"))
async def get_registry_proof(
    node: Node,
    key: Annotated[list[Address20] | None, Query()] = None,
    paper: Annotated[list[Id32] | None, Query()] = None,
) -> dict[str, Any]:
    """Return what CityRegistry holds about keys (addresses) and papers (digests) at a final block, with proofs."""
    questions = Questions(frozenset(key or ()), frozenset(paper or ()))
    return (await registry_evidence(node.chain, questions)).to_json()


@router.get("/tenders/{tender}/list", openapi_extra=refuses("opening.not_yet"))
async def get_list(tender: Id32, node: Node) -> dict[str, Any]:
    """Return the list of bids as this city read it out of the box."""
    async with node.database.reading() as session:
        return await list_view(session, tender)


@router.get("/tenders/{tender}/opening", openapi_extra=refuses("opening.not_yet"))
async def get_opening(tender: Id32, node: Node) -> dict[str, Any]:
    """Return the holders' and bidders' records and what was opened; of secret envelopes only that they were."""
    dues = await committee_dues(node.chain, node.database, tender)
    async with node.database.reading() as session:
        return await opening_view(session, tender, dues)


@router.get("/tenders/{tender}/explain", openapi_extra=refuses("opening.not_yet"))
async def get_explanation(tender: Id32, node: Node, bidder: Annotated[Id32 | None, Query()] = None) -> dict[str, Any]:
    """Return what became of every slip of the tender and why, of one bidder if given; once the box is open."""
    async with node.database.reading() as session:
        return await explain_view(session, tender, bidder)


@router.get(
    "/tenders/{tender}/prices/{header}",
    response_class=JSONResponse,
    openapi_extra=refuses("document.not_found", "access.envelope"),
)
async def get_price(tender: Id32, header: Id32, node: Node) -> Response:
    """Return the document of an opened price envelope, as it was sealed."""
    async with node.database.reading() as session:
        return Response(await price_document(session, tender, header), media_type="application/json")


@router.get(
    "/tenders/{tender}/envelopes/{header}",
    response_class=JSONResponse,
    openapi_extra=refuses("document.not_found", "access.envelope"),
)
async def get_envelope(tender: Id32, header: Id32, account: CurrentAccount, node: Node) -> Response:
    """Return the document of any opened envelope to those whose task it is to read it."""
    async with node.database.reading() as session:
        document = await document_for(session, tender, header, account.address, account.organisations)
    return Response(document, media_type="application/json", headers={"Cache-Control": "private, no-store"})
