"""What a stranger can fetch and check, and what the logs' endpoints refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.fixtures.logs import SCHEDULE, START, LogCity, LogNetwork, slip_of
from witness.log.checkpoint import Checkpoint
from witness.log.entry import SLIP_SIZE, Disclosed
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.merkle import inclusion_proof_from, leaf_hash, verify_inclusion
from witness.log.note import Algorithm, Note, Vkey
from witness.log.policy import Policy
from witness.log.proof_file import ProofFile
from witness.log.sequencer import run_public_sequencer
from witness.log.tiles import Tile, decode_bundle, prove_from_tiles
from witness.log.wire import BoxPage

SLOW, BATCH = SCHEDULE.slow.seconds, SCHEDULE.slow.slips
TENDER = b"\x07" * 32
MANY = 300


@pytest.fixture
async def city(log_network: LogNetwork) -> LogCity:
    """Lu'an with entries in both logs, signed by everybody."""
    luan = log_network["luan"]
    await log_network.work()
    async with luan.node.database.unit_of_work() as session:
        for number in range(MANY):
            await luan.public.append(session, Event(Kind.ANOMALY, number, ActorRole.SYSTEM, tender=TENDER))
        secret = Event(Kind.SCORE_LOCKED, 1, ActorRole.EXPERT, tender=TENDER, disclosed=False)
        await luan.public.append(session, secret)
    await luan.take("bid")
    log_network.at(SLOW)
    await log_network.work()
    return luan


@pytest.fixture
async def http(city: LogCity) -> AsyncIterator[httpx.AsyncClient]:
    """A stranger's HTTP client."""
    async with city.client() as client:
        yield client


async def tile(http: httpx.AsyncClient, kind: str, place: Tile) -> bytes:
    answer = await http.get(f"/log/{kind}/{place.path}")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    return answer.content


class TestStranger:
    async def test_disclosed_entry_is_proven_from_nothing_but_tiles_and_keys(
        self, city: LogCity, http: httpx.AsyncClient
    ) -> None:
        note = Note.parse((await http.get("/log/public/checkpoint")).content)
        checkpoint = Checkpoint.parse(note.text)
        index = 257
        proof = await prove_from_tiles(
            lambda place: tile(http, "public", place),
            checkpoint.size,
            lambda nodes: inclusion_proof_from(nodes, index, checkpoint.size),
        )
        disclosed = Disclosed.from_json((await http.get(f"/log/public/entry/{index}")).json())
        assert disclosed.body.tender == TENDER
        line = city.node.city.public_origin
        log = Vkey(line, Algorithm.ED25519, city.node.keys.log.public_key().public_bytes_raw())
        policy = Policy.of([log], [p.cosigner_vkey for p in city.node.partners], 2)
        found = ProofFile(index, tuple(proof), note).verify(leaf_hash(disclosed.entry), policy)
        assert found.times.keys() == {p.cosigner_vkey.name for p in city.node.partners}

    async def test_slips_are_read_from_origin_and_from_its_witness(
        self, city: LogCity, http: httpx.AsyncClient, log_network: LogNetwork
    ) -> None:
        bundle = Tile(None, 0, BATCH)
        own = decode_bundle(await tile(http, "sealed", bundle), BATCH, SLIP_SIZE)
        assert slip_of("bid") in own
        async with log_network["hefei"].client() as other:
            copy = decode_bundle(await tile(other, "0x" + city.origin.hex(), bundle), BATCH, SLIP_SIZE)
        assert copy == own

    async def test_box_checkpoints_of_all_cities(self, city: LogCity, http: httpx.AsyncClient) -> None:
        path = f"/box/0x{city.origin.hex()}"
        page = BoxPage.from_bytes((await http.get(path)).content)
        assert page.time == START + SLOW
        assert {s.city for s in page.checkpoints} == {city.node.city.id32, *(p.city.id32 for p in city.node.partners)}
        assert (await http.get(f"{path}?after={BATCH}")).json()["checkpoints"] == []
        assert BoxPage.from_bytes((await http.get(f"{path}/{BATCH}")).content).checkpoints == page.checkpoints
        proof = await prove_from_tiles(
            lambda place: tile(http, "sealed", place), BATCH, lambda nodes: inclusion_proof_from(nodes, 2, BATCH)
        )
        slip = (await city.slips())[2]
        verify_inclusion(leaf_hash(slip), 2, BATCH, proof, page.checkpoints[0].root)

    async def test_attestation(self, city: LogCity, http: httpx.AsyncClient) -> None:
        answer = (await http.get("/attestation/7")).json()
        assert answer.keys() == {"number", "blockHash", "city", "signature"}
        assert (await http.get("/attestation/7")).json() == answer


class TestRefusals:
    @pytest.fixture
    async def http(self, log_alone: LogCity) -> AsyncIterator[httpx.AsyncClient]:
        """A client of a city whose public log has two entries, the second not disclosed."""
        async with log_alone.node.database.unit_of_work() as session:
            for number, disclosed in enumerate((True, False)):
                event = Event(Kind.ANOMALY, number, ActorRole.SYSTEM, disclosed=disclosed)
                await log_alone.public.append(session, event)
        await run_public_sequencer(log_alone.node)
        async with log_alone.client() as client:
            yield client

    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [
            ("/log/other/checkpoint", 404, "log.unknown"),
            ("/log/0x00/checkpoint", 404, "log.unknown"),
            ("/log/0x" + "00" * 32 + "/tile/0/000", 404, "tile.unknown"),
            ("/log/public/tile/0/0", 422, "tile.malformed"),
            ("/log/public/tile/0/000.p/256", 422, "tile.malformed"),
            ("/log/public/tile/0/001.p/99", 404, "tile.unknown"),
            ("/log/public/tile/entries/001.p/99", 404, "tile.unknown"),
            ("/log/public/tile/3/000.p/1", 404, "tile.unknown"),
            ("/log/public/entry/99999", 404, "entry.not_found"),
            ("/log/public/entry/1", 404, "entry.not_found"),
            ("/log/public/entry/-1", 422, "request.malformed"),
            (f"/log/public/entry/{1 << 63}", 422, "request.malformed"),
            ("/box/0x00", 422, "request.malformed"),
            ("/attestation/11", 409, "attestation.not_yet"),
        ],
    )
    async def test_problem_with_a_stable_code(self, http: httpx.AsyncClient, path: str, status: int, code: str) -> None:
        answer = await http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    async def test_box_of_nobody_is_empty(self, http: httpx.AsyncClient) -> None:
        assert (await http.get("/box/0x" + "00" * 32)).json()["checkpoints"] == []

    async def test_log_without_a_checkpoint_yet(self, log_alone: LogCity) -> None:
        async with log_alone.client() as client:
            answer = await client.get("/log/public/checkpoint")
        assert (answer.status_code, answer.json()["code"]) == (404, "checkpoint.not_found")

    async def test_witness_request_that_is_too_large(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/witness/add-checkpoint", content=b"x" * (64 * 1024 + 1))
        assert (answer.status_code, answer.json()["code"]) == (413, "add_checkpoint.too_large")

    async def test_witness_statuses_are_the_protocols(self, http: httpx.AsyncClient) -> None:
        assert (await http.post("/witness/add-checkpoint", content=b"x")).status_code == 400


class TestNothingLeaks:
    async def test_before_and_after_look_alike(self, log_network: LogNetwork) -> None:
        """Whatever is public has the same shape whether the box of this tick holds a slip or padding only."""
        luan = log_network["luan"]
        await log_network.work()
        shapes = []
        for number, load in enumerate((0, 4), start=1):
            for place in range(load):
                await luan.take(f"bid {place}", account=str(place))
            log_network.at(number * SLOW)
            await run_public_sequencer(luan.node)
            await log_network.work()
            async with luan.client() as client:
                page = (await client.get(f"/box/0x{luan.origin.hex()}?after={(number - 1) * BATCH}")).json()
                note = (await client.get("/log/sealed/checkpoint")).text
            shapes.append(
                ([(s["size"] - number * BATCH, s["at"] - number * SLOW) for s in page["checkpoints"]], note.count("\n"))
            )
        assert shapes[0] == shapes[1]
