"""Killed at every step between a request and its anchor: the tender ends as if nothing had happened.

Two tenders on one network of real processes, each role of each city its own: the first undisturbed, the second while
every process that has a part in it dies at one named point after the other and is started again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.stack.network import CITIES
from bidding.tender.samples import load_sample
from ledger.failpoints import Failpoint
from scripts.chaos.keeper import Keeper, keeping
from scripts.chaos.outcome import Outcome
from scripts.chaos.play import play
from tests.fixtures.cluster import Cluster, open_cluster

pytestmark = pytest.mark.cluster

SAMPLE = load_sample(Path(__file__).parents[2] / "samples" / "OP00023062.json")
P = Failpoint
PLAN: Mapping[str, tuple[Failpoint, ...]] = {
    "luan": (
        *(P.SENDER_SUBMITTED, P.DOOR_STREAM_STORED, P.DOOR_SLIP_QUEUED),
        *(P.DOOR_SLIP_COMMITTED, P.DOOR_SLIP_ACKNOWLEDGED),
    ),
    "luan-worker-1": (
        *(P.INDEXER_READ, P.INDEXER_STORED, P.INDEXER_COMMITTED, P.OUTBOX_ENQUEUED),
        *(P.OUTBOX_TAKEN, P.SEQUENCER_APPENDED, P.OUTBOX_DONE, P.SEQUENCER_COMMITTED),
    ),
    "luan-holder": (P.HOLDER_SIGNED, P.HOLDER_WRITTEN),
    "hefei": (P.WITNESS_MOVED, P.WITNESS_COMMITTED),
    "hefei-worker-1": (
        *(P.SEALED_MERGED, P.SEALED_COMMITTED, P.COSIGN_RECEIVED, P.COSIGN_STORED),
        *(P.ANCHOR_READ, P.ANCHOR_SUBMITTED, P.ANCHOR_COMMITTED),
    ),
    "hefei-holder": (P.HOLDER_JOURNALED, P.HOLDER_DELIVERED),
    "nanjing-worker-1": (
        *(P.SENDER_ASSIGNED, P.SENDER_STORED, P.SENDER_SENT),
        *(P.SENDER_RECEIPT, P.SENDER_NOTED, P.SENDER_FINAL),
    ),
    "nanjing-witness": (P.MIRROR_SIGNED, P.MIRROR_COMMITTED),
}
"""Where each process dies, one after the other."""


@dataclass(frozen=True)
class Walk:
    """What came out of the two tenders, and where processes died in the second."""

    undisturbed: Outcome
    disturbed: Outcome
    keeper: Keeper


async def walk(cluster: Cluster) -> Walk:
    """Play the tender twice."""
    async with cluster.stage(patient=True) as stage:
        undisturbed = await play(stage, SAMPLE)
    keeper = Keeper(cluster.processes)
    async with keeping(keeper), cluster.stage(patient=True) as stage:
        await keeper.arm(PLAN)
        disturbed = await play(stage, SAMPLE)
    return Walk(undisturbed, disturbed, keeper)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Both tenders."""
    folder = tmp_path_factory.mktemp("failpoints")
    with open_cluster(folder, boxes=2, workers=dict.fromkeys(CITIES, 1)) as cluster:
        yield asyncio.run(walk(cluster))


def test_the_plan_has_every_point_once() -> None:
    assert sorted(point for points in PLAN.values() for point in points) == sorted(Failpoint)


@pytest.mark.parametrize("point", Failpoint)
def test_a_process_died_there_and_was_started_again(walked: Walk, point: Failpoint) -> None:
    assert point in walked.keeper.reached


def test_the_tender_ended_as_the_undisturbed_one(walked: Walk) -> None:
    assert walked.undisturbed.winner == SAMPLE.winner
    assert walked.disturbed == walked.undisturbed
