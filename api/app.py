"""The HTTP application of one city: routers, pages, problem documents, authorisation before every endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.deps import authorise
from api.description import DescribedApi
from api.limits import BodyLimit
from api.metrics import Metrics
from api.node import CityNode
from api.routers import ROUTERS
from api.verdicts import Verdicts
from ledger.worker import Worker

STATIC = Path(__file__).parent / "web" / "static"
_HEADERS = (
    (b"content-security-policy", b"default-src 'self'; img-src 'self' data:; style-src 'self'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
"""Of every answer, unless the endpoint gave another; in lower case, as ASGI has all names."""


def create_app(node: CityNode, worker: Worker[CityNode] | None = None) -> FastAPI:
    """Return the application of `node`; with `worker` its tasks run in the same process, for development."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with _running(worker):
            yield
        await node.close()

    app = DescribedApi(
        title=f"Sunbid · {node.base.city.name}",
        version="1",
        description="Public resource trading in which nobody has to be trusted.",
        lifespan=lifespan,
        dependencies=[Depends(authorise)],
        docs_url=None,
        redoc_url=None,
    )
    app.state.node = node
    app.state.verdicts = Verdicts(node)
    problems.install(app)
    app.add_middleware(BodyLimit, limits=node.settings.limits)
    app.add_middleware(Observed, metrics=node.metrics)
    include_routers(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def include_routers(app: FastAPI) -> None:
    """Have `app` serve every address."""
    for router in ROUTERS:
        app.include_router(router)


@asynccontextmanager
async def _running(worker: Worker[CityNode] | None) -> AsyncIterator[None]:
    if worker is None:
        yield
        return
    stop = asyncio.Event()
    loop = asyncio.create_task(worker.run_forever(stop))
    try:
        yield
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            await loop


class Observed:
    """ASGI middleware that counts and times every answer, and gives it the headers that all answers have."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and see its answer begin."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                path = getattr(scope.get("route"), "path", "unmatched")
                self._metrics.note(path, message["status"], time.perf_counter() - started)
                given = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in _HEADERS if one[0] not in given)]
            await send(message)

        await self._app(scope, receive, observed)
