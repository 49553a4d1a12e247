from __future__ import annotations

import httpx
import pytest

from tests.fixtures.logs import SCHEDULE, START, CrashError, LogCity, LogNetwork, crash_at
from witness.log.add_checkpoint import AddCheckpoint, Status, parse_conflict
from witness.log.box_repository import BoxRepository
from witness.log.checkpoint import Checkpoint
from witness.log.cosign import answer_add_checkpoint, run_cosign
from witness.log.cosignature import CosignatureVerifier, Cosigner, cosigned_at
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.merkle import leaf_hash, tree_head
from witness.log.mirror import run_witness
from witness.log.note import Note, NoteSigner, Verifier, verified_signatures
from witness.log.ports import TreeHead, witness_name
from witness.log.sealed import run_sealed_ticks
from witness.log.sequencer import run_public_sequencer
from witness.log.service import LogReader
from witness.log.times import ClockOffError

SLOW, BATCH = SCHEDULE.slow.seconds, SCHEDULE.slow.slips


async def write(city: LogCity, *numbers: int) -> Note:
    """Witness events in one batch and return the checkpoint."""
    async with city.node.database.unit_of_work() as session:
        for number in numbers:
            await city.public.append(session, Event(Kind.ANOMALY, number, ActorRole.SYSTEM))
    await run_public_sequencer(city.node)
    return await checkpoint(city, city.public.origin)


async def checkpoint(city: LogCity, origin: bytes) -> Note:
    async with city.node.database.reading() as session:
        note = await LogReader(session).checkpoint(origin)
    assert note is not None
    return note


async def cosigned(city: LogCity, origin: bytes, witnesses: tuple[str, ...] = ("hefei", "nanjing")) -> set[str]:
    """Return whose cosignatures on the newest checkpoint verify."""
    verifiers: list[Verifier] = [
        CosignatureVerifier(p.cosigner_vkey) for p in city.node.partners if p.city.name in witnesses
    ]
    found = verified_signatures(await checkpoint(city, origin), verifiers)
    return {vkey.name.split(".")[0] for vkey, _ in found}


async def faults(city: LogCity) -> list[str]:
    async with city.node.database.reading() as session:
        return [fault.code for fault in await BoxRepository(session).faults()]


async def ask(city: LogCity, old: int, note: Note, proof: tuple[bytes, ...] = ()) -> tuple[int, bytes]:
    answer = await answer_add_checkpoint(city.node, bytes(AddCheckpoint(old, proof, note)))
    return answer.status, answer.body


class TestOrigin:
    async def test_partners_cosign_each_new_checkpoint(self, log_network: LogNetwork) -> None:
        luan = log_network["luan"]
        for number in range(3):
            await write(luan, number)
            assert await run_cosign(luan.node)
            assert await cosigned(luan, luan.public.origin) == {"hefei", "nanjing"}
        assert not await run_cosign(luan.node)

    async def test_both_logs(self, log_network: LogNetwork) -> None:
        luan = log_network["luan"]
        await run_sealed_ticks(luan.node)
        log_network.at(SLOW)
        await run_sealed_ticks(luan.node)
        await run_cosign(luan.node)
        assert await cosigned(luan, luan.origin) == {"hefei", "nanjing"}

    async def test_partner_that_was_down_is_brought_up_to_date(self, log_network: LogNetwork) -> None:
        luan = log_network["luan"]
        log_network.ways["luan", "hefei"].is_cut = True
        for number in range(3):
            await write(luan, number)
            await run_cosign(luan.node)
        assert await cosigned(luan, luan.public.origin) == {"nanjing"}
        log_network.ways["luan", "hefei"].is_cut = False
        await run_cosign(luan.node)
        assert await cosigned(luan, luan.public.origin) == {"hefei", "nanjing"}

    async def test_cosignature_that_got_lost_on_the_way_is_asked_for_again(self, log_network: LogNetwork) -> None:
        """The witness has moved on, the origin has not heard of it: the conflict tells the size."""
        luan = log_network["luan"]
        note = await write(luan, 1, 2)
        assert (await ask(log_network["hefei"], 0, note))[0] == Status.COSIGNED
        await write(luan, 3)
        await run_cosign(luan.node)
        assert await cosigned(luan, luan.public.origin) == {"hefei", "nanjing"}

    async def test_false_cosignature_is_caught_and_named(self, log_network: LogNetwork) -> None:
        luan = log_network["luan"]
        note = await write(luan, 1)
        false = Cosigner(witness_name(log_network["hefei"].node.city), b"\x66" * 32).cosign(note.text, START)
        way = log_network.ways["luan", "hefei"]
        way.instead = lambda r: httpx.Response(200, content=str(false).encode()) if "add" in r.url.path else None
        await run_cosign(luan.node)
        assert await cosigned(luan, luan.public.origin) == {"nanjing"}
        assert len((await checkpoint(luan, luan.public.origin)).signatures) == 2
        assert await faults(luan) == ["partner.cosignature"]

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(500),
            httpx.Response(404),
            httpx.Response(409, content=b"x"),
            httpx.Response(409, content=b"99\n"),
            httpx.Response(409, content=b"1\n"),
        ],
    )
    async def test_refusals_are_named(self, log_network: LogNetwork, answer: httpx.Response) -> None:
        luan = log_network["luan"]
        await write(luan, 1)
        log_network.ways["luan", "hefei"].instead = lambda r: answer if "add" in r.url.path else None
        await run_cosign(luan.node)
        assert [code.split(".")[0] for code in await faults(luan)] == ["partner"]

    async def test_crash_at_any_statement_only_delays(self, log_network: LogNetwork) -> None:
        luan = log_network["luan"]
        number, crashed = 0, True
        while crashed:
            number += 1
            await write(luan, number)
            try:
                with crash_at(luan.node.database, number):
                    await run_cosign(luan.node)
                crashed = False
            except CrashError:
                pass
            await run_cosign(luan.node)
            assert await cosigned(luan, luan.public.origin) == {"hefei", "nanjing"}
        assert number > 5


class TestWitness:
    async def test_cosignature_has_the_witness_own_time(self, log_network: LogNetwork) -> None:
        note = await write(log_network["luan"], 1)
        hefei = log_network["hefei"]
        hefei.at(100)
        status, body = await ask(hefei, 0, note)
        assert status == Status.COSIGNED
        [line] = Note.parse(bytes(note) + body).signatures[1:]
        assert cosigned_at(line.blob) == START + 100

    async def test_unknown_log(self, log_network: LogNetwork) -> None:
        signer = NoteSigner("elsewhere.example/public", b"\x01" * 32)
        note = Checkpoint(signer.name, 1, b"\x01" * 32).sign(signer)
        assert (await ask(log_network["hefei"], 0, note))[0] == Status.UNKNOWN_LOG

    async def test_own_log_is_not_witnessed_by_its_own_city(self, log_network: LogNetwork) -> None:
        note = await write(log_network["luan"], 1)
        assert (await ask(log_network["luan"], 0, note))[0] == Status.UNKNOWN_LOG

    async def test_signature_of_another_key(self, log_network: LogNetwork) -> None:
        signer = NoteSigner(log_network["luan"].node.city.public_origin, b"\x01" * 32)
        note = Checkpoint(signer.name, 1, b"\x01" * 32).sign(signer)
        assert (await ask(log_network["hefei"], 0, note))[0] == Status.UNTRUSTED

    async def test_other_size_than_stored(self, log_network: LogNetwork) -> None:
        note = await write(log_network["luan"], 1, 2)
        assert (await ask(log_network["hefei"], 0, note))[0] == Status.COSIGNED
        status, body = await ask(log_network["hefei"], 0, note)
        assert (status, parse_conflict(body)) == (Status.CONFLICT, 2)

    async def test_same_checkpoint_again_is_cosigned_again(self, log_network: LogNetwork) -> None:
        note = await write(log_network["luan"], 1, 2)
        await ask(log_network["hefei"], 0, note)
        assert (await ask(log_network["hefei"], 2, note))[0] == Status.COSIGNED

    async def test_other_history_is_refused_and_the_stored_head_stands(self, log_network: LogNetwork) -> None:
        luan, hefei = log_network["luan"], log_network["hefei"]
        note = await write(luan, 1, 2)
        await ask(hefei, 0, note)
        other = [leaf_hash(bytes([n]) * 32) for n in range(3)]
        forked = luan.node.sign_checkpoint(luan.node.city.public_origin, TreeHead(3, tree_head(other)))
        assert (await ask(hefei, 2, forked, (other[2],)))[0] == Status.INCONSISTENT
        async with hefei.node.database.reading() as session:
            head = await BoxRepository(session).witness_head(luan.public.origin)
        assert head == TreeHead(2, Checkpoint.parse(note.text).root)

    async def test_malformed_request(self, log_network: LogNetwork) -> None:
        answer = await answer_add_checkpoint(log_network["hefei"].node, b"old x\n\nno note")
        assert answer.status == Status.MALFORMED

    async def test_clock_that_is_off_signs_nothing(self, log_network: LogNetwork) -> None:
        note = await write(log_network["luan"], 1)
        hefei = log_network["hefei"]
        hefei.at(3600)
        await run_witness(hefei.node)
        with pytest.raises(ClockOffError):
            await ask(hefei, 0, note)
        async with hefei.node.database.reading() as session:
            assert await BoxRepository(session).witness_head(log_network["luan"].public.origin) is None
        log_network.at(3600)
        await run_witness(hefei.node)
        assert (await ask(hefei, 0, note))[0] == Status.COSIGNED

    async def test_size_is_committed_before_the_cosignature_leaves(self, log_network: LogNetwork) -> None:
        """A crash at any statement leaves either nothing, or a head that the origin is told of."""
        luan, hefei = log_network["luan"], log_network["hefei"]
        note = await write(luan, 1)
        for statement in range(1, 20):
            try:
                with crash_at(hefei.node.database, statement):
                    status, _ = await ask(hefei, 0, note)
            except CrashError:
                async with hefei.node.database.reading() as session:
                    assert await BoxRepository(session).witness_head(luan.public.origin) is None
            else:
                assert status == Status.COSIGNED
                assert statement > 3
                return
        raise AssertionError
