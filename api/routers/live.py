"""News of a tender for pages that are open."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from api.deps import Node
from api.live import news, pause, version
from api.schemas.hexadecimal import Id32

router = APIRouter(prefix="/v1/tenders", tags=["tenders"])


@router.get("/{tender}/events")
async def follow_tender(tender: Id32, node: Node) -> StreamingResponse:
    """Stream an event each time something new is public about the tender (text/event-stream)."""

    async def read() -> str:
        async with node.database.reading() as session:
            return await version(session, node.base.public_log, tender)

    await read()  # an unknown tender is refused before the stream begins
    stream = news(read, pause)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
