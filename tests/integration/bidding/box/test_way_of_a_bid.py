"""A bid's way through three real cities and key-holders on a real chain: device, door, box, list, opening."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bidding.box.book import BookState
from bidding.device.errors import DeviceError
from bidding.device.watch import Stage
from bidding.opening.opened import OpenedRecords
from bidding.sealing.device import BidRefusedError
from ledger.acts import Envelope
from ledger.errors import SunbidError
from tests.fixtures.town import Square

PRICE = Envelope.PRICE


async def reasons(square: Square, city: str = "luan") -> list[str]:
    return sorted(slip["reason"] for slip in (await square.shown("explain", city))["slips"])


async def prices(square: Square, city: str) -> list[tuple[str, str]]:
    [envelope] = (await square.shown("opening", city))["envelopes"]
    return sorted((bid["status"], bid["prices"][0]["amount"]) for bid in envelope["bids"])


async def test_bids_replaced_and_withdrawn_become_one_list_in_every_city(square: Square) -> None:
    ann, bob, cai = [await square.device(name) for name in ("ann", "bob", "cai")]
    for device, price in ((ann, "CNY 100.00"), (bob, "CNY 101.00"), (cai, "CNY 102.00")):
        status = await device.submit(square.tender, 0, PRICE, square.price(price))
        assert (status.stage, status.acknowledged_by) == (Stage.ACKNOWLEDGED, 2)
    assert (await ann.replace(square.tender, 0, PRICE, square.price("CNY 99.00"))).sequence == 2
    assert (await cai.withdraw(square.tender, 0, PRICE)).kind == "withdrawal"

    await square.near_deadline()
    seen = [status for device in (ann, bob, cai) for status in await device.watch(square.tender)]
    assert [status.stage for status in seen] == [Stage.IN_TIME] * 5
    assert seen[0].sentence == "sealed, attested by hefei, nanjing, in time"
    with pytest.raises(SunbidError, match="box is shut"):
        await square.shown("list")

    await square.pass_deadline()

    assert (await square.at()).view.state is BookState.LISTED
    for city in square.town.stack.cities:
        assert await reasons(square, city) == ["listed", "listed", "outdone", "outdone", "withdrawal"]
        assert await prices(square, city) == [("opened", "101.00"), ("opened", "99.00")]
    roots = {(await square.shown("list", city))["root"] for city in square.town.stack.cities}
    assert roots == {"0x" + (await square.at()).view.list_root.hex()}
    opening = await square.shown("opening")
    assert len({record["holder"] for record in opening["lists"]}) >= 2
    assert opening["faults"] == []
    assert {tuple(bid["sharesOf"]) for bid in opening["envelopes"][0]["bids"]} == {(1, 2, 3)}

    node = square.town.cities["luan"].node
    async with node.database.reading() as session:
        bids = await OpenedRecords().price_bids(session, square.tender, 0)
    assert {bid.prices[0].amount for bid in bids} == {Decimal("99.00"), Decimal("101.00")}


async def test_what_bidders_open_holders_need_not(square: Square) -> None:
    ann = await square.device("ann")
    await ann.submit(square.tender, 0, PRICE, square.price("CNY 100.00"))
    with pytest.raises(DeviceError) as early:
        await ann.open(square.tender)
    assert early.value.code == "device.not_opening"
    await square.near_deadline()
    silent = [square.town.cities[name].holder for name in ("luan", "hefei", "nanjing")]
    await square.pass_deadline()
    assert all(not holder.refusals for holder in silent)
    assert await ann.open(square.tender) == 1
    for city in square.town.stack.cities:
        opening = await square.shown("opening", city)
        assert len(opening["bidderOpenings"]) == 1
        assert opening["envelopes"][0]["bids"][0]["openedByBidder"]


async def test_a_device_refuses_what_comes_too_late(square: Square) -> None:
    ann = await square.device("ann")
    await square.town.advance_to((await square.at()).view.deadline + 1)
    with pytest.raises(BidRefusedError) as refused:
        await ann.submit(square.tender, 0, PRICE, square.price("CNY 100.00"))
    assert refused.value.code == "bid.late"
    assert ann.journal(square.tender).sent() == []


async def test_a_city_that_is_down_costs_nobody_the_bid(square: Square) -> None:
    ann = await square.device("ann")
    await square.town.stop("hefei")
    status = await ann.submit(square.tender, 0, PRICE, square.price("CNY 100.00"))
    assert status.acknowledged_by == 2
    await square.near_deadline()
    assert [one.sentence for one in await ann.watch(square.tender)] == ["sealed, attested by nanjing, in time"]

    await square.pass_deadline()

    assert (await square.at()).view.state is BookState.LISTED
    assert await prices(square, "luan") == [("opened", "100.00")]
    await square.town.start("hefei")
    await square.town.settle()
    assert await prices(square, "hefei") == [("opened", "100.00")]


async def test_a_slip_that_was_not_merged_is_admitted(square: Square) -> None:
    ann = await square.device("ann")
    await square.near_deadline()
    await square.town.advance_to((await square.at()).view.deadline - 5)
    await ann.submit(square.tender, 0, PRICE, square.price("CNY 100.00"))
    deadline = (await square.at()).view.deadline
    node = square.town.cities["luan"].node
    await square.town.advance_to(deadline + 1)
    await node.clock.refresh()
    for name in ("luan", "hefei"):  # only the closing and its transaction: the log stands still
        await square.town.cities[name].node.bidding.closer.run()
        await square.town.cities[name].node.base.sender.run()
    assert (await square.at()).view.state is BookState.CLOSING

    assert await ann.admit(square.tender)
    assert (await square.at()).view.admitted_count == 1
    assert not await ann.admit(square.tender)
    await square.pass_deadline()

    assert await reasons(square) == ["listed"]
    assert (await square.shown("list"))["entries"][0]["origin"] == 2**32 - 1
    assert await prices(square, "luan") == [("opened", "100.00")]
