"""News of a tender for pages that are open."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from api.deps import Node
from api.live import news, pause, version
from api.schemas.hexadecimal import Id32
from api.schemas.media import Events
from api.schemas.problem import refuses

router = APIRouter(prefix="/v1/tenders", tags=["tenders"])

_EVENT = {"type": "object", "properties": {"event": {"const": "version"}, "data": {"type": "string"}}}


@router.get(
    "/{tender}/events",
    response_class=Events,
    responses={200: {"content": {Events.media_type: {"schema": _EVENT}}}},
    openapi_extra=refuses("tender.unknown"),
)
async def follow_tender(tender: Id32, node: Node) -> StreamingResponse:
    """Stream an event each time something new is public about the tender (text/event-stream)."""

    async def read() -> str:
        async with node.database.reading() as session:
            return await version(session, node.base.public_log, tender)

    await read()  # an unknown tender is refused before the stream begins
    stream = news(read, pause)
    return StreamingResponse(stream, media_type=Events.media_type, headers={"Cache-Control": "no-cache"})
