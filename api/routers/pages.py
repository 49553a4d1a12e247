"""Pages for people: tenders, credit, the query of all cities. Rendered here, readable without a script."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from api.deps import Node
from api.node import CityNode
from api.schemas.hexadecimal import Id32
from api.trust import trust_bytes
from api.verdicts import KeptVerdicts
from api.web.charts import way
from api.web.reference import reference
from api.web.render import page
from api.web.tender_page import tender_page
from api.web.text import language_of, text
from bidding.tender import repository
from bidding.tender.notice import parse_notice

router = APIRouter(tags=["pages"], include_in_schema=False)

PAGE_SIZE = 24


@router.get("/", response_class=HTMLResponse)
async def show_tenders(
    request: Request, node: Node, number: Annotated[int, Query(alias="page", ge=0, le=10_000)] = 0
) -> Response:
    """Show the tenders that this city has heard of, latest deadline first."""
    async with node.database.reading() as session:
        rows = await repository.page(session, limit=PAGE_SIZE + 1, offset=number * PAGE_SIZE)
        shown = [row.tender for row in rows[:PAGE_SIZE]]
        notices = {tender: parse_notice(body) for tender, body in (await repository.notices_of(session, shown)).items()}
        lots = await repository.lots_of(session, shown)
    return page(
        "index.html",
        request,
        node.base.city.name,
        rows=rows[:PAGE_SIZE],
        notices=notices,
        lots=lots,
        number=number,
        has_more=len(rows) > PAGE_SIZE,
    )


@router.get("/tenders/{tender}", response_class=HTMLResponse)
async def show_tender(request: Request, tender: Id32, node: Node, verdicts: KeptVerdicts) -> Response:
    """Show one tender: facts, what happened, bids once the box is open, result, proofs, verification."""
    words = partial(text, language=language_of(request))
    found = await tender_page(node, tender, words)
    return page(
        "tender.html",
        request,
        node.base.city.name,
        page=found,
        way=way(found.way, words("way")),
        owner=None if found.row.owned else await _owner(node, tender),
        verification=await verdicts.show(tender) if found.row.owned and not found.is_live else None,
    )


@router.get("/docs", response_class=HTMLResponse)
async def show_reference(request: Request, node: Node) -> Response:
    """Show the HTTP interface: every address, who may call it, what it takes."""
    return page("reference.html", request, node.base.city.name, subjects=reference(request.app.openapi()))


@router.get("/trust.json")
async def get_trust(node: Node) -> Response:
    """Return the trust file that this city publishes."""
    return Response(trust_bytes(node.settings), media_type="application/json")


async def _owner(node: CityNode, tender: bytes) -> tuple[str, str] | None:
    """Return name and address of the partner city that conducts a tender."""
    origins = await node.chain.call("TenderBook", "originsOf", tender)
    by_id = {node.settings.city_named(name).id32: (name, url) for name, url in node.settings.peers.items()}
    return by_id.get(origins[0].city) if origins else None
