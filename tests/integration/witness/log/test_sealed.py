from __future__ import annotations

import hashlib
import logging

import pytest
from sqlalchemy import select

from tests.fixtures.logs import SCHEDULE, START, CrashError, LogCity, crash_at, slip_of
from witness.log.merkle import leaf_hash, tree_head
from witness.log.models import CheckpointRow, QueuedSlipRow
from witness.log.ports import KeyKind
from witness.log.sealed import MAX_SLIPS, run_sealed_ticks
from witness.log.service import LogReader, SlipRefusedError

SLOW, BATCH = SCHEDULE.slow.seconds, SCHEDULE.slow.slips


async def tick(city: LogCity) -> None:
    while await run_sealed_ticks(city.node):
        pass


@pytest.fixture
async def city(log_alone: LogCity) -> LogCity:
    """A box whose ticks have begun."""
    await tick(log_alone)
    return log_alone


class TestShape:
    async def test_nothing_grows_before_a_tick(self, city: LogCity) -> None:
        await city.take("bid")
        city.at(SLOW - 1)
        await tick(city)
        assert await city.slips() == []

    async def test_every_tick_adds_a_whole_batch_with_or_without_slips(self, city: LogCity) -> None:
        for number in range(1, 4):
            city.at(number * SLOW)
            await tick(city)
            assert len(await city.slips()) == number * BATCH

    async def test_shape_is_the_same_whatever_was_submitted(self, city: LogCity) -> None:
        """Sizes and times of all checkpoints depend on the clock and the announced deadlines only."""
        city.box.announced.append(START + 200)
        shapes = []
        for load in (0, 30):
            for number in range(load):
                await city.take(f"bid {load} {number}", account=str(number))
            base = int(city.clock.moment.timestamp()) - START
            grown = []
            before = len(await city.slips())
            for step in (60, 119, 120, 121, 180):
                city.at(base + step)
                await tick(city)
                grown.append(len(await city.slips()) - before)
            shapes.append(grown)
            city.box.announced[:] = [START + 180 + 200]
        assert shapes[0] == shapes[1]

    async def test_fast_window_around_a_deadline(self, city: LogCity) -> None:
        city.box.announced.append(START + 100)
        city.at(69)
        await tick(city)
        assert len(await city.slips()) == BATCH  # the slow tick at 60
        city.at(72)
        await tick(city)
        assert len(await city.slips()) == BATCH + 2 * SCHEDULE.fast.slips  # 70 and 72
        city.at(160)
        await tick(city)
        assert len(await city.slips()) == BATCH + 46 * SCHEDULE.fast.slips  # 70, 72 … 160

    async def test_no_word_and_no_measure_tells_slips_from_padding(
        self, city: LogCity, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        await city.take("bid")
        await tick(city)
        quiet = [(r.name, r.levelname) for r in caplog.records if r.name.startswith(("witness", "bidding"))]
        assert quiet == []


class TestCatchingUp:
    async def test_missed_ticks_get_a_batch_each_and_one_true_checkpoint(self, city: LogCity) -> None:
        await city.take("bid")
        city.at(10 * SLOW + 7)
        await tick(city)
        assert len(await city.slips()) == 10 * BATCH
        async with city.node.database.reading() as session:
            rows = list(await session.scalars(select(CheckpointRow)))
            [signed] = await LogReader(session).box_checkpoints(city.origin)
        assert [(row.size, row.signed_at) for row in rows] == [(10 * BATCH, START + 10 * SLOW + 7)]
        assert (signed.size, signed.at) == (10 * BATCH, START + 10 * SLOW + 7)

    async def test_thousands_of_ticks_take_few_transactions(self, city: LogCity) -> None:
        ticks = 2 * MAX_SLIPS // BATCH + 1
        city.at(ticks * SLOW)
        runs = 0
        while await run_sealed_ticks(city.node):
            runs += 1
        assert runs == 3
        slips = await city.slips()
        assert len(slips) == len(set(slips)) == ticks * BATCH

    async def test_first_in_first_out_over_missed_ticks(self, city: LogCity) -> None:
        for number in range(3):
            await city.take(f"bid {number}", account="a")
        city.at(3 * SLOW)
        await tick(city)
        slips = await city.slips()
        places = [slips.index(slip_of(f"bid {number}")) // BATCH for number in range(3)]
        assert places == [0, 1, 2]  # one slip of an account a batch of four


class TestSlips:
    async def test_slip_is_merged_by_when_it_was_promised(self, city: LogCity) -> None:
        by = await city.take("bid")
        city.at(by - START)
        await tick(city)
        assert slip_of("bid") in await city.slips()

    async def test_same_slip_again_is_one_slip_with_one_answer(self, city: LogCity) -> None:
        first = await city.take("bid")
        city.at(30)
        assert await city.take("bid", account="b") == first
        city.at(2 * SLOW)
        await tick(city)
        assert await city.take("bid") == first
        city.at(4 * SLOW)
        await tick(city)
        assert (await city.slips()).count(slip_of("bid")) == 1

    async def test_index_is_known_once_it_is_merged(self, city: LogCity) -> None:
        await city.take("bid")
        digest = hashlib.sha256(slip_of("bid")).digest()
        async with city.node.database.reading() as session:
            assert await city.sealed.index_of(session, digest) is None
        city.at(SLOW)
        await tick(city)
        async with city.node.database.reading() as session:
            index = await city.sealed.index_of(session, digest)
        assert index is not None
        assert (await city.slips())[index] == slip_of("bid")

    async def test_queue_forgets_account_and_bytes_of_what_is_merged(self, city: LogCity) -> None:
        await city.take("bid")
        city.at(SLOW)
        await tick(city)
        async with city.node.database.reading() as session:
            [row] = await session.scalars(select(QueuedSlipRow))
        assert (row.account, row.slip) == (None, None)

    async def test_own_events_come_last(self, city: LogCity) -> None:
        await city.take("event", account=None)
        for number in range(BATCH):
            await city.take(f"bid {number}", account=str(number))
        city.at(SLOW)
        await tick(city)
        assert slip_of("event") not in await city.slips()
        city.at(2 * SLOW)
        await tick(city)
        assert slip_of("event") in await city.slips()

    @pytest.mark.parametrize("slip", [b"", slip_of("x")[:-1], slip_of("x") + b"x", b"\x05" + slip_of("x")[1:]])
    async def test_what_is_no_slip_is_refused_and_not_kept(self, city: LogCity, slip: bytes) -> None:
        async with city.node.database.unit_of_work() as session:
            with pytest.raises(SlipRefusedError):
                await city.sealed.accept(session, slip, None, city.clock.now())
            assert (await session.scalars(select(QueuedSlipRow))).all() == []

    async def test_crash_at_any_statement_loses_and_doubles_nothing(self, city: LogCity) -> None:
        number, crashed = 0, True
        while crashed:
            number += 1
            await city.take(f"bid {number}")
            city.at(number * SLOW)
            try:
                with crash_at(city.node.database, number):
                    await run_sealed_ticks(city.node)
                crashed = False
            except CrashError:
                assert len(await city.slips()) == (number - 1) * BATCH
            await tick(city)
            slips = await city.slips()
            assert len(slips) == number * BATCH
            assert all(slips.count(slip_of(f"bid {n}")) == 1 for n in range(1, number + 1))
        assert number > 10


class TestSignatures:
    async def test_checkpoint_is_signed_in_both_forms_over_the_same_tree(self, city: LogCity) -> None:
        city.at(SLOW)
        await tick(city)
        root = tree_head([leaf_hash(slip) for slip in await city.slips()])
        async with city.node.database.reading() as session:
            note = await LogReader(session).checkpoint(city.origin)
            [signed] = await LogReader(session).box_checkpoint(city.origin, BATCH)
        assert note is not None
        assert note.text.split("\n")[:2] == [city.node.city.sealed_origin, str(BATCH)]
        assert signed.root == root
        signer = signed.signer(city.node.registry)
        assert await city.node.chain.city_of_key(signer, KeyKind.RECEIVING, signed.at) == city.node.city.id32
