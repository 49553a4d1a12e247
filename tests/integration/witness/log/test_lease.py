from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.db import Database
from tests.fixtures.logs import CrashError, Registrations, crash_at, log_city
from witness.log.entry import ChainLink, check_chain
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.lease import Lease, LeaseLostError
from witness.log.sequencer import run_public_sequencer


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    """A SQLite database: only there do leases live in a row."""
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'lease.sqlite3'}")
    await opened.create_all()
    yield opened
    await opened.close()


async def hold(database: Database, lease: Lease, name: str = "log") -> None:
    async with database.unit_of_work() as session:
        await lease.hold(session, name)


class TestHold:
    async def test_holder_keeps_it(self, sqlite: Database) -> None:
        lease = Lease()
        for _ in range(3):
            await hold(sqlite, lease)

    async def test_who_starts_later_takes_it_and_the_earlier_one_finds_out(self, sqlite: Database) -> None:
        old, new = Lease(), Lease()
        await hold(sqlite, old)
        await hold(sqlite, new)
        await hold(sqlite, new)
        with pytest.raises(LeaseLostError):
            await hold(sqlite, old)

    async def test_two_logs_are_two_leases(self, sqlite: Database) -> None:
        one, other = Lease(), Lease()
        await hold(sqlite, one, "public")
        await hold(sqlite, other, "sealed")
        await hold(sqlite, one, "public")

    async def test_crash_while_taking_it_over_leaves_it_free(self, sqlite: Database) -> None:
        lease = Lease()
        for statement in range(1, 4):
            try:
                with crash_at(sqlite, statement):
                    await hold(sqlite, lease)
            except CrashError:
                continue
        await hold(sqlite, lease)
        await hold(sqlite, lease)


async def test_process_that_lost_the_log_writes_nothing(sqlite: Database) -> None:
    chain = Registrations()
    old = await log_city("luan", sqlite, chain)
    new = await log_city("luan", sqlite, chain)
    for city in (old, new):
        async with sqlite.unit_of_work() as session:
            await city.public.append(session, Event(Kind.ANOMALY, 1, ActorRole.SYSTEM), key=str(id(city)))
        await run_public_sequencer(city.node)
    async with sqlite.unit_of_work() as session:
        await old.public.append(session, Event(Kind.ANOMALY, 3, ActorRole.SYSTEM))
    with pytest.raises(LeaseLostError):
        await run_public_sequencer(old.node)
    assert len(await new.slips(new.public.origin)) == 2


async def test_two_workers_at_once_lose_and_double_nothing(database: Database) -> None:
    """On PostgreSQL both work, in turn; on SQLite the earlier one is told to stop."""
    chain = Registrations()
    workers = [await log_city("luan", database, chain) for _ in range(2)]
    log = workers[0].public
    for number in range(20):
        async with database.unit_of_work() as session:
            await log.append(session, Event(Kind.ANOMALY, number, ActorRole.SYSTEM, tender=b"\x07" * 32))
        turns = [run_public_sequencer(worker.node) for worker in workers]
        for outcome in await asyncio.gather(*turns, return_exceptions=True):
            assert isinstance(outcome, bool | LeaseLostError)
    while await run_public_sequencer(workers[1].node):
        pass
    async with database.reading() as session:
        links = [ChainLink(found.entry, found.disclosed) for found in await log.disclosed(session, b"\x07" * 32)]
        head = await log.head(session, b"\x07" * 32)
    assert len(links) == 20
    check_chain(b"\x07" * 32, links, head.head, 20)
