"""A clock that is set back: nothing is dated back, nothing is done twice, nothing waits for the lost time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from ledger.clock import to_unix
from tests.fixtures.logs import SCHEDULE, LogCity, LogNetwork, slip_of
from witness.log.anchor import run_anchor
from witness.log.box_checkpoint import SignedBoxCheckpoint
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.models import CheckpointRow
from witness.log.sealed import run_sealed_ticks
from witness.log.sequencer import run_public_sequencer
from witness.log.service import LogReader

SLOW, BATCH = SCHEDULE.slow.seconds, SCHEDULE.slow.slips
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def tick(city: LogCity) -> None:
    while await run_sealed_ticks(city.node):
        pass


async def own_checkpoints(city: LogCity) -> list[SignedBoxCheckpoint]:
    async with city.node.database.reading() as session:
        signed = await LogReader(session).box_checkpoints(city.origin)
    return [one for one in signed if one.city == city.node.city.id32]


def set_back(city: LogCity, span: timedelta) -> None:
    """Do what `ManualClock.move_to` refuses, and a host's clock does not."""
    city.clock.moment -= span


class TestBox:
    async def test_grows_once_for_each_tick_and_no_checkpoint_is_dated_back(self, log_alone: LogCity) -> None:
        await tick(log_alone)
        log_alone.at(2 * SLOW)
        await tick(log_alone)
        set_back(log_alone, timedelta(seconds=SLOW + SLOW // 2))
        await tick(log_alone)
        assert len(await log_alone.slips()) == 2 * BATCH
        log_alone.at(3 * SLOW)
        await tick(log_alone)
        assert len(await log_alone.slips()) == 3 * BATCH
        times = [signed.at for signed in await own_checkpoints(log_alone)]
        assert times == sorted(times)

    async def test_a_slip_taken_meanwhile_is_merged_as_promised(self, log_alone: LogCity) -> None:
        await tick(log_alone)
        log_alone.at(2 * SLOW)
        await tick(log_alone)
        set_back(log_alone, timedelta(seconds=SLOW))
        promised = await log_alone.take("bid")
        log_alone.at(3 * SLOW)
        await tick(log_alone)
        assert slip_of("bid") in await log_alone.slips()
        assert to_unix(log_alone.clock.now()) <= promised


class TestPublicLog:
    async def write(self, city: LogCity, number: int) -> None:
        async with city.node.database.unit_of_work() as session:
            await city.public.append(session, Event(Kind.ANOMALY, number, ActorRole.SYSTEM))
        await run_public_sequencer(city.node)

    async def test_entries_come_and_are_anchored_without_waiting_for_the_lost_time(self, log_alone: LogCity) -> None:
        await self.write(log_alone, 1)
        assert await run_anchor(log_alone.node)
        await log_alone.sender.mine()
        set_back(log_alone, DAY)
        await self.write(log_alone, 2)
        assert await run_anchor(log_alone.node)
        await log_alone.sender.mine()
        assert (await log_alone.node.chain.anchored(log_alone.public.origin)).size == 2
        async with log_alone.node.database.reading() as session:
            sizes = list(await session.scalars(select(CheckpointRow.size).order_by(CheckpointRow.size)))
        assert sizes == [1, 2]


class TestWitness:
    async def test_signs_nothing_until_its_clock_is_right_again(self, log_network: LogNetwork) -> None:
        network = log_network
        await network.work()
        network.at(SLOW)
        await network.work()
        luan, hefei = network["luan"], network["hefei"]
        before = await witnessed_by(luan)
        set_back(luan, HOUR)
        hefei.at(2 * SLOW)
        network["nanjing"].at(2 * SLOW)
        await network.work()
        assert await witnessed_by(luan) == before
        luan.at(2 * SLOW)
        await network.work()
        assert len(await witnessed_by(luan)) > len(before)


async def witnessed_by(city: LogCity) -> set[tuple[bytes, int]]:
    """Return what this city's witness has signed of its partners' boxes."""
    async with city.node.database.reading() as session:
        reader = LogReader(session)
        found = [
            signed for one in city.node.partners for signed in await reader.box_checkpoints(one.city.sealed_origin_id)
        ]
    return {(signed.origin, signed.size) for signed in found if signed.city == city.node.city.id32}


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Refusals of a witness are logged as warnings: they are meant here."""
    caplog.set_level("ERROR")
