"""A subject's credit as all cities know it, every answer with its proof."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.deps import Node
from api.query import ask_all_cities, attestations_of, own_answer, verdict_of
from api.schemas.credit import shown_verdict
from api.schemas.hexadecimal import Id32
from api.schemas.problem import refuses
from ledger.chain.prove import state_evidence
from ledger.chain.versions import versions_at
from ledger.json_fields import to_hex

router = APIRouter(prefix="/v1", tags=["credit"])

_MAX = 2**53


@router.get("/proofs/credit/{subject}", openapi_extra=refuses("credit.not_yet", "evidence.no_contract"))
async def get_credit_proof(
    subject: Id32, node: Node, block: Annotated[int | None, Query(ge=1, le=_MAX)] = None
) -> dict[str, Any]:
    """Return the subject's entries with the texts that this city holds, proven at a final block."""
    return (await own_answer(node, subject, block)).to_json()


@router.get("/proofs/contracts")
async def get_contracts_proof(node: Node) -> dict[str, Any]:
    """Return which contracts CityRegistry names, proven at a final block, with the cities' signatures of the block."""
    evidence = await state_evidence(node.chain, lambda state, _: versions_at(state, node.chain.registry))
    signatures = await attestations_of(node, evidence.header.number)
    return {"evidence": evidence.to_json(), "attestations": [to_hex(signature) for signature in signatures]}


@router.get("/query/credit/{subject}")
async def query_credit(
    subject: Id32, node: Node, at: Annotated[int | None, Query(ge=0, le=_MAX)] = None
) -> dict[str, Any]:
    """Ask all cities: their replies with proofs, and what this city finds of each; check it by `sunbid query`."""
    query = await ask_all_cities(node, subject, at)
    verdict = shown_verdict(verdict_of(node, query), node.settings.cities)
    return {**query.to_json(), "askedBy": node.base.city.name, "verdict": verdict}
