"""A bidder with its device, as `sunbid seal` and `submit` use it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from api.robots.people import Party
from bidding.box.remote import RemoteError
from bidding.device.cities import DeviceCity
from bidding.device.device import Device
from bidding.device.sealer import Signer
from bidding.device.watch import ActStatus
from bidding.tender.documents import price_document
from bidding.tender.money import Money
from ledger.acts import Envelope
from ledger.chain.client import ChainClient
from ledger.chain.evidence.trust import TrustFile
from ledger.clock import Clock
from ledger.keyring import write_private

HttpTo = Callable[[str], httpx.AsyncClient]
"""Makes a new HTTP client to the city of this name; clients share nothing."""


@dataclass(frozen=True)
class Surroundings:
    """What devices of robots stand on: the trust file, ways to the cities, a chain node, the clock.

    A device hands in at the first of `cities` that the tender lists and that answers.
    """

    trust: TrustFile
    cities: tuple[str, ...]
    http: HttpTo
    chain: ChainClient
    clock: Clock

    def at_home_in(self, city: str) -> Surroundings:
        """Return the same with this city before the others."""
        return replace(self, cities=(city, *(other for other in self.cities if other != city)))


@dataclass(frozen=True)
class BidderRobot:
    """A company, or its delegate, with a device of its own."""

    party: Party
    device: Device
    folder: Path

    async def offer(self, tender: bytes, lot: int, prices: tuple[Money, ...]) -> ActStatus:
        """Seal and submit a price."""
        document = price_document(tender, lot, prices, bidder=self.party.called)
        return await self.submit(tender, lot, Envelope.PRICE, document)

    async def submit(self, tender: bytes, lot: int, envelope: Envelope, document: bytes) -> ActStatus:
        """Seal and submit a document for an envelope; a later one replaces an earlier one."""
        path = self.folder / f"{lot}-{envelope.text}.json"
        write_private(path, document)
        return await self.device.submit(tender, lot, envelope, path)

    async def withdraw(self, tender: bytes, lot: int, envelope: Envelope) -> ActStatus:
        """Withdraw what was submitted for an envelope."""
        return await self.device.withdraw(tender, lot, envelope)

    def unproven(self, tender: bytes) -> list[bytes]:
        """Return the slips that were sent and that the device cannot prove to be in a box in time."""
        sent = self.device.journal(tender).sent()
        return [attempt.slip for attempt in sent if attempt.slip and attempt.read_json("in_time.json") is None]

    async def is_in_time(self, tender: bytes) -> bool:
        """Say whether every act that was sent is proven to be in the box in time."""
        return all(status.stage == "in time" for status in await self.device.watch(tender))


@asynccontextmanager
async def open_bidder(party: Party, folder: Path, around: Surroundings) -> AsyncIterator[BidderRobot]:
    """Yield a bidder whose device is signed in at every city that answers."""
    async with AsyncExitStack() as stack:
        cities = [await _enter(stack, around.http, name) for name in around.cities]
        for city in cities:
            with suppress(RemoteError):  # a city that is down is one fewer to hand in at; the others do
                await city.sign_in(party.key, party.chain)
        signer = Signer(party.key, party.chain)
        device = Device(folder / "journal", signer, around.trust, cities, around.clock, around.chain)
        yield BidderRobot(party, device, folder)


async def _enter(stack: AsyncExitStack, http: HttpTo, name: str) -> DeviceCity:
    reading, account = http(name), http(name)
    for client in (reading, account):
        stack.push_async_callback(client.aclose)
    return DeviceCity.of(name, reading, account)


def http_to(urls: Mapping[str, str], transports: Mapping[str, httpx.AsyncBaseTransport] | None = None) -> HttpTo:
    """Return a maker of clients for these base URLs; `transports` replaces the network."""

    def make(name: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=urls[name], timeout=30, transport=(transports or {}).get(name))

    return make
