"""Devices that are asked to send what must not count; each name says what is wrong."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from api.robots.people import Party
from bidding.box.remote import CityClient
from bidding.device.cities import DeviceCity
from bidding.device.device import Device
from bidding.device.errors import DeviceError
from bidding.device.journal import Attempt
from bidding.device.sealer import Signer
from bidding.sealing.device import BidRefusedError
from bidding.sealing.header import Header
from bidding.tender.documents import BidDocument
from ledger.acts import Envelope, StreamReceipt, digest
from ledger.chain.evidence.trust import TrustFile
from ledger.identity import city_id
from ledger.keys import SigningKey
from tests.e2e.wrong_slips import party_for, revoke
from tests.fixtures.slips import Forger, HighS

PRICE = Envelope.PRICE


class Unplugged(httpx.AsyncBaseTransport):
    """A door that nobody reaches, and a note of what was carried there."""

    def __init__(self, carried: list[str]) -> None:
        self.carried = carried

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Note the request and fail."""
        self.carried.append(request.url.path)
        raise httpx.ConnectError("unplugged", request=request)


Tamper = Callable[[Attempt], None]


@dataclass
class WrongDevices:
    """Devices that can look at the tender but reach no door: what they would send is on their disk, and is changed.

    `refused` has the code of each refusal by name, `carried` the paths of all that was brought to the door.
    """

    forger: Forger
    resources: AsyncExitStack
    refused: dict[str, str] = field(default_factory=dict)
    carried: list[str] = field(default_factory=list)
    _late: Device | None = None

    async def refuse(self, names: Sequence[str]) -> None:
        """Ask a device for each wrong act."""
        for name in names:
            self.refused[name] = await self._refusal(name)

    async def prepare_late(self) -> None:
        """Seal a bid before the deadline that is not handed in."""
        self._late = self._device("late", party_for(self.forger, "late"))
        await self._seal(self._late)

    async def refuse_late(self) -> None:
        """Ask the device to go on with that bid after the deadline."""
        assert self._late is not None
        self.refused["late"] = await code_of(self._late.resume(self.forger.square.tender))

    async def _refusal(self, name: str) -> str:
        forger, tender = self.forger, self.forger.square.tender
        party = party_for(forger, name)
        match name:
            case "signed by another's key":
                party = replace(party, key=SigningKey.generate())
            case "with a signature that is not canonical":
                party = replace(party, key=HighS(party.key.secret))
            case "by a revoked key":
                await revoke(forger, party)
        device = self._device(name, party)
        if name in {"for another lot", "for another envelope"}:
            place = (7, PRICE) if name == "for another lot" else (0, Envelope.TECHNICAL)
            return await code_of(device.submit(tender, *place, self._document(*place)))
        tamper = self._tampers(name, party)
        if tamper is None:
            return await code_of(device.submit(tender, 0, PRICE, forger.square.price("CNY 5.00")))
        if name == "with a sequence used before":
            await (await forger.square.device(name, party)).submit(tender, 0, PRICE, forger.square.price("CNY 4.00"))
        tamper(await self._seal(device))
        return await code_of(device.resume(tender))

    def _document(self, lot: int, envelope: Envelope) -> Path:
        """Return a document that is right for this place; the place itself is wrong."""
        path = self.forger.square.folder / f"{lot}-{envelope.text}.json"
        path.write_bytes(BidDocument(envelope, self.forger.square.tender, lot).to_bytes())
        return path

    def _device(self, name: str, party: Party) -> Device:
        """Return a device with the folder that the device of this name has in the square."""
        town = self.forger.square.town
        cities = []
        for city, url in town.stack.cities.items():
            reading = httpx.AsyncClient(transport=town.wires[city], base_url=url)
            account = httpx.AsyncClient(transport=Unplugged(self.carried), base_url=url)
            for client in (reading, account):
                self.resources.push_async_callback(client.aclose)
            cities.append(DeviceCity(CityClient(city, reading), CityClient(city, account)))
        trust = TrustFile.from_bytes(town.stack.trust_path.read_bytes())
        node, folder = town.cities["luan"].node, self.forger.square.folder / "devices" / name
        return Device(folder, Signer(party.key, party.chain), trust, cities, node.clock, node.chain)

    async def _seal(self, device: Device) -> Attempt:
        """Have the device seal a bid, which it cannot hand in, and return it."""
        with pytest.raises(DeviceError) as unreachable:
            await device.submit(self.forger.square.tender, 0, PRICE, self.forger.square.price("CNY 5.00"))
        assert unreachable.value.code == "device.receipts"
        return list(device.journal(self.forger.square.tender).attempts())[-1]

    def _tampers(self, name: str, party: Party) -> Tamper | None:
        """Return what makes an attempt on disk the wrong act of this name, None if it is wrong already."""
        forger, facts = self.forger, self.forger.facts
        match name:
            case "copied under another label":
                victim = forger.seal(secrets.token_bytes(32)).header
                return header(replace(victim, label=forger.label(party.organisation, facts).encode()))
            case "copied with its label":
                return header(forger.seal(secrets.token_bytes(32)).header)
            case "sealed to another key set":
                return header(forger.seal(party.organisation, forger.under_another_key_set()).header)
            case "signed for another tender":
                return header(forger.seal(party.organisation, forger.of_another_tender()).header)
            case "for a notice of nobody":
                return planned("notice", secrets.token_hex(32))
            case "for a superseded notice":
                return planned("notice", facts.notices[0].notice.hex())
            case "without receipts":
                return self._false_receipts
            case "with a sequence used before":
                return planned("sequence", 1)
            case _:
                return None

    def _false_receipts(self, attempt: Attempt) -> None:
        """Put receipts into the journal that no city signed."""
        sealed = Header.decode(attempt.header or b"")
        signed = digest(StreamReceipt(sealed.head, sealed.shape.length), self.forger.facts.registry_domain)
        cities = [city_id(name) for name in self.forger.square.town.stack.cities]
        attempt.write_json("receipts.json", {c.hex(): SigningKey.generate().sign(signed).hex() for c in cities})


def header(other: Header) -> Tamper:
    """Return what puts another header into an attempt."""

    def tamper(attempt: Attempt) -> None:
        (attempt.folder / "header").write_bytes(other.encode())

    return tamper


def planned(member: str, value: str | int) -> Tamper:
    """Return what changes one member of an attempt's `act.json`."""

    def tamper(attempt: Attempt) -> None:
        path = attempt.folder / "act.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), member: value}))

    return tamper


async def code_of(act: Awaitable[object]) -> str:
    """Return the code with which a device refuses an act."""
    with pytest.raises(BidRefusedError) as refused:
        await act
    assert refused.value.message
    return refused.value.code
