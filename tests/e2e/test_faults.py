"""What a city stands on fails in the middle of a tender: its database, its disk, the chain.

Whoever asks meanwhile gets a problem document that says whose trouble it is; nothing that was acknowledged is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.robots.record import LOT
from api.robots.run import FAST_WINDOW
from api.robots.sample import SampleRun
from api.robots.stage import Stage
from bidding.device.errors import DeviceError
from bidding.tender.samples import load_sample
from scripts.chaos.outcome import outcome_of
from tests.fixtures.cluster import Cluster, open_cluster
from tests.fixtures.disk import full_disk
from tests.fixtures.postgres import PostgresServer, postgres_server

pytestmark = pytest.mark.cluster

SAMPLE = load_sample(Path(__file__).parents[2] / "samples" / "OP00023062.json")
CHALLENGE = "/v1/session/challenge"
"""A question that the city answers only once it has written the answer into its database."""


@dataclass
class Ground:
    """The cluster, and the server that Lu'an's database is on."""

    cluster: Cluster
    postgres: PostgresServer


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A network in which Lu'an has PostgreSQL and its partners SQLite."""
    with postgres_server(tmp_path_factory.mktemp("postgres")) as postgres:
        services = {"luan": {"database_url": postgres.create("luan")}}
        with open_cluster(tmp_path_factory.mktemp("faults"), boxes=1, services=services) as cluster:
            yield Ground(cluster, postgres)


async def refusal(stage: Stage, city: str) -> tuple[int, str]:
    """Return status and code of the problem document that a city answers a question with."""
    async with httpx.AsyncClient(base_url=stage.around.http(city).base_url, timeout=60) as http:
        answer = await http.get(CHALLENGE, params={"address": "0x" + "11" * 20})
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


async def offer(run: SampleRun, number: int) -> int:
    """Hand in the bid of this number on record; return how many cities acknowledged it."""
    bid = run.sample.bids[number]
    status = await (await run.enter(bid.bidder)).offer(run.conduct.tender, LOT, bid.opening)
    return status.acknowledged_by


async def resume(run: SampleRun, number: int) -> None:
    """Have a device go on with what it could not hand in."""
    [status] = await run.bidders[run.sample.bids[number].bidder].device.resume(run.conduct.tender)
    assert status.acknowledged_by == 2


async def test_a_tender_survives_what_its_city_stands_on(ground: Ground) -> None:
    """The database loses its power, the disk is full, the chain is away: each with one bid under way."""
    cluster = ground.cluster
    async with cluster.stage() as stage:
        run = await SampleRun.announce(stage, SAMPLE)
        await stage.pulse.advance_to(await run.deadline() - FAST_WINDOW)
        for bid in SAMPLE.bids:
            await run.enter(bid.bidder)
        assert await offer(run, 0) == 2

        ground.postgres.cut_power()
        assert await refusal(stage, "luan") == (503, "database.unavailable")
        with pytest.raises(DeviceError, match="0 cities keep the stream"):
            await offer(run, 1)
        ground.postgres.start()
        await resume(run, 1)

        with full_disk(1, cluster.processes.children["hefei"].process.pid):
            assert await refusal(stage, "hefei") == (507, "storage.full")
            assert await offer(run, 2) == 2
        cluster.stop_chain()
        assert await refusal(stage, "luan") == (503, "chain.unreachable")
        cluster.start_chain()

        await run.wait_until_in_time()
        await run.close()
        await run.record_opening()
        outcome = await outcome_of(run, await run.award(*await run.evaluate()))
        assert (outcome.winner, outcome.listed) == (SAMPLE.winner, len(SAMPLE.bids))
