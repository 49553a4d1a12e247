"""The HTTP application of one city: routers, pages, problem documents, authorisation before every endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Depends, FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

from api import problems
from api.deps import authorise
from api.description import DescribedApi
from api.limits import BodyLimit
from api.node import CityNode
from api.routers import ROUTERS
from api.verdicts import Verdicts
from ledger.worker import Worker

STATIC = Path(__file__).parent / "web" / "static"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


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
    app.middleware("http")(_observe(node))
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


def _observe(node: CityNode) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    async def observe(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        started = time.perf_counter()
        response = await call_next(request)
        route = request.scope.get("route")
        path = getattr(route, "path", "unmatched")
        node.metrics.note(path, response.status_code, time.perf_counter() - started)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return observe
