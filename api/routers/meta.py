"""Is the city well, and how busy; nothing that counts bids."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from api.deps import Node
from api.schemas.media import Text
from ledger.failures import failing

router = APIRouter(tags=["service"])


class Health(BaseModel):
    """What a monitor needs: the city, its time, the block it sees."""

    city: str
    status: str
    time: str
    block: int
    registry: str


@router.get("/healthz")
async def health(node: Node) -> Health:
    """Return whether database and chain answer."""
    async with node.database.reading() as session:
        await session.connection()
    block = await node.chain.block()
    registry = "0x" + node.settings.registry.hex()
    return Health(
        city=node.base.city.name, status="ok", time=node.clock.now().isoformat(), block=block.number, registry=registry
    )


@router.get("/metrics", response_class=Text)
async def metrics(node: Node) -> Response:
    """Return the metrics in Prometheus' text format."""
    async with node.database.reading() as session:
        node.metrics.failing_tasks.set(len(await failing(session)))
    return Response(generate_latest(node.metrics.registry), media_type=CONTENT_TYPE_LATEST)
