"""A whole tender in real time, on every network: every contract and every reader of the chain is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidding.box.book import BookState
from tests.chains.living import SAMPLE, announced, ground_of, hand_in, open_living
from tests.chains.nets import EXTERNAL, Net
from tests.fixtures.verdicts import verdict_on

pytestmark = pytest.mark.cluster

NOTICE_PERIOD = 60
LONG_NOTICE_PERIOD = 300
"""On somebody else's network, whose validators may be killed in that time: bids go on, the chain may stand still."""


async def test_from_notice_to_verified_award(net: Net, tmp_path: Path) -> None:
    async with open_living(tmp_path, ground_of(net), net.beat) as living:
        run = await announced(living, LONG_NOTICE_PERIOD if net.name == EXTERNAL else NOTICE_PERIOD)
        for number in range(len(SAMPLE.bids)):
            await hand_in(run, number)
        await run.replace_one()
        await run.wait_until_in_time()
        await living.through(run.conduct.tender, BookState.LISTED)
        await run.record_opening()
        winner = await run.award(*await run.evaluate())
        verdict = await verdict_on(living.stage, run.conduct)
    assert winner == SAMPLE.winner
    assert verdict.ok, verdict.failed
