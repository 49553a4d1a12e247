"""Handing in a slip at the real door, with the partner that has to keep it, against a bare endpoint (`bare.py`).

Both ways have two servers, each with a database of its own on the same PostgreSQL, and HTTP over sockets of this
machine: from the device to the city that takes the slip, and from there to the partner. Servers and devices are one
process, so that what is measured is all work of all of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from api.app import create_app
from api.assembly import ContractDomains
from api.node import CityNode
from api.robots.people import Party, Registrar
from api.stack.network import Stack, free_ports
from bidding.box.remote import OCTETS, CityClient
from bidding.box.wire import Acknowledgements
from bidding.device.cities import DeviceCity
from bidding.sealing.slip import padding_slip
from ledger.acts import Role
from ledger.chain.deploy import PRODUCTION_SCHEDULE
from ledger.db import Database
from ledger.keys import SigningKey
from ledger.settings import CitySettings, ClockKind
from scripts.bench.bare import SIGNATURE, BareCity
from scripts.bench.measure import Case, Comparison, Pair, compare_rounds, timed
from scripts.bench.stage import open_database, open_network
from witness.log.box_repository import QueueRepository
from witness.log.models import QueuedSlipRow

ORIGIN, PARTNER = "luan", "hefei"
"""The city that takes the slips, and the one that it asks first."""

DEVICES = 8
"""So many hand in at once: each has an account, a connection, and one slip on its way at a time."""

_PATIENCE = 600
"""Seconds that an idle connection stays open: one way waits while the other is measured."""

_AIM = 2.0

Hand = Callable[[bytes], Callable[[], Awaitable[object]]]
"""Makes a slip ready to be handed in; what it returns hands it in and ends when the slip is acknowledged."""


class SubmissionBench:
    """Rounds of so many slips a device; what waits in the queue is taken out between rounds, as a tick does."""

    def __init__(self, node: CityNode, doors: Sequence[Hand], bare: Sequence[Hand], slips: int) -> None:
        self._node = node
        self._doors = doors
        self._bare = bare
        self._slips = slips

    async def play(self) -> Pair:
        """Hand new slips in at the door, then others at the bare endpoint."""
        await self._merge()
        return Pair(await self._hand_in(self._doors), await self._hand_in(self._bare))

    async def _hand_in(self, hands: Sequence[Hand]) -> float:
        piles = [[hand(padding_slip(secrets.token_bytes)) for _ in range(self._slips)] for hand in hands]

        async def one(pile: Sequence[Callable[[], Awaitable[object]]]) -> None:
            for send in pile:
                await send()

        async def all_at_once() -> None:
            await asyncio.gather(*map(one, piles))

        return await timed(all_at_once)

    async def _merge(self) -> None:
        async with self._node.database.unit_of_work() as session:
            query = select(QueuedSlipRow.place).where(QueuedSlipRow.index.is_(None))
            places = list(await session.scalars(query))
            await QueueRepository(session).merged({place: place for place in places})


async def measure_submission(server_url: str, *, slips: int, rounds: int = 7) -> list[Comparison]:
    """Return how handing in compares with the bare endpoint: many devices at once, and one alone."""
    async with AsyncExitStack() as resources:
        node, doors = await resources.enter_async_context(_open_doors(server_url))
        bare = await resources.enter_async_context(_open_bare(server_url))
        found = []
        for name, many in (("submission", DEVICES), ("submission.alone", 1)):
            what = f"{slips} slips by each of {many}: POST to a city with its cosigning partner, HTTP over sockets"
            case = Case(
                name, what, "an endpoint that checks one signature, writes the same rows, forwards, commits", _AIM
            )
            bench = SubmissionBench(node, doors[:many], bare[:many], slips)
            found.append(await compare_rounds(case, bench.play, rounds))
        return found


@asynccontextmanager
async def _open_doors(server_url: str) -> AsyncIterator[tuple[CityNode, list[Hand]]]:
    """Yield the city that takes slips and the hands of signed-in bidders, each with a connection of its own."""
    async with AsyncExitStack() as resources:
        folder = Path(resources.enter_context(TemporaryDirectory(prefix="sunbid-bench-")))
        cities = (ORIGIN, PARTNER)
        databases = {name: await resources.enter_async_context(open_database(server_url)) for name in cities}
        network = open_network(
            folder, databases, ClockKind.SYSTEM, boxes=1, schedule=PRODUCTION_SCHEDULE, ports=free_ports
        )
        stack = await resources.enter_async_context(network)
        nodes = {name: await CityNode.open(CitySettings.load(stack.city_folder(name))) for name in cities}
        for name in cities:
            await resources.enter_async_context(_serving(create_app(nodes[name]), nodes[name].settings.port))
        registrar = await _registrar(nodes[ORIGIN])
        hands = [await _device(resources, stack, registrar.party(f"bidder {n}", Role.BIDDER)) for n in range(DEVICES)]
        yield nodes[ORIGIN], hands


async def _registrar(node: CityNode) -> Registrar:
    return Registrar(node.base.keys.issuer, await ContractDomains.load(node.chain), int(time.time()) - 60)


async def _device(resources: AsyncExitStack, stack: Stack, party: Party) -> Hand:
    reading, account = [httpx.AsyncClient(base_url=stack.cities[ORIGIN], timeout=60) for _ in range(2)]
    for client in (reading, account):
        resources.push_async_callback(client.aclose)
    city = DeviceCity.of(ORIGIN, reading, account)
    await city.sign_in(party.key, party.chain)
    origin = CitySettings.load(stack.city_folder(ORIGIN)).this_city.sealed_origin_id
    return lambda slip: lambda: _hand_in(city.account, origin, slip)


async def _hand_in(city: CityClient, origin: bytes, slip: bytes) -> None:
    found = await city.upload_slip(origin, slip)
    if len(found.by) != 2:
        raise ValueError(f"{len(found.by)} cities acknowledged the slip, not 2")


@asynccontextmanager
async def _open_bare(server_url: str) -> AsyncIterator[list[Hand]]:
    """Yield hands at the bare endpoint with its equal behind it."""
    ports = free_ports((ORIGIN, PARTNER))
    async with AsyncExitStack() as resources:
        forward = await resources.enter_async_context(_client(ports[PARTNER]))
        for name, partner in ((PARTNER, None), (ORIGIN, forward)):
            url = await resources.enter_async_context(open_database(server_url))
            database = Database(url)
            await database.create_all()
            await database.close()
            engine = create_async_engine(url)
            resources.push_async_callback(engine.dispose)
            await resources.enter_async_context(_serving(BareCity(engine, partner).app, ports[name]))
        hands = []
        for _ in range(DEVICES):
            city = CityClient("bare", await resources.enter_async_context(_client(ports[ORIGIN])))
            hands.append(_bare_hand(city, SigningKey.generate()))
        yield hands


def _bare_hand(city: CityClient, key: SigningKey) -> Hand:
    def ready(slip: bytes) -> Callable[[], Awaitable[object]]:
        headers = {"Content-Type": OCTETS, SIGNATURE: key.sign(hashlib.sha256(slip).digest()).hex()}
        return lambda: _hand_in_bare(city, headers, slip)

    return ready


async def _hand_in_bare(city: CityClient, headers: dict[str, str], slip: bytes) -> None:
    answer = await city.http.post("/slips", content=slip, headers=headers)
    if len(Acknowledgements.from_json(answer.raise_for_status().json()).by) != 2:
        raise ValueError("the bare endpoint does not answer as the door does")


def _client(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60)


class _Server(uvicorn.Server):
    """One of several in a process: signals are the process's own business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _serving(app: FastAPI, port: int) -> AsyncIterator[None]:
    """Serve as `sunbid serve` does."""
    config = uvicorn.Config(
        app, port=port, log_level="warning", access_log=False, server_header=False, timeout_keep_alive=_PATIENCE
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        if running.done():
            await running
    try:
        yield
    finally:
        server.should_exit = True
        await running
