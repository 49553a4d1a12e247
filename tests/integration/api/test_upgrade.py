"""A node is upgraded between a deadline and the opening: its bids are opened as if nothing had happened."""

from __future__ import annotations

import pytest

from api.stack.network import Stack
from bidding.box.book import BookState
from ledger.acts import Envelope
from ledger.migrations import MigrationError, require_current, upgrade
from ledger.settings import CitySettings
from tests.fixtures.town import Square, open_square

CITY = "luan"
BEFORE = "0001"
"""The schema that the node has run on until now."""


async def old_schema(url: str) -> None:
    """Bring a database to the schema of the release before."""
    await upgrade(url, BEFORE)


async def nothing_to_clear(*_: object) -> bool:
    """Do as the release before, which did not note which tasks fail."""
    return True


async def amounts(square: Square, city: str) -> list[str]:
    [envelope] = (await square.shown("opening", city))["envelopes"]
    return sorted(bid["prices"][0]["amount"] for bid in envelope["bids"] if bid["status"] == "opened")


async def test_a_node_is_upgraded_between_deadline_and_opening(
    stack: Stack, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The city takes bids on the old schema, is stopped after the deadline, migrates as it starts, and opens them."""
    CitySettings.load(stack.city_folder(CITY)).model_copy(update={"database_url": database_url}).save()
    with monkeypatch.context() as release_before:
        release_before.setattr("api.assembly.upgrade", old_schema)
        release_before.setattr("api.tasks._clear", nothing_to_clear)
        async with open_square(stack) as square:
            for name, price in (("ann", "CNY 100.00"), ("bob", "CNY 99.00")):
                device = await square.device(name)
                status = await device.submit(square.tender, 0, Envelope.PRICE, square.price(price))
                assert status.acknowledged_by == 2
            await square.near_deadline()
            await square.town.advance_to((await square.at()).view.deadline + 1)
            assert (await square.at()).view.state is BookState.ANNOUNCED
            with pytest.raises(MigrationError, match="another schema"):
                await require_current(square.town.cities[CITY].node.database)

            await square.town.stop(CITY)
            release_before.undo()
            await square.town.start(CITY)
            await require_current(square.town.cities[CITY].node.database)
            await square.pass_deadline()

            assert (await square.at()).view.state is BookState.LISTED
            for city in stack.cities:
                assert await amounts(square, city) == ["100.00", "99.00"]
