"""An origin that shows two boxes to two witnesses loses no bid of either, and both publish the evidence."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx

from api.app import create_app
from api.node import CityNode
from api.stack.network import SCHEDULE
from api.stack.town import Wire
from bidding.box.book import BookState
from bidding.box.remote import CityClient
from bidding.device.cities import DeviceCity
from bidding.device.device import Device
from bidding.device.watch import Stage
from ledger.acts import Envelope
from ledger.city import City
from ledger.json_fields import to_hex
from ledger.settings import CitySettings
from tests.fixtures.town import Square
from witness.log.box_checkpoint import SignedBoxCheckpoint
from witness.log.sealed import run_sealed_ticks

PRICE = Envelope.PRICE
ORIGIN = City("luan", "luan.sunbid.example").sealed_origin_id


@dataclass(frozen=True)
class OtherFace:
    """Lu'an a second time, with the same keys and the same past: who reaches it sees another present."""

    node: CityNode
    wire: Wire


@asynccontextmanager
async def other_face(square: Square) -> AsyncIterator[OtherFace]:
    """Yield Lu'an's second face, which only Nanjing and those on its wire see, and which does not reach Hefei."""
    town, nowhere, wire = square.town, Wire(), Wire()
    await town.stop("luan")
    folder = square.folder / "other-face"
    shutil.copytree(town.stack.city_folder("luan"), folder)
    await town.start("luan", detours={"nanjing": nowhere})
    settings = CitySettings.load(town.stack.city_folder("luan")).model_copy(update={"data_dir": folder})
    node = await CityNode.open(settings, {"hefei": nowhere, "nanjing": town.wires["nanjing"]})
    wire.app = httpx.ASGITransport(create_app(node))
    await town.stop("nanjing")
    await town.start("nanjing", detours={"luan": wire})
    try:
        yield OtherFace(node, wire)
    finally:
        wire.app = None
        await node.close()


async def device_at(square: Square, name: str, face: OtherFace) -> Device:
    """Return the device of a bidder for whom Lu'an is its other face."""
    device = await square.device(name)
    clients = [
        await square.resources.enter_async_context(
            httpx.AsyncClient(transport=face.wire, base_url=square.town.stack.cities["luan"])
        )
        for _ in range(2)
    ]
    other = DeviceCity(CityClient("luan", clients[0]), CityClient("luan", clients[1]))
    await other.sign_in(device.signer.key, device.signer.papers)
    cities = [other if city.name == "luan" else city for city in device.cities]
    square.devices[name] = replace(device, cities=cities)
    return square.devices[name]


async def expect_evidence(square: Square, city: str, face: OtherFace) -> None:
    """Check that a city publishes two checkpoints of one size by Lu'an's own key that contradict each other."""
    async with square.town.api(city) as api:
        page: Any = await api.get(f"/box/{to_hex(ORIGIN)}")
    [found] = page["equivocations"]
    first, second = (SignedBoxCheckpoint.from_json(found[name]) for name in ("first", "second"))
    assert first.contradicts(second)
    registry = face.node.logs.registry
    assert first.signer(registry) == second.signer(registry) == face.node.base.keys.receiving.address


async def test_a_forked_origin_loses_no_bid_of_either_line(square: Square) -> None:
    town = square.town
    async with other_face(square) as face:
        ann, bob = await square.device("ann"), await device_at(square, "bob", face)
        for device, price in ((ann, "CNY 100.00"), (bob, "CNY 101.00")):
            status = await device.submit(square.tender, 0, PRICE, square.price(price))
            assert status.acknowledged_by == 2
        await town.advance_to(await town.now() + SCHEDULE.fast_seconds)
        assert await run_sealed_ticks(face.node.logs)
        await town.settle()
        watched = [one for device in (ann, bob) for one in await device.watch(square.tender)]
        assert [(one.stage, one.attested_by) for one in watched] == [
            (Stage.IN_TIME, ("hefei",)),
            (Stage.IN_TIME, ("nanjing",)),
        ]
        for city in ("hefei", "nanjing"):
            await expect_evidence(square, city, face)

    await town.stop("luan")  # neither face is seen again before the box is closed
    await square.pass_deadline()
    at = await square.at()
    assert at.view.state is BookState.LISTED
    cuts = {cut.city: cut for cut in next(o for o in at.origins if o.origin == ORIGIN).cuts}
    assert len({cut.root for cut in cuts.values()}) == len(cuts) == 2

    listed: Any = await square.shown("list", "hefei")
    bidders = {entry["bidder"]: (entry["origin"], entry["void"]) for entry in listed["entries"]}
    assert bidders == {to_hex(device.signer.bidder): (0, 0) for device in (ann, bob)}
    for city in ("hefei", "nanjing"):
        opening: Any = await square.shown("opening", city)
        assert [bid["status"] for bid in opening["envelopes"][0]["bids"]] == ["opened", "opened"]
