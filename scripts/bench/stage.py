"""Where the paths are measured: a network of cities on PostgreSQL, with a chain of its own, in this process."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from api.stack.network import CITIES, SCHEDULE, Ground, Stack, found_on
from ledger.chain.deploy import BoxSchedule
from ledger.chain.devnet import CHAIN_ID, AnvilProcess
from ledger.settings import CitySettings, ClockKind, Limits
from scripts.with_postgres import VARIABLE, server

_FIRST_PORT = 9001
"""Cities are told apart by port; nobody listens there."""

_ENOUGH = Limits(slips_per_hour=1 << 30)
"""One account hands in what in life thousands do."""


@asynccontextmanager
async def open_server() -> AsyncIterator[str]:
    """Yield the URL of a PostgreSQL that keeps its promises: the named one, else one of our own, with `fsync` on."""
    if named := os.environ.get(VARIABLE):
        yield named
        return
    started = server(durable=True)
    url = await asyncio.to_thread(started.__enter__)
    try:
        yield url
    finally:
        await asyncio.to_thread(started.__exit__, None, None, None)


@asynccontextmanager
async def open_database(server_url: str) -> AsyncIterator[str]:
    """Yield the URL of an empty database, which is removed at the end."""
    name = f"bench_{secrets.token_hex(6)}"
    await _on_server(server_url, f"CREATE DATABASE {name}")
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        await _on_server(server_url, f"DROP DATABASE {name} WITH (FORCE)")


async def _on_server(server_url: str, statement: str) -> None:
    engine = create_async_engine(server_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


def _nowhere(cities: Sequence[str]) -> dict[str, int]:
    return {name: _FIRST_PORT + number for number, name in enumerate(cities)}


@asynccontextmanager
async def open_network(
    folder: Path,
    databases: Mapping[str, str],
    clock: ClockKind,
    boxes: int,
    *,
    schedule: BoxSchedule = SCHEDULE,
    ports: Callable[[Sequence[str]], dict[str, int]] = _nowhere,
) -> AsyncIterator[Stack]:
    """Yield a founded network whose cities lie on `databases`, by city; the chain begins at the host's time.

    With the system's clock, as in production, a request asks no node for the time; the chain's clock can be driven.
    `ports` says where the cities listen, by default nowhere.
    """
    anvil = await asyncio.to_thread(
        AnvilProcess, folder=None, port=0, chain_id=CHAIN_ID, timestamp=int(time.time()) - 60
    )
    try:
        nodes: Mapping[str, tuple[str, ...]] = dict.fromkeys(CITIES, (anvil.url,))
        stack = await found_on(folder, Ground(CHAIN_ID, nodes, schedule=schedule), ports(CITIES), boxes)
        for name, url in databases.items():
            settings = CitySettings.load(stack.city_folder(name))
            settings.model_copy(update={"database_url": url, "clock": clock, "limits": _ENOUGH}).save()
        yield stack
    finally:
        await asyncio.to_thread(anvil.stop)
