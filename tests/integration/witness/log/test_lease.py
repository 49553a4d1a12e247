from __future__ import annotations

import pytest

from ledger.db import Database
from tests.fixtures.logs import CrashError, Registrations, crash_at, log_city
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.lease import Lease, LeaseLostError
from witness.log.sequencer import run_public_sequencer


async def hold(database: Database, lease: Lease, name: str = "log") -> None:
    async with database.unit_of_work() as session:
        await lease.hold(session, name)


class TestHold:
    async def test_holder_keeps_it(self, database: Database) -> None:
        lease = Lease()
        for _ in range(3):
            await hold(database, lease)

    async def test_who_starts_later_takes_it_and_the_earlier_one_finds_out(self, database: Database) -> None:
        old, new = Lease(), Lease()
        await hold(database, old)
        await hold(database, new)
        await hold(database, new)
        with pytest.raises(LeaseLostError):
            await hold(database, old)

    async def test_two_logs_are_two_leases(self, database: Database) -> None:
        one, other = Lease(), Lease()
        await hold(database, one, "public")
        await hold(database, other, "sealed")
        await hold(database, one, "public")

    async def test_crash_while_taking_it_over_leaves_it_free(self, database: Database) -> None:
        lease = Lease()
        for statement in range(1, 4):
            try:
                with crash_at(database, statement):
                    await hold(database, lease)
            except CrashError:
                continue
        await hold(database, lease)
        await hold(database, lease)


async def test_process_that_lost_the_log_writes_nothing(database: Database) -> None:
    chain = Registrations()
    old = await log_city("luan", database, chain)
    new = await log_city("luan", database, chain)
    for city in (old, new):
        async with database.unit_of_work() as session:
            await city.public.append(session, Event(Kind.ANOMALY, 1, ActorRole.SYSTEM), key=str(id(city)))
        await run_public_sequencer(city.node)
    async with database.unit_of_work() as session:
        await old.public.append(session, Event(Kind.ANOMALY, 3, ActorRole.SYSTEM))
    with pytest.raises(LeaseLostError):
        await run_public_sequencer(old.node)
    assert len(await new.slips(new.public.origin)) == 2
