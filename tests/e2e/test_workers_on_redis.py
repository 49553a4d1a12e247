"""A city as in production: PostgreSQL, two Celery workers on a Redis that is lost, and a worker killed at its work.

The database is the queue of record, so whatever dies, each task takes effect once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from api.robots.sample import SampleRun
from api.robots.stage import Stage
from bidding.tender.samples import load_sample
from ledger.chain.sender import ChainTx, TxStatus
from ledger.city import City
from ledger.db import Database, exclusive
from ledger.outbox import OutboxRow
from tests.fixtures.cluster import Cluster, open_cluster
from tests.fixtures.postgres import postgres_server
from tests.fixtures.redis import RedisServer
from tests.fixtures.verdicts import verdict_on
from witness.log.event import TOPIC
from witness.log.models import DisclosureRow

pytestmark = pytest.mark.cluster

SAMPLE = load_sample(Path(__file__).parents[2] / "samples" / "OP00023062.json")
CITY = "luan"
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database IS NOT NULL"


@dataclass
class Works:
    """The cluster, and what the city's workers stand on."""

    cluster: Cluster
    redis: RedisServer
    url: str

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """Yield the city's database."""
        database = Database(self.url)
        yield database
        await database.close()


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    """A network in which Lu'an runs as in production, with two workers."""
    redis = RedisServer(tmp_path_factory.mktemp("redis"))
    try:
        with postgres_server(tmp_path_factory.mktemp("postgres")) as postgres:
            url = postgres.create(CITY)
            services = {CITY: {"database_url": url, "broker_url": redis.url}}
            folder = tmp_path_factory.mktemp("works")
            with open_cluster(folder, boxes=2, workers={CITY: 2}, services=services) as cluster:
                yield Works(cluster, redis, url)
    finally:
        redis.stop()


async def kill_in_the_middle(works: Works, stage: Stage) -> None:
    """Stop both workers inside their transaction on the box, kill one there, and let the other go on."""
    async with works.database() as database, database.unit_of_work() as session:
        await exclusive(session, City(CITY, f"{CITY}.sunbid.example").sealed_origin)
        await stage.pulse.advance_to(await stage.pulse.now() + 60)

        async def both_wait() -> bool:
            async with database.reading() as looking:
                return await looking.scalar(text(WAITING)) >= 2

        await stage.pulse.until(both_wait, "both workers at the box")
        works.cluster.processes.children[f"{CITY}-worker-1"].kill()


async def counts(works: Works) -> tuple[int, int, int]:
    """Return how many events were to be logged, how many are, and how many still wait."""
    async with works.database() as database, database.reading() as session:
        asked = await session.scalar(select(func.count()).where(OutboxRow.topic == TOPIC))
        waiting = await session.scalar(select(func.count()).where(OutboxRow.topic == TOPIC, ~OutboxRow.done))
        logged = await session.scalar(select(func.count()).select_from(DisclosureRow))
    return asked, logged, waiting


async def test_no_task_is_lost_and_none_takes_effect_twice(works: Works) -> None:
    """From notice to award while workers die and Redis forgets everything twice."""
    processes = works.cluster.processes
    async with works.cluster.stage(CITY) as stage:
        run = await SampleRun.announce(stage, SAMPLE)
        await run.hand_in()
        await kill_in_the_middle(works, stage)
        works.redis.flush()
        processes.start_child(f"{CITY}-worker-1")
        await run.wait_until_in_time()
        works.redis.restart()
        processes.children[f"{CITY}-worker-2"].kill()
        await run.close()
        processes.start_child(f"{CITY}-worker-2")
        await run.record_opening()
        winner = await run.award(*await run.evaluate())
        verdict = await verdict_on(stage, run.conduct)

        assert winner == SAMPLE.winner
        assert verdict.ok, verdict.failed

        async def nothing_waits() -> bool:
            return (await counts(works))[2] == 0

        await stage.pulse.until(nothing_waits, "the log's messages done")
        asked, logged, _ = await counts(works)
        assert asked == logged > 10
        await expect_each_nonce_once(works, stage)


async def expect_each_nonce_once(works: Works, stage: Stage) -> None:
    """Check that what the chain counts of the city's transactions is what the city wrote, each under its own nonce."""
    async with works.database() as database:

        async def settled() -> bool:
            async with database.reading() as session:
                unsettled = select(func.count()).where(ChainTx.status.in_([TxStatus.WAITING, TxStatus.SENT]))
                return await session.scalar(unsettled) == 0

        await stage.pulse.until(settled, "all transactions mined")
        async with database.reading() as session:
            rows = list(await session.scalars(select(ChainTx).order_by(ChainTx.nonce)))
    assert [row.nonce for row in rows] == list(range(len(rows)))
    assert await stage.around.chain.transaction_count(rows[0].sender) == len(rows)
