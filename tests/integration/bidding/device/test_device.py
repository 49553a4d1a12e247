"""A device that crashes, is lied to or finds nobody: nothing is lost, nothing false is believed, nothing sent twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import httpx
import orjson
import pytest

from bidding.box.remote import CityClient
from bidding.device.cities import DeviceCity
from bidding.device.device import Device
from bidding.device.errors import DeviceError
from bidding.device.watch import Stage
from ledger.acts import Envelope
from ledger.keys import SigningKey
from tests.fixtures.town import Square

PRICE = Envelope.PRICE
Change = Callable[[httpx.Request, bytes], bytes]


class Meddler(httpx.AsyncBaseTransport):
    """Passes requests on, and changes what comes back."""

    def __init__(self, way: httpx.AsyncBaseTransport, change: Change) -> None:
        self._way, self._change = way, change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._way.handle_async_request(request)
        body = self._change(request, await response.aread())
        return httpx.Response(response.status_code, headers={"content-type": "application/json"}, content=body)


def meddled(square: Square, device: Device, name: str, change: Change) -> Device:
    """Return the device with one city's answers changed on the way."""
    cities = []
    for city in device.cities:
        if city.name == name:
            clients = []
            for client in (city.reading, city.account):
                way = Meddler(square.town.wires[name], change)
                http = httpx.AsyncClient(transport=way, base_url=client.http.base_url, headers=client.http.headers)
                clients.append(CityClient(name, http))
            city = DeviceCity(*clients)  # noqa: PLW2901 - the same city behind another way
        cities.append(city)
    return replace(device, cities=cities)


def false_signatures(path: str) -> Change:
    """Return a change that puts another key's signature into every answer under `path`."""
    stranger = "0x" + SigningKey.generate().sign(bytes(32)).hex()

    def change(request: httpx.Request, body: bytes) -> bytes:
        if request.url.path != path:
            return body
        value = orjson.loads(body)
        for item in value.get("receipts", []) + value.get("acknowledgements", []):
            item["signature"] = stranger
        return orjson.dumps(value)

    return change


async def test_what_was_sealed_before_a_crash_is_handed_in_after_it(square: Square) -> None:
    device = await square.device("ann")
    sealed = await device.seal(square.tender, 0, PRICE, square.price("CNY 100.00"))
    header, stream = sealed.header, sealed.stream.read_bytes()

    reborn = replace(device)
    [status] = await reborn.resume(square.tender)

    assert status.stage is Stage.ACKNOWLEDGED
    [attempt] = reborn.journal(square.tender).sent()
    assert (attempt.header, attempt.stream.read_bytes()) == (header, stream)
    assert await reborn.resume(square.tender) == ()


async def test_a_lost_answer_is_asked_for_again_with_the_same_bytes(square: Square) -> None:
    device = await square.device("ann")

    def lose(request: httpx.Request, body: bytes) -> bytes:
        if request.url.path == "/v1/slips":
            raise httpx.ReadError("the line broke", request=request)
        return body

    lossy = device
    for name in ("luan", "hefei", "nanjing"):
        lossy = meddled(square, lossy, name, lose)
    with pytest.raises(DeviceError) as refused:
        await lossy.submit(square.tender, 0, PRICE, square.price("CNY 100.00"))
    assert refused.value.code == "device.not_taken"
    [attempt] = device.journal(square.tender).sent()
    slip = attempt.slip

    [status] = await device.resume(square.tender)

    assert status.acknowledged_by == 2
    assert attempt.slip == slip
    await square.pass_deadline()
    explained = (await square.shown("explain"))["slips"]
    assert [one["reason"] for one in explained] == ["listed"]


async def test_false_receipts_are_not_believed_and_the_next_city_is_asked(square: Square) -> None:
    device = meddled(square, await square.device("ann"), "luan", false_signatures("/v1/streams"))
    status = await device.submit(square.tender, 0, PRICE, square.price("CNY 100.00"))
    assert status.stage is Stage.ACKNOWLEDGED
    [attempt] = device.journal(square.tender).sent()
    stands = {city.node.base.city.id32.hex() for name, city in square.town.cities.items() if name != "luan"}
    assert len(attempt.read_json("receipts.json")) == 2
    assert stands & attempt.read_json("receipts.json").keys()


async def test_without_true_receipts_nothing_is_sent(square: Square) -> None:
    device = await square.device("ann")
    for name in ("luan", "hefei", "nanjing"):
        device = meddled(square, device, name, false_signatures("/v1/streams"))
    with pytest.raises(DeviceError) as refused:
        await device.submit(square.tender, 0, PRICE, square.price("CNY 100.00"))
    assert refused.value.code == "device.receipts"
    assert device.journal(square.tender).sent() == []


async def test_a_false_acknowledgement_sends_the_slip_elsewhere(square: Square) -> None:
    device = meddled(square, await square.device("ann"), "luan", false_signatures("/v1/slips"))
    await device.submit(square.tender, 0, PRICE, square.price("CNY 100.00"))
    [attempt] = device.journal(square.tender).sent()
    hefei = square.town.cities["hefei"].node.base.city
    [first, *_] = sorted(attempt.read_json("acknowledgements.json"), key=lambda a: a["city"] != "0x" + hefei.id32.hex())
    assert first["act"]["origin"] == "0x" + hefei.sealed_origin_id.hex()


async def test_nothing_can_be_replaced_or_withdrawn_that_was_not_submitted(square: Square) -> None:
    device = await square.device("ann")
    with pytest.raises(DeviceError) as refused:
        await device.withdraw(square.tender, 0, PRICE)
    assert refused.value.code == "device.nothing_submitted"
    with pytest.raises(DeviceError):
        await device.replace(square.tender, 0, PRICE, square.price("CNY 100.00"))
    assert list(device.journal(square.tender).attempts()) == []
