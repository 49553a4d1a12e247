"""Pages on credit: a subject as this city knows it, and as all cities prove it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.deps import Node
from api.query import ask_all_cities, verdict_of
from api.schemas.hexadecimal import Id32
from api.web.format import hexadecimal
from api.web.render import page
from api.web.subject import read_form
from api.web.text import language_of
from credit.catalogue import shipped
from ledger.clock import to_unix

router = APIRouter(tags=["pages"], include_in_schema=False)

Typed = Annotated[str, Query(max_length=100)]


@router.get("/credit", response_class=HTMLResponse)
async def find_subject(request: Request, node: Node, uscc: Typed = "") -> Response:
    """Ask for a company's code, and lead to its page."""
    asked = read_form(uscc, "")
    if asked.subject is not None:
        return RedirectResponse(f"/credit/{hexadecimal(asked.subject)}?lang={language_of(request)}", 303)
    return page("credit_form.html", request, node.base.city.name, asked=asked)


@router.get("/credit/{subject}", response_class=HTMLResponse)
async def show_subject(
    request: Request, subject: Id32, node: Node, at: Annotated[int | None, Query(ge=0, le=2**53)] = None
) -> Response:
    """Show a subject's standing and every entry of the ledger, with the texts that this city holds."""
    moment = to_unix(node.clock.now()) if at is None else at
    async with node.database.reading() as session:
        answer = await node.credit.service.answer(session, subject, moment)
    names = {city.id32: city.name for city in node.settings.cities}
    return page(
        "credit_subject.html",
        request,
        node.base.city.name,
        subject=subject,
        standing=answer.standing,
        entries=answer.entries,
        names=names,
        illustrative=shipped().illustrative,
    )


@router.get("/query", response_class=HTMLResponse)
async def show_query(request: Request, node: Node, uscc: Typed = "", at: Typed = "") -> Response:
    """Ask all cities about a company, and show what each answers, what that is worth, and what is missing."""
    asked = read_form(uscc, at)
    query = None if asked.subject is None else await ask_all_cities(node, asked.subject, asked.at)
    return page(
        "query.html",
        request,
        node.base.city.name,
        asked=asked,
        query=query,
        verdict=None if query is None else verdict_of(node, query),
        names={city.id32: city.name for city in node.settings.cities},
        base_url=node.settings.base_url,
        illustrative=shipped().illustrative,
    )
