"""Live news of a tender: a page that is open learns that there is something new, and reloads what it shows.

Server-sent events (HTML Standard, 9.2). An event carries the version of what is public about the tender, nothing
else; what is new is read from the page itself. A stream ends after a while and the browser comes back by itself, so
that a city can be stopped and no reader holds a connection for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.tender import repository
from witness.log.service import PublicLog

LOOK_SECONDS = 1.0
LOOKS = 60
RETRY_MILLISECONDS = 3000


async def version(session: AsyncSession, log: PublicLog, tender: bytes) -> str:
    """Return what changes whenever the tender's page does: the block it was read at and its entries in the log."""
    row = await repository.get(session, tender)
    head = await log.head(session, tender)
    return f"{row.seen_block}.{head.count}"


async def pause() -> None:
    """Wait until it is time to look again."""
    await asyncio.sleep(LOOK_SECONDS)


async def news(read: Callable[[], Awaitable[str]], wait: Callable[[], Awaitable[None]]) -> AsyncIterator[str]:
    """Yield the events of one stream: the version at once, then each time it changes; a comment keeps it open."""
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    known = None
    for _ in range(LOOKS):
        found = await read()
        yield ":\n\n" if found == known else f"event: version\ndata: {found}\n\n"
        known = found
        await wait()
