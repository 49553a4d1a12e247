from __future__ import annotations

import pytest

from ledger.chain.sender import TxOutcome, TxStatus
from tests.fixtures.logs import SCHEDULE, START, CrashError, LogCity, LogNetwork, crash_at
from witness.log.anchor import run_anchor
from witness.log.cosign import run_cosign
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.merkle import leaf_hash, tree_head
from witness.log.mirror import run_witness
from witness.log.ports import TreeHead
from witness.log.sealed import run_sealed_ticks
from witness.log.sequencer import run_public_sequencer

SLOW, BATCH = SCHEDULE.slow.seconds, SCHEDULE.slow.slips
INTERVAL = 300


async def write(city: LogCity, number: int, kind: Kind = Kind.ANOMALY) -> None:
    async with city.node.database.unit_of_work() as session:
        await city.public.append(session, Event(kind, number, ActorRole.SYSTEM))
    await run_public_sequencer(city.node)


async def anchored(city: LogCity, origin: bytes | None = None) -> TreeHead:
    return await city.node.chain.anchored(origin or city.public.origin)


class TestPublic:
    async def test_newest_checkpoint_with_its_proof(self, log_alone: LogCity) -> None:
        for number in range(3):
            await write(log_alone, number)
            await run_anchor(log_alone.node)
            await log_alone.sender.mine()
            log_alone.at((number + 1) * INTERVAL)
        hashes = [leaf_hash(entry) for entry in await log_alone.slips(log_alone.public.origin)]
        assert await anchored(log_alone) == TreeHead(3, tree_head(hashes))
        assert [call[1] for call in log_alone.sender.calls.values()] == [1, 2, 3]

    async def test_nothing_new_nothing_sent(self, log_alone: LogCity) -> None:
        assert not await run_anchor(log_alone.node)
        await write(log_alone, 1)
        await run_anchor(log_alone.node)
        await log_alone.sender.mine()
        log_alone.at(INTERVAL)
        assert not await run_anchor(log_alone.node)

    async def test_interval_between_anchors(self, log_alone: LogCity) -> None:
        await write(log_alone, 1)
        await run_anchor(log_alone.node)
        await log_alone.sender.mine()
        await write(log_alone, 2)
        log_alone.at(INTERVAL - 1)
        assert not await run_anchor(log_alone.node)
        log_alone.at(INTERVAL)
        assert await run_anchor(log_alone.node)

    @pytest.mark.parametrize("kind", [Kind.OPENING_RECORD, Kind.EVALUATION_REPORT, Kind.AWARD_DECIDED])
    async def test_what_others_rely_on_is_anchored_at_once(self, log_alone: LogCity, kind: Kind) -> None:
        await write(log_alone, 1)
        await run_anchor(log_alone.node)
        await log_alone.sender.mine()
        await write(log_alone, 2, kind)
        assert await run_anchor(log_alone.node)
        await log_alone.sender.mine()
        assert (await anchored(log_alone)).size == 2
        await write(log_alone, 3)
        assert not await run_anchor(log_alone.node)

    async def test_deadline_of_the_own_box_presses(self, log_alone: LogCity) -> None:
        log_alone.box.announced.append(START + 100)
        await write(log_alone, 1)
        await run_anchor(log_alone.node)
        await log_alone.sender.mine()
        await write(log_alone, 2)
        log_alone.at(100)
        assert not await run_anchor(log_alone.node)
        log_alone.at(101)
        assert await run_anchor(log_alone.node)

    async def test_one_transaction_at_a_time(self, log_alone: LogCity) -> None:
        await write(log_alone, 1)
        await run_anchor(log_alone.node)
        await write(log_alone, 2)
        log_alone.at(INTERVAL)
        assert not await run_anchor(log_alone.node)  # the first is still under way
        await log_alone.sender.mine()
        assert await run_anchor(log_alone.node)

    async def test_refused_transaction_is_made_anew_from_what_stands(self, log_alone: LogCity) -> None:
        await write(log_alone, 1)
        await run_anchor(log_alone.node)
        [key] = log_alone.sender.outcomes
        log_alone.sender.outcomes[key] = TxOutcome(TxStatus.REVERTED, True, None, None, "NotTheSubmitter", None, None)
        assert not await run_anchor(log_alone.node)  # not at once: what refused it may need time to pass
        log_alone.at(INTERVAL)
        assert await run_anchor(log_alone.node)
        await log_alone.sender.mine()
        assert (await anchored(log_alone)).size == 1

    async def test_crash_at_any_statement_doubles_nothing(self, log_alone: LogCity) -> None:
        number, crashed = 0, True
        while crashed:
            number += 1
            await write(log_alone, number)
            log_alone.at(number * INTERVAL)
            try:
                with crash_at(log_alone.node.database, number):
                    await run_anchor(log_alone.node)
                crashed = False
            except CrashError:
                pass
            await run_anchor(log_alone.node)
            await log_alone.sender.mine()
            assert (await anchored(log_alone)).size == number
        assert number > 5
        assert all(outcome.status is TxStatus.MINED for outcome in log_alone.sender.outcomes.values())


class TestSealed:
    async def test_needs_a_witness(self, log_network: LogNetwork) -> None:
        luan = log_network["luan"]
        await run_sealed_ticks(luan.node)
        log_network.at(SLOW)
        await run_sealed_ticks(luan.node)
        assert not await run_anchor(luan.node)
        await run_witness(log_network["hefei"].node)
        await run_cosign(luan.node)
        assert await run_anchor(luan.node)

    async def test_origin_signs_first_then_q_others_on_the_same_root(self, log_network: LogNetwork) -> None:
        luan = log_network["luan"]
        await log_network.work()
        log_network.at(SLOW)
        await log_network.work()
        [args] = [call for call in luan.sender.calls.values() if call[0] == luan.origin]
        _, size, root, _, signatures = args
        assert (size, len(signatures)) == (BATCH, 2)
        assert root == tree_head([leaf_hash(slip) for slip in await luan.slips()])
        stored = {}
        async with luan.node.database.reading() as session:
            from witness.log.service import LogReader

            for signed in await LogReader(session).box_checkpoint(luan.origin, BATCH):
                stored[signed.at, signed.signature] = signed.city
        assert stored[signatures[0]] == luan.node.city.id32
        assert stored[signatures[1]] != luan.node.city.id32
