"""A whole network in one process: three cities and their key-holders, wired by HTTP without sockets.

For tests and for finding out what happens: everything is the real thing, only the processes are one. A city can be
cut off and come back, on the data that it left.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx

from api.app import create_app
from api.client import CityApi
from api.node import CityNode
from api.robots.pulse import Condition, StuckError
from api.stack.network import Stack
from api.tasks import all_tasks
from bidding.keyholder.daemon import KeyHolder, open_holder
from ledger.chain.devnet import Devnet
from ledger.settings import CitySettings
from ledger.worker import Worker

ROUNDS = 60


class Wire(httpx.AsyncBaseTransport):
    """The way to one city; silent while the city is down."""

    def __init__(self) -> None:
        self.app: httpx.AsyncBaseTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Hand the request to the city's application."""
        if self.app is None:
            raise httpx.ConnectError("nobody answers", request=request)
        return await self.app.handle_async_request(request)


class Switchboard(httpx.AsyncBaseTransport):
    """The ways to all cities, by host and port."""

    def __init__(self, ways: Mapping[str, Wire]) -> None:
        self._ways = {httpx.URL(url).netloc: wire for url, wire in ways.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Hand the request to the city that its URL names."""
        return await self._ways[request.url.netloc].handle_async_request(request)


@dataclass
class TownCity:
    """One city that is up: its node with its tasks, and the key-holder beside it."""

    node: CityNode
    worker: Worker[CityNode]
    holder: KeyHolder
    resources: AsyncExitStack


@dataclass
class Town:
    """The network; cities by name, those that are down are missing."""

    stack: Stack
    devnet: Devnet
    wires: dict[str, Wire]
    cities: dict[str, TownCity] = field(default_factory=dict)

    async def start(self, name: str, detours: Mapping[str, Wire] | None = None) -> None:
        """Bring a city and its key-holder up, on the data in their folders; `detours` lead the city astray."""
        ways = {**self.wires, **(detours or {})}
        others = {other: wire for other, wire in ways.items() if other != name}
        node = await CityNode.open(CitySettings.load(self.stack.city_folder(name)), others)
        resources = AsyncExitStack()
        resources.push_async_callback(node.close)
        switchboard = Switchboard({self.stack.cities[city]: wire for city, wire in self.wires.items()})
        holder = await resources.enter_async_context(open_holder(self.stack.holder_folder(name), switchboard))
        self.wires[name].app = httpx.ASGITransport(create_app(node), raise_app_exceptions=True)
        self.cities[name] = TownCity(node, Worker(all_tasks(0.01), node), holder, resources)

    async def stop(self, name: str) -> None:
        """Take a city and its key-holder away."""
        self.wires[name].app = None
        await self.cities.pop(name).resources.aclose()

    @asynccontextmanager
    async def api(self, name: str) -> AsyncIterator[CityApi]:
        """Yield a client of a city."""
        async with httpx.AsyncClient(transport=self.wires[name], base_url=self.stack.cities[name]) as http:
            yield CityApi(http)

    # --- the pulse of this town ---------------------------------------------------------------------------------

    async def now(self) -> int:
        """Return the chain's time."""
        return await self.devnet.now()

    async def advance_to(self, moment: int) -> None:
        """Drive the chain's clock forward."""
        await self.devnet.advance_to(moment)

    async def round(self) -> bool:
        """Let every city and every holder do once what is due; return whether anything moved."""
        moved = False
        for city in list(self.cities.values()):
            for task in city.worker.tasks:
                moved |= await task.run(city.node)
            moved |= await city.holder.step()
        return moved

    async def settle(self) -> None:
        """Let everybody work until nothing moves."""
        for _ in range(ROUNDS):
            if not await self.round():
                return
        raise StuckError("the town never comes to rest")

    async def until(self, holds: Condition, what: str) -> None:
        """Let everybody work until `holds`; a town at rest in which it does not hold is stuck."""
        for _ in range(ROUNDS):
            if await holds():
                return
            if not await self.round() and not await holds():
                raise StuckError(f"{what} did not happen, and nothing moves any more", what=what)
        raise StuckError(f"{what} did not happen in {ROUNDS} rounds", what=what)


@asynccontextmanager
async def open_town(stack: Stack) -> AsyncIterator[Town]:
    """Yield a town on a founded network, all cities up."""
    devnet = Devnet(stack.rpc_url, stack.deployment.chain_id)
    town = Town(stack, devnet, {name: Wire() for name in stack.cities})
    try:
        for name in stack.cities:
            await town.start(name)
        yield town
    finally:
        for name in list(town.cities):
            await town.stop(name)
        await devnet.close()
