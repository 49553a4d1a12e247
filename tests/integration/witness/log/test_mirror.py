from __future__ import annotations

import logging
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import orjson
import pytest

from ledger.acts import BoxCheckpoint
from ledger.db import Database
from tests.fixtures.logs import (
    SCHEDULE,
    START,
    CrashError,
    LogCity,
    LogNetwork,
    crash_at,
    keys_of,
    log_city,
    slip_of,
)
from witness.log.box_checkpoint import SignedBoxCheckpoint
from witness.log.box_repository import BoxRepository
from witness.log.mirror import run_witness
from witness.log.sealed import run_sealed_ticks
from witness.log.service import LogReader

SLOW, BATCH = SCHEDULE.slow.seconds, SCHEDULE.slow.slips


@pytest.fixture
async def network(log_network: LogNetwork) -> LogNetwork:
    """Boxes whose ticks have begun."""
    await log_network.work()
    return log_network


async def signed_by(city: LogCity, origin: bytes, size: int) -> dict[bytes, SignedBoxCheckpoint]:
    async with city.node.database.reading() as session:
        return {signed.city: signed for signed in await LogReader(session).box_checkpoint(origin, size)}


async def root_kept(city: LogCity, origin: bytes, size: int) -> bytes:
    """Return the root over the slips that a city keeps of an origin."""
    async with city.node.database.reading() as session:
        return await LogReader(session).root(origin, size)


async def evidence(city: LogCity, origin: bytes) -> list[dict[str, object]]:
    async with city.node.database.reading() as session:
        return list(await LogReader(session).equivocations(origin))


async def faults(city: LogCity) -> list[str]:
    async with city.node.database.reading() as session:
        return [fault.code for fault in await BoxRepository(session).faults()]


async def tick(city: LogCity, at: int) -> None:
    city.at(at)
    while await run_sealed_ticks(city.node):
        pass


async def witness(city: LogCity) -> None:
    while await run_witness(city.node):
        pass


class TestFollowing:
    async def test_witness_keeps_the_slips_before_it_signs(self, network: LogNetwork) -> None:
        luan, hefei = network["luan"], network["hefei"]
        await luan.take("bid")
        network.at(SLOW)
        await tick(luan, SLOW)
        await witness(hefei)
        assert await hefei.slips(luan.origin) == await luan.slips()
        own = (await signed_by(hefei, luan.origin, BATCH))[hefei.node.city.id32]
        assert own.at == START + SLOW
        assert await root_kept(hefei, luan.origin, BATCH) == own.root

    async def test_each_checkpoint_of_the_origin_is_signed(self, network: LogNetwork) -> None:
        """A cut is the largest size that both signed in time, so a witness that was away skips none."""
        luan, hefei = network["luan"], network["hefei"]
        for number in range(1, 4):
            network.at(number * SLOW)
            await tick(luan, number * SLOW)
        await witness(hefei)
        for number in range(1, 4):
            assert hefei.node.city.id32 in await signed_by(hefei, luan.origin, number * BATCH)

    async def test_size_is_signed_once_and_for_ever(self, network: LogNetwork) -> None:
        luan, hefei = network["luan"], network["hefei"]
        network.at(SLOW)
        await tick(luan, SLOW)
        await witness(hefei)
        first = await signed_by(hefei, luan.origin, BATCH)
        network.at(SLOW + 30)
        await witness(hefei)
        assert await signed_by(hefei, luan.origin, BATCH) == first

    async def test_long_absence_is_made_good(self, network: LogNetwork) -> None:
        luan, hefei = network["luan"], network["hefei"]
        network.ways["hefei", "luan"].is_cut = True
        for number in range(1, 71):  # 280 slips: past the first full bundle
            await tick(luan, number * SLOW)
        hefei.at(71 * SLOW)
        luan.at(71 * SLOW)
        assert await hefei.slips(luan.origin) == []
        network.ways["hefei", "luan"].is_cut = False
        await witness(hefei)
        assert await hefei.slips(luan.origin) == await luan.slips()

    async def test_one_city_that_is_down_stops_nobody(self, network: LogNetwork) -> None:
        network.ways["hefei", "luan"].is_cut = True
        network.at(SLOW)
        await tick(network["nanjing"], SLOW)
        await witness(network["hefei"])
        assert len(await network["hefei"].slips(network["nanjing"].origin)) == BATCH

    async def test_crash_at_any_statement_loses_and_doubles_nothing(self, network: LogNetwork) -> None:
        luan, hefei = network["luan"], network["hefei"]
        network.ways["hefei", "nanjing"].is_cut = True
        number, crashed = 0, True
        while crashed:
            number += 1
            network.at(number * SLOW)
            await tick(luan, number * SLOW)
            try:
                with crash_at(hefei.node.database, number):
                    await witness(hefei)
                crashed = False
            except CrashError:
                kept = len(await hefei.slips(luan.origin))
                own = hefei.node.city.id32
                assert (own in await signed_by(hefei, luan.origin, number * BATCH)) == (kept == number * BATCH)
            await witness(hefei)
            assert await hefei.slips(luan.origin) == await luan.slips()
        assert number > 10


class TestTime:
    async def test_witness_whose_clock_is_off_does_not_sign(self, network: LogNetwork) -> None:
        luan, hefei = network["luan"], network["hefei"]
        await tick(luan, SLOW)
        network["nanjing"].at(SLOW)
        hefei.at(SLOW + 6)
        await witness(hefei)
        assert await signed_by(hefei, luan.origin, BATCH) == {}
        network.at(SLOW + 6)
        await witness(hefei)
        assert hefei.node.city.id32 in await signed_by(hefei, luan.origin, BATCH)

    async def test_checkpoint_from_the_future_waits(self, network: LogNetwork) -> None:
        luan, hefei = network["luan"], network["hefei"]
        hefei.at(SLOW)
        network["nanjing"].at(SLOW)
        await tick(luan, SLOW + 6)
        await witness(network["nanjing"])
        assert await signed_by(hefei, luan.origin, BATCH) == {}

    async def test_one_partner_with_a_wrong_clock_stops_nobody(self, network: LogNetwork) -> None:
        luan, hefei = network["luan"], network["hefei"]
        await tick(luan, SLOW)
        hefei.at(SLOW)
        network["nanjing"].at(4000)
        await witness(hefei)
        assert hefei.node.city.id32 in await signed_by(hefei, luan.origin, BATCH)


class TestFalseAnswers:
    async def follow_with(self, network: LogNetwork, answer: httpx.Response, path: str) -> LogCity:
        luan, hefei = network["luan"], network["hefei"]
        network.at(SLOW)
        await tick(luan, SLOW)
        way = network.ways["hefei", "luan"]
        way.instead = lambda request: answer if path in request.url.path else None
        await witness(hefei)
        assert await signed_by(hefei, luan.origin, BATCH) == {}
        way.instead = lambda request: None
        return hefei

    async def test_other_slips_than_signed_are_not_kept_and_named(
        self, network: LogNetwork, caplog: pytest.LogCaptureFixture
    ) -> None:
        false = b"".join((896).to_bytes(2, "big") + slip_of(str(n)) for n in range(BATCH))
        with caplog.at_level(logging.WARNING):
            hefei = await self.follow_with(network, httpx.Response(200, content=false), "/tile/entries/")
        assert await hefei.slips(network["luan"].origin) == []
        assert "partner.slips" in await faults(hefei)
        async with hefei.node.database.reading() as session:
            assert [fault.city for fault in await LogReader(session).partner_faults()] == [
                network["luan"].node.city.id32
            ]
        assert "luan" in caplog.text
        assert await evidence(hefei, network["luan"].origin) == []  # damaged on the way proves nothing
        await witness(hefei)
        assert hefei.node.city.id32 in await signed_by(hefei, network["luan"].origin, BATCH)

    async def test_what_comes_before_a_false_checkpoint_is_signed(self, network: LogNetwork) -> None:
        """Three ticks; then the origin signs a root that its slips do not have, the witness keeps the first two."""
        luan, hefei = network["luan"], network["hefei"]
        for number in range(1, 4):
            await tick(luan, number * SLOW)
        network.at(3 * SLOW)
        async with luan.node.database.reading() as session:
            *right, last = await LogReader(session).box_checkpoints(luan.origin)
        act = replace(last.act, root=b"\x01" * 32)
        false = SignedBoxCheckpoint.sign(act, luan.node.city.id32, keys_of("luan").receiving, luan.node.registry)
        shown = [signed.to_json() for signed in (*right, false)]
        page = orjson.dumps({"time": START + 3 * SLOW, "checkpoints": shown, "equivocations": []})
        way = network.ways["hefei", "luan"]
        way.instead = lambda request: httpx.Response(200, content=page) if "/box/" in request.url.path else None
        for _ in range(2):
            await witness(hefei)
        assert "partner.slips" in await faults(hefei)
        for size, signs in ((BATCH, True), (2 * BATCH, True), (3 * BATCH, False)):
            assert (hefei.node.city.id32 in await signed_by(hefei, luan.origin, size)) == signs

    @pytest.mark.parametrize("content", [b"", b"\x03\x80", b"\x00" * 4 * 898])
    async def test_malformed_bundle(self, network: LogNetwork, content: bytes) -> None:
        hefei = await self.follow_with(network, httpx.Response(200, content=content), "/tile/entries/")
        assert "partner.malformed" in await faults(hefei)

    @pytest.mark.parametrize("content", [b"", b"not json", b"{}", b"[]"])
    async def test_malformed_page(self, network: LogNetwork, content: bytes) -> None:
        hefei = await self.follow_with(network, httpx.Response(200, content=content), "/box/")
        assert "partner.malformed" in await faults(hefei)

    async def test_refusal(self, network: LogNetwork) -> None:
        hefei = await self.follow_with(network, httpx.Response(500), "/box/")
        assert "partner.refused" in await faults(hefei)

    async def test_checkpoint_that_another_key_signed(self, network: LogNetwork) -> None:
        """A witness key of the same city is not its receiving key."""
        luan = network["luan"]
        act = BoxCheckpoint(luan.origin, BATCH, b"\x01" * 32, START + SLOW)
        forged = SignedBoxCheckpoint.sign(act, luan.node.city.id32, keys_of("luan").witness, luan.node.registry)
        page = {"time": START + SLOW, "checkpoints": [forged.to_json()], "equivocations": []}
        hefei = await self.follow_with(network, httpx.Response(200, content=orjson.dumps(page)), "/box/")
        assert "partner.signature" in await faults(hefei)

    async def test_log_that_jumps_ahead_is_not_fetched(self, network: LogNetwork) -> None:
        luan = network["luan"]
        act = BoxCheckpoint(luan.origin, 1 << 40, b"\x01" * 32, START + SLOW)
        signed = SignedBoxCheckpoint.sign(act, luan.node.city.id32, keys_of("luan").receiving, luan.node.registry)
        page = {"time": START + SLOW, "checkpoints": [signed.to_json()], "equivocations": []}
        hefei = await self.follow_with(network, httpx.Response(200, content=orjson.dumps(page)), "/box/")
        assert "partner.malformed" in await faults(hefei)


class TestFork:
    """An origin shows one box to Hefei and another to Nanjing."""

    @pytest.fixture
    async def other(self, network: LogNetwork, tmp_path: Path) -> AsyncIterator[LogCity]:
        """Lu'an's second face: the same past and keys, another present, shown to Nanjing only."""
        luan = network["luan"]
        network.at(SLOW)
        await tick(luan, SLOW)
        await network.work()
        await luan.node.database.close()
        for suffix in ("", "-wal", "-shm"):
            source = tmp_path / f"luan.sqlite3{suffix}"
            if source.exists():
                shutil.copy(source, tmp_path / f"other.sqlite3{suffix}")
        database = Database(f"sqlite+aiosqlite:///{tmp_path / 'other.sqlite3'}")
        face = await log_city("luan", database, network.chain, luan.node.partners)
        network.ways["nanjing", "luan"].app = face.app
        await luan.take("bid for hefei", account="h")
        await face.take("bid for nanjing", account="n")
        for city in (luan, face):
            await tick(city, 2 * SLOW)
        network.at(2 * SLOW)
        yield face
        await database.close()

    async def test_each_witness_keeps_and_serves_its_line(self, network: LogNetwork, other: LogCity) -> None:
        luan, hefei, nanjing = (network[name] for name in ("luan", "hefei", "nanjing"))
        await network.work()
        assert await hefei.slips(luan.origin) == await luan.slips()
        assert await nanjing.slips(luan.origin) == await other.slips()
        assert slip_of("bid for hefei") in await hefei.slips(luan.origin)
        assert slip_of("bid for nanjing") in await nanjing.slips(luan.origin)
        for witness_ in (hefei, nanjing):
            own = (await signed_by(witness_, luan.origin, 2 * BATCH))[witness_.node.city.id32]
            assert await root_kept(witness_, luan.origin, 2 * BATCH) == own.root

    async def test_evidence_is_found_between_the_witnesses_and_published(
        self, network: LogNetwork, other: LogCity
    ) -> None:
        luan, hefei = network["luan"], network["hefei"]
        await network.work()
        [found] = await evidence(hefei, luan.origin)
        first, second = (SignedBoxCheckpoint.from_json(found[name]) for name in ("first", "second"))  # type: ignore[arg-type]
        assert first.contradicts(second)
        for signed in (first, second):
            assert signed.signer(hefei.node.registry) == keys_of("luan").receiving.address
        async with hefei.client() as client:
            page = (await client.get(f"/box/0x{luan.origin.hex()}")).json()
        assert page["equivocations"] == [found]

    async def test_witness_that_is_shown_the_other_box_signs_nothing_of_it(
        self, network: LogNetwork, other: LogCity
    ) -> None:
        luan, hefei = network["luan"], network["hefei"]
        await witness(hefei)
        network.ways["hefei", "luan"].app = other.app
        for city in (luan, other):
            await tick(city, 3 * SLOW)
        network.at(3 * SLOW)
        await witness(hefei)
        assert hefei.node.city.id32 not in await signed_by(hefei, luan.origin, 3 * BATCH)
        assert await hefei.slips(luan.origin) == (await luan.slips())[: 2 * BATCH]
        assert "partner.equivocation" in await faults(hefei)
        assert len(await evidence(hefei, luan.origin)) == 1

    async def test_fork_that_hides_its_old_size_is_proven_by_its_own_slips(
        self, network: LogNetwork, other: LogCity
    ) -> None:
        """The second face does not repeat its checkpoint at the size that Hefei holds, only a larger one."""
        luan, hefei = network["luan"], network["hefei"]
        network.ways["hefei", "nanjing"].is_cut = True
        await witness(hefei)
        await tick(other, 3 * SLOW)
        network.at(3 * SLOW)
        async with other.node.database.reading() as session:
            [shown] = await LogReader(session).box_checkpoint(luan.origin, 3 * BATCH)
        page = {"time": START + 3 * SLOW, "checkpoints": [shown.to_json()], "equivocations": []}
        way = network.ways["hefei", "luan"]
        way.app = other.app
        way.instead = lambda r: httpx.Response(200, content=orjson.dumps(page)) if "/box/" in r.url.path else None
        await witness(hefei)
        [found] = await evidence(hefei, luan.origin)
        async with other.node.database.reading() as session:
            root = await LogReader(session).root(luan.origin, 2 * BATCH)
        assert found["root"] == "0x" + root.hex()
        assert SignedBoxCheckpoint.from_json(found["second"]) == shown  # type: ignore[arg-type]
