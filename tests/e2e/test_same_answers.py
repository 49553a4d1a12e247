"""The same slip or stream handed in again gets the same answer, to the byte, also from a city that was away between."""

from __future__ import annotations

import httpx

from bidding.box.wire import SLIP_ORIGIN, STREAM_HEAD, STREAM_LENGTH
from bidding.device.cities import DeviceCity
from bidding.sealing.device import SealedBid
from ledger.acts import Role
from ledger.json_fields import to_hex
from tests.fixtures.slips import Forger
from tests.fixtures.town import Square

OCTETS = {"Content-Type": "application/octet-stream"}


async def post_stream(city: DeviceCity, sealed: SealedBid) -> httpx.Response:
    head, length = sealed.header.head, sealed.header.shape.length
    headers = {STREAM_HEAD: to_hex(head), STREAM_LENGTH: str(length), **OCTETS}
    return await city.account.http.post("/v1/streams", content=sealed.stream, headers=headers)


async def post_slip(city: DeviceCity, origin: bytes, slip: bytes) -> httpx.Response:
    return await city.account.http.post("/v1/slips", content=slip, headers={SLIP_ORIGIN: to_hex(origin), **OCTETS})


async def test_the_same_again_gets_the_same_answer_before_and_after_a_restart(square: Square) -> None:
    forger = await Forger.of(square)
    carrier, stranger = await forger.carrier("ann"), await forger.carrier("somebody else")
    party = square.registrar.party("ann", Role.BIDDER)
    sealed = forger.seal(party.organisation)
    stream = await post_stream(carrier, sealed)
    slip = forger.slip(forger.body(party, sealed.header, await forger.receipts(carrier, sealed)))
    origin = forger.origin(carrier)
    taken = await post_slip(carrier, origin, slip)
    assert (stream.status_code, taken.status_code) == (201, 201)

    async def expect_the_same(city: DeviceCity) -> None:
        assert (await post_stream(city, sealed)).content == stream.content
        assert (await post_slip(city, origin, slip)).content == taken.content

    for city in (carrier, stranger):
        await expect_the_same(city)
    await square.town.stop("luan")
    await square.town.advance_to(await square.town.now() + 61)
    await square.town.start("luan")
    await expect_the_same(carrier)  # a tick was missed, and another time would be signed now
    await square.town.settle()
    await expect_the_same(carrier)  # the slip is in the log by now
    await square.town.stop("hefei")
    await expect_the_same(carrier)  # the partner that signed is down: its answers are kept
