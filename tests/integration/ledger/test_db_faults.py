"""A database that is away or full says so in the product's own errors, keeps nothing, and goes on when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, text

from api.problems import status_of
from ledger.db import Database
from ledger.db_faults import DatabaseUnavailableError
from ledger.errors import SunbidError
from ledger.outbox import OutboxRow, enqueue
from ledger.storage import StorageFullError
from tests.fixtures.postgres import PostgresServer, postgres_server

PAYLOAD = {"text": "x" * 4000}


async def count(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(OutboxRow)) or 0


async def write(database: Database, *keys: str) -> None:
    async with database.unit_of_work() as session:
        for key in keys:
            await enqueue(session, "topic", PAYLOAD, key=key)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server that this module may cut off."""
    with postgres_server(tmp_path_factory.mktemp("postgres")) as server:
        yield server


class TestRestart:
    async def test_what_was_committed_stands_and_the_same_pool_goes_on(self, postgres: PostgresServer) -> None:
        database = Database(postgres.create("restart"))
        await database.create_all()
        await write(database, "before")
        async with database.unit_of_work() as session:
            await enqueue(session, "topic", PAYLOAD, key="in flight")
            postgres.cut_power()
            with pytest.raises(DatabaseUnavailableError, match="does not answer") as lost:
                await session.execute(select(OutboxRow))
            await session.rollback()
        assert lost.value.__cause__ is not None
        with pytest.raises(DatabaseUnavailableError, match="does not answer"):
            await write(database, "while away")
        with pytest.raises(DatabaseUnavailableError):
            await count(database)
        postgres.start()
        assert await count(database) == 1
        await write(database, "after")
        assert await count(database) == 2
        await database.close()


LONG = text("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000000) SELECT count(*) FROM n")


async def test_a_task_that_is_cancelled_in_a_query_ends_as_cancelled(database: Database) -> None:
    """Not as one whose database is away: that would be tried again, and nobody could stop it."""
    asked = asyncio.Event()
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *_: asked.set())

    async def ask() -> None:
        async with database.reading() as session:
            await session.execute(LONG)

    asking = asyncio.create_task(ask())
    await asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


class TestFull:
    async def test_sqlite_keeps_nothing_of_what_did_not_fit(self, tmp_path: Path) -> None:
        database = Database(f"sqlite+aiosqlite:///{tmp_path / 'full.sqlite3'}")
        await database.create_all()
        await write(database, "before")
        async with database.unit_of_work() as session:
            pages = await session.scalar(text("PRAGMA page_count"))
            await session.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
        with pytest.raises(StorageFullError, match="full"):
            await write(database, *(f"{number}" for number in range(20)))
        assert await count(database) == 1
        async with database.unit_of_work() as session:
            await session.execute(text("PRAGMA max_page_count = 1000000"))
        await write(database, "after")
        assert await count(database) == 2
        await database.close()


@pytest.mark.parametrize(("error", "status"), [(DatabaseUnavailableError, 503), (StorageFullError, 507)])
def test_the_city_answers_that_it_is_its_own_trouble(error: type[SunbidError], status: int) -> None:
    assert status_of(error.code).value == status
