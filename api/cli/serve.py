"""The processes of a city: `serve`, `worker`, `witness`, `keyholder`; each reads its folder and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from api.app import create_app
from api.cli.app import single
from api.node import CityNode
from api.tasks import all_tasks, witness_tasks, worker_tasks
from bidding.keyholder.__main__ import main as run_holder
from ledger.settings import CitySettings
from ledger.worker import Tasks, Worker, celery_app, run_celery

EMBEDDED_SECONDS = 0.2
"""How often the tasks of a development city look for work."""

PRODUCTION_SECONDS = 1.0

Folder = Annotated[Path, typer.Argument(help="The data folder, with city.json or holder.json in it.")]
Embedded = Annotated[bool, typer.Option(help="Run worker and witness in the same process: development only.")]


def serve(folder: Folder, embedded: Embedded = False) -> None:
    """Serve a city's HTTP interface and pages."""
    _log()
    asyncio.run(_serve(CitySettings.load(folder), embedded))


def worker(folder: Folder) -> None:
    """Run a city's tasks: sequencer, ticks, anchors, closing, openings, transactions.

    With `broker_url` in the settings Celery wakes them, in as many processes as this is started; without one a loop in
    this process does. The database is the queue of record either way.
    """
    _log()
    settings = CitySettings.load(folder)
    if settings.broker_url:
        _run_celery(settings)
    else:
        asyncio.run(_work(settings, worker_tasks(PRODUCTION_SECONDS)))


def witness(folder: Folder) -> None:
    """Follow and cosign the partner cities' logs."""
    _log()
    asyncio.run(_work(CitySettings.load(folder), witness_tasks(PRODUCTION_SECONDS)))


def keyholder(folder: Folder) -> None:
    """Keep one share of the committee's keys, and release it when the law says so."""
    run_holder(folder)


async def _serve(settings: CitySettings, embedded: bool) -> None:
    node = await CityNode.open(settings)
    tasks = Worker(all_tasks(EMBEDDED_SECONDS), node) if embedded else None
    config = uvicorn.Config(
        create_app(node, tasks),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    await uvicorn.Server(config).serve()


async def _work(settings: CitySettings, tasks: Tasks[CityNode]) -> None:
    node = await CityNode.open(settings)
    try:
        await Worker(tasks, node).run_forever(_stopped())
    finally:
        await node.close()


def _run_celery(settings: CitySettings) -> None:
    celery = celery_app(settings.broker_url, worker_tasks(PRODUCTION_SECONDS), lambda: CityNode.open(settings))
    run_celery(celery, f"{settings.city}-{os.getpid()}")


def _stopped() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)


COMMANDS = {
    "serve": single(serve),
    "worker": single(worker),
    "witness": single(witness),
    "keyholder": single(keyholder),
}
