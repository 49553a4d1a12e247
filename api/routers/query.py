"""A subject's credit as all cities know it, every answer with its proof."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.deps import Node
from api.query import ask_all_cities, own_answer, verdict_of
from api.schemas.credit import shown_verdict
from api.schemas.hexadecimal import Id32

router = APIRouter(prefix="/v1", tags=["credit"])

_MAX = 2**53


@router.get("/proofs/credit/{subject}")
async def get_credit_proof(
    subject: Id32, node: Node, block: Annotated[int | None, Query(ge=0, le=_MAX)] = None
) -> dict[str, Any]:
    """Return the subject's entries with the texts that this city holds, proven at a final block."""
    return (await own_answer(node, subject, block)).to_json()


@router.get("/query/credit/{subject}")
async def query_credit(
    subject: Id32, node: Node, at: Annotated[int | None, Query(ge=0, le=_MAX)] = None
) -> dict[str, Any]:
    """Ask all cities: their replies with proofs, and what this city finds of each; check it by `sunbid query`."""
    query = await ask_all_cities(node, subject, at)
    verdict = shown_verdict(verdict_of(node, query), node.settings.cities)
    return {**query.to_json(), "askedBy": node.base.city.name, "verdict": verdict}
