"""A development chain takes back its last blocks: what cities had anchored there is anchored again, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from api.stack.network import CITIES, Ground, found_on
from api.stack.town import Town
from bidding.box.book import BookState
from ledger.acts import Envelope
from ledger.chain.client import ChainClient, Finality
from ledger.chain.devnet import CHAIN_ID, AnvilProcess, Devnet
from tests.chains.balance import expect_events_once, expect_transactions_once
from tests.chains.living import in_background
from tests.fixtures.town import START, Square, open_square

_BETWEEN_BLOCKS = 0.05
"""Seconds."""

Loss = Callable[[Square], Awaitable[None]]


@pytest.fixture(params=["bft", "depth:3"])
async def square(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Square]:
    """A town with a tender, on a chain where blocks count at once, or three blocks later."""
    anvil = AnvilProcess(folder=None, port=0, chain_id=CHAIN_ID, timestamp=START)
    ground = Ground(CHAIN_ID, dict.fromkeys(CITIES, (anvil.url,)), Finality.parse(request.param))
    try:
        ports = {name: 9001 + number for number, name in enumerate(CITIES)}
        async with in_background(_blocks_for_ever(anvil.url)):
            stack = await found_on(tmp_path, ground, ports, boxes=1)
        async with open_square(stack) as opened:
            yield opened
    finally:
        anvil.stop()


async def _blocks_for_ever(url: str) -> None:
    """Have blocks made on top of what is founded: anvil makes none of its own."""
    devnet = Devnet(url)
    try:
        while True:
            await devnet.mine()
            await asyncio.sleep(_BETWEEN_BLOCKS)
    finally:
        await devnet.close()


async def settle(town: Town) -> None:
    """Let everybody work until nothing moves and everything sent lies deep enough."""
    await town.settle()
    await town.devnet.mine(4)
    await town.settle()
    await town.devnet.mine(4)
    await town.settle()


def chain_of(square: Square) -> ChainClient:
    """Return the node of Lu'an."""
    return square.town.cities["luan"].node.chain


async def anchors(square: Square) -> dict[bytes, tuple[int, bytes]]:
    """Return the last anchor of every log: size and root by origin."""
    own = [city.node.base.city for city in square.town.cities.values()]
    origins = [origin for city in own for origin in (city.public_origin_id, city.sealed_origin_id)]
    return {origin: tuple(await chain_of(square).call("AnchorRegistry", "last", origin)) for origin in origins}


async def reorganise(square: Square) -> None:
    """Replace the blocks from the last anchor on by empty ones."""
    chain = chain_of(square)
    head = (await chain.block()).number
    last = (await chain.logs(["AnchorRegistry"], 0, head, events=["Anchored"]))[-1].block
    depth = head - last + 1
    assert not chain.finality.depth or depth <= chain.finality.depth, "deeper than what counts"
    await square.town.devnet.reorg(depth)


@pytest.mark.xdist_group("reorganisation")
async def test_anchors_come_back_after_a_reorganisation(square: Square) -> None:
    await submitted(square)
    await square.town.advance_to(await square.town.now() + 60)
    await square.town.settle()
    before = await anchors(square)
    await reorganise(square)
    assert await anchors(square) != before
    await expect_all_again(square, before)


@pytest.mark.xdist_group("older state")
async def test_anchors_come_back_after_the_chain_lost_its_end(square: Square) -> None:
    await submitted(square)
    mark = await square.town.devnet.snapshot()
    await square.town.advance_to(await square.town.now() + 60)
    await square.town.settle()
    before, now = await anchors(square), await square.town.now()
    await square.town.devnet.revert(mark)
    assert await anchors(square) != before
    await square.town.advance_to(now + 1)  # a chain is restored from an older state later, not earlier
    await expect_all_again(square, before)


async def submitted(square: Square) -> None:
    """Have a bidder hand in, once every city can prove the tender."""
    await settle(square.town)
    device = await square.device("ann")
    status = await device.submit(square.tender, 0, Envelope.PRICE, square.price("CNY 12.50"))
    assert status.acknowledged_by >= 2
    await settle(square.town)


async def expect_all_again(square: Square, before: dict[bytes, tuple[int, bytes]]) -> None:
    """Let the cities go on, to the list, and hold their books against the chain."""
    await settle(square.town)
    now = await anchors(square)
    for origin, (size, root) in before.items():
        assert now[origin][0] >= size
        assert now[origin][0] > size or now[origin][1] == root
    for _ in range(2):  # windows of seconds, blocks that count later
        await square.pass_deadline()
        await settle(square.town)
    view = (await square.at()).view
    assert (view.state, view.list_count) == (BookState.LISTED, 1)
    for city in square.town.cities.values():
        await expect_transactions_once(city)
        await expect_events_once(city)
