"""Cities talk over HTTP: each request is held to its city, once; a silent partner takes nothing from the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.chain.client import ChainClient
from ledger.chain.latest import LatestCalls
from ledger.clock import ManualClock, from_unix
from ledger.db import Database
from ledger.errors import SunbidError
from ledger.federation.peers import PeerClient, PeerDirectory, PeerError, PeerStatus
from ledger.federation.signatures import TOLERANCE_SECONDS, Request, RequestSignatureError
from ledger.federation.verify import ChainNoteKeys, RequestVerifier
from tests.fixtures.network import START, Network


class Partner:
    """An ASGI application that verifies whom it hears and says so."""

    def __init__(self, verifier: RequestVerifier, database: Database) -> None:
        self.verifier = verifier
        self.database = database
        self.heard: list[tuple[Request, dict[str, str]]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        names = {name.decode(): value.decode() for name, value in scope["headers"]}
        request = Request(scope["method"], scope["raw_path"].decode(), scope["query_string"].decode(), body)
        self.heard.append((request, names))
        try:
            answer = (200, b'{"from": "%s"}' % (await self.take(request, names)).hex().encode())
        except RequestSignatureError as error:
            answer = (401, error.code.encode())
        await send({"type": "http.response.start", "status": answer[0], "headers": []})
        await send({"type": "http.response.body", "body": answer[1]})

    async def take(self, request: Request, headers: dict[str, str]) -> bytes:
        """Return who sent the request, once."""
        found = await self.verifier.verify_request(request, headers)
        async with self.database.unit_of_work() as session:
            await self.verifier.take(session, found)
        return found.sender


class Silent(httpx.AsyncBaseTransport):
    """A network that never answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError


class Broken(httpx.AsyncBaseTransport):
    """A network without a route."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(from_unix(START + 1000))


@pytest.fixture
def partner(database: Database, chain: ChainClient, clock: ManualClock) -> Partner:
    return Partner(RequestVerifier("hefei", ChainNoteKeys(LatestCalls(chain)), clock), database)


@pytest.fixture
async def hefei(network: Network, partner: Partner, clock: ManualClock) -> AsyncIterator[PeerClient]:
    """Hefei, as Lu'an sees it."""
    luan = network.cities["luan"]
    transport = httpx.ASGITransport(partner)
    client = PeerClient(network.cities["hefei"].city, "http://hefei.test", luan.keys.log, clock, transport=transport)
    yield client
    await client.close()


class TestVerification:
    async def test_names_the_city_that_asks(self, hefei: PeerClient, network: Network) -> None:
        assert await hefei.get_json("/v1/log?after=1&x=%20") == {"from": network.cities["luan"].city.id32.hex()}
        assert (await hefei.post("/v1/partner/slips", b"x" * 896)).is_success

    async def test_a_request_is_taken_once(self, hefei: PeerClient, partner: Partner) -> None:
        assert (await hefei.post("/a", b"x")).is_success
        with pytest.raises(RequestSignatureError) as refused:
            await partner.take(*partner.heard[0])
        assert refused.value.code == "federation.replay"

    async def test_what_was_seen_is_forgotten_only_when_it_is_too_old(
        self, hefei: PeerClient, partner: Partner, clock: ManualClock
    ) -> None:
        await hefei.get("/a")
        clock.move_to(clock.now() + timedelta(seconds=TOLERANCE_SECONDS))
        await hefei.get("/b")
        with pytest.raises(RequestSignatureError) as refused:
            await partner.take(*partner.heard[0])
        assert refused.value.code == "federation.replay"
        clock.move_to(clock.now() + timedelta(seconds=1))
        await hefei.get("/c")
        with pytest.raises(RequestSignatureError) as refused:
            await partner.take(*partner.heard[0])
        assert refused.value.code == "federation.time"

    async def test_a_stranger_and_a_witness_key_are_refused(
        self, network: Network, partner: Partner, clock: ManualClock
    ) -> None:
        cosigner = network.cities["luan"].keys.cosigner
        transport = httpx.ASGITransport(partner)
        city = network.cities["hefei"].city
        client = PeerClient(city, "http://hefei.test", cosigner, clock, transport=transport)
        answer = await client.get("/a")
        await client.close()
        assert (answer.status, answer.body) == (401, b"federation.signature")


def directory(network: Network, clock: ManualClock, **transports: httpx.AsyncBaseTransport) -> PeerDirectory:
    key = network.cities["luan"].keys.log
    return PeerDirectory(
        {
            name: PeerClient(network.cities[name].city, f"http://{name}.test", key, clock, transport=transport)
            for name, transport in transports.items()
        }
    )


class TestFanOut:
    async def test_one_that_is_down_takes_nothing_from_the_others(
        self, network: Network, clock: ManualClock, partner: Partner
    ) -> None:
        peers = directory(network, clock, nanjing=Broken(), hefei=httpx.ASGITransport(partner))
        answers = await peers.get_all("/v1/x")
        await peers.close()
        assert list(answers) == ["hefei", "nanjing"]
        assert answers["hefei"] == {"from": network.cities["luan"].city.id32.hex()}
        status = answers["nanjing"]
        assert isinstance(status, PeerStatus)
        assert (status.ok, status.error) == (False, "peer.unavailable")

    async def test_one_that_is_silent_is_left_at_the_deadline(
        self, network: Network, clock: ManualClock, partner: Partner
    ) -> None:
        peers = directory(network, clock, nanjing=Silent(), hefei=httpx.ASGITransport(partner))
        answers = await peers.get_all("/v1/x", deadline_seconds=0.2)
        await peers.close()
        assert isinstance(answers["hefei"], dict)
        assert isinstance(answers["nanjing"], PeerStatus)

    async def test_a_refusal_is_a_status_and_a_bug_is_raised(
        self, network: Network, clock: ManualClock, partner: Partner
    ) -> None:
        peers = directory(network, clock, hefei=httpx.ASGITransport(partner))

        async def refuse(peer: PeerClient) -> int:
            raise SunbidError("no", code="a.b")

        async def crash(peer: PeerClient) -> int:
            raise KeyError(peer.name)

        assert await peers.ask_all(refuse) == {"hefei": PeerStatus("hefei", ok=False, error="a.b", message="no")}
        with pytest.raises(KeyError):
            await peers.ask_all(crash)
        await peers.close()


class TestDirectory:
    async def test_opens_from_settings(self, network: Network, clock: ManualClock, tmp_path: Path) -> None:
        settings = network.settings("luan", tmp_path)
        peers = PeerDirectory.open(settings, network.cities["luan"].keys.log, clock)
        assert [peer.name for peer in peers] == ["hefei", "nanjing"]
        assert peers.with_id(network.cities["nanjing"].city.id32) is peers.named("nanjing")
        for missing in (lambda: peers.named("luan"), lambda: peers.with_id(bytes(32))):
            with pytest.raises(PeerError) as refused:
                missing()
            assert refused.value.code == "peer.unknown"
        await peers.close()
