"""The opening as anybody may follow it: the list, why each slip is in it or not, what was opened and by whom."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.deps import Node
from api.schemas.hexadecimal import Id32
from bidding.box.committee import committee_size
from bidding.opening.views import explain_view, list_view, opening_view

router = APIRouter(prefix="/v1/tenders/{tender}", tags=["opening"])


@router.get("/list")
async def get_list(tender: Id32, node: Node) -> dict[str, Any]:
    """Return the list of bids as this city read it out of the box."""
    async with node.database.reading() as session:
        return await list_view(session, tender)


@router.get("/opening")
async def get_opening(tender: Id32, node: Node) -> dict[str, Any]:
    """Return the holders' and bidders' records and what was opened; of secret envelopes only that they were."""
    holders = await committee_size(node.chain, tender)
    async with node.database.reading() as session:
        return await opening_view(session, tender, holders=holders)


@router.get("/explain")
async def get_explanation(tender: Id32, node: Node, bidder: Annotated[Id32 | None, Query()] = None) -> dict[str, Any]:
    """Return what became of every slip of the tender and why, of one bidder if given; once the box is open."""
    async with node.database.reading() as session:
        return await explain_view(session, tender, bidder)
