"""`sunbid tender suspend` and its like, on a tender whose last act was taken and is not shown yet."""

from __future__ import annotations

import pytest

from api.cli.connect import Signatory
from api.cli.tender import take_flag
from api.client import CityRefusalError
from ledger.acts import TenderResumption, TenderSuspension
from tests.fixtures.town import Square

pytestmark = pytest.mark.usefixtures("brief_streams")

REASON = b"A complaint about the requirements is examined."


@pytest.fixture
def supervisor(square: Square) -> Signatory:
    party = square.conduct.parties.supervisor
    return Signatory(party.key, party.chain)


async def _send(square: Square) -> None:
    """Have the city send what it took, and look at nothing that comes of it."""
    await square.town.cities["luan"].node.base.sender.run()


async def test_the_step_is_read_again_when_the_act_before_is_not_shown_yet(
    square: Square, supervisor: Signatory
) -> None:
    domains = square.conduct.domains
    async with square.town.api("luan") as city:
        await supervisor.sign_in(city)
        await take_flag(city, domains, supervisor, TenderSuspension, square.tender, REASON)
        await _send(square)
        assert (await city.get(square.conduct.path))["supervisorSteps"] == 0
        await take_flag(city, domains, supervisor, TenderResumption, square.tender, REASON)
        await _send(square)
        await square.town.settle()
        shown = await city.get(square.conduct.path)
    assert (shown["state"], shown["supervisorSteps"]) == ("ANNOUNCED", 2)


async def test_any_other_refusal_is_told(square: Square, supervisor: Signatory) -> None:
    async with square.town.api("luan") as city:
        await supervisor.sign_in(city)
        with pytest.raises(CityRefusalError) as refused:
            await take_flag(city, square.conduct.domains, supervisor, TenderResumption, square.tender, REASON)
    assert refused.value.code not in {"tender.step", "city.refused"}
