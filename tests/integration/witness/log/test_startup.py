from __future__ import annotations

import pytest

from ledger.db import Database
from tests.fixtures.logs import Registrations, log_city
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.ports import TreeHead
from witness.log.sequencer import run_public_sequencer
from witness.log.service import LogReader
from witness.log.startup import BehindChainError, open_logs


async def one_entry(database: Database, chain: Registrations) -> tuple[bytes, bytes]:
    city = await log_city("luan", database, chain)
    async with database.unit_of_work() as session:
        await city.public.append(session, Event(Kind.ANOMALY, 1, ActorRole.SYSTEM))
    await run_public_sequencer(city.node)
    async with database.reading() as session:
        return city.public.origin, await LogReader(session).root(city.public.origin, 1)


class TestOpenLogs:
    async def test_restart_with_its_own_data(self, database: Database) -> None:
        chain = Registrations()
        origin, root = await one_entry(database, chain)
        chain.anchors[origin] = [TreeHead(1, root)]
        city = await log_city("luan", database, chain)
        assert len(await city.slips(origin)) == 1

    async def test_older_than_the_chain(self, database: Database) -> None:
        chain = Registrations()
        origin, root = await one_entry(database, chain)
        chain.anchors[origin] = [TreeHead(2, root)]
        with pytest.raises(BehindChainError):
            await log_city("luan", database, chain)

    async def test_other_history_than_the_chain(self, database: Database) -> None:
        chain = Registrations()
        origin, _ = await one_entry(database, chain)
        chain.anchors[origin] = [TreeHead(1, b"\x01" * 32)]
        with pytest.raises(BehindChainError):
            await log_city("luan", database, chain)

    async def test_again_changes_nothing(self, database: Database) -> None:
        city = await log_city("luan", database, Registrations())
        await open_logs(city.node)
        assert await city.slips() == []
