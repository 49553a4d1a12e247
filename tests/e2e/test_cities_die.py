"""Cities and key-holders are killed in mid-tender: the award is reached and verifies, no acknowledged bid is lost."""

from __future__ import annotations

import hashlib
from pathlib import Path

import orjson
import pytest

from api.robots.bidder import BidderRobot
from api.robots.record import LOT, NOTICE_PERIOD
from api.robots.run import FAST_WINDOW
from api.robots.sample import SampleRun
from api.robots.stage import Stage
from api.robots.tenderer import announce
from bidding.box.book import BookState
from bidding.sealing.box import ADMITTED
from bidding.tender import rules
from bidding.tender.notice import notice_for
from bidding.tender.samples import Sample, load_sample
from ledger import canonical
from tests.fixtures.cluster import Cluster, on_chain
from tests.fixtures.verdicts import verdict_on

pytestmark = pytest.mark.cluster

SAMPLE = load_sample(Path(__file__).parents[2] / "samples" / "OP00023062.json")
GRACE = 60
"""Seconds between begin and end of the closing: the chain's clock goes on a second with every transaction."""


def patient_pack() -> rules.RulePack:
    """Return the development rules with a grace in which several cities can bring what they hold."""
    value = orjson.loads(rules.by_id("dev-international").body)
    value["terms"]["grace"]["value"] = GRACE
    return rules.parse(canonical.dumps(value, max_size=rules.MAX_SIZE))


async def announced(stage: Stage, sample: Sample) -> SampleRun:
    """Announce the sample's tender under the patient rules, in the origin of the stage's city alone."""
    pack, tenderer = patient_pack(), f"Tenderer of {sample.id}"
    notice = notice_for(pack, sample.title, tenderer, (sample.lot(),))
    parties = stage.parties(tenderer)
    city, deadline = await stage.api(parties.tenderer), await stage.pulse.now() + NOTICE_PERIOD
    origins = [stage.origins[stage.city]]
    conduct = await announce(city, stage.domains, parties, notice, pack, stage.keys(), origins, deadline)
    await stage.until_state(conduct, "ANNOUNCED")
    await stage.pulse.advance_to(deadline - FAST_WINDOW)
    return SampleRun(stage=stage, pack=pack, notice=notice, conduct=conduct, sample=sample)


async def hand_in(run: SampleRun, number: int) -> BidderRobot:
    """Have the bidder of this number on record hand in, and return it with its acknowledgement."""
    bid = run.sample.bids[number]
    bidder = await run.enter(bid.bidder)
    status = await bidder.offer(run.conduct.tender, LOT, bid.opening)
    assert status.acknowledged_by == 2
    return bidder


async def close_without(run: SampleRun) -> None:
    """Let the deadline and half the grace pass, then the rest, while the cities that are up close the box."""
    stage, tender = run.stage, run.conduct.tender
    deadline = (await on_chain(stage, tender)).view.deadline
    await stage.pulse.advance_to(deadline + 1)
    await stage.pulse.until(lambda: is_in(run, BookState.CLOSING), "the closing")
    await stage.pulse.advance_to((await on_chain(stage, tender)).view.closing_at + GRACE // 2)


async def is_in(run: SampleRun, *states: BookState) -> bool:
    """Say whether the chain has the tender in one of these states."""
    return (await on_chain(run.stage, run.conduct.tender)).view.state in states


async def through(run: SampleRun, *states: BookState) -> None:
    """Let the clock go on until the chain has the tender in one of these states, whichever cities are up."""

    async def reached() -> bool:
        if await is_in(run, *states):
            return True
        await run.tick()
        return False

    await run.stage.pulse.until(reached, f"tender {' or '.join(state.name for state in states)}")


async def award(run: SampleRun) -> str | None:
    """Take the tender from the opened bids to the award, which verifies offline, and return the winner's name."""
    await run.record_opening()
    winner = await run.award(*await run.evaluate())
    verdict = await verdict_on(run.stage, run.conduct)
    assert verdict.ok, verdict.failed
    return winner


async def explained(run: SampleRun, city: str) -> dict[str, dict[str, object]]:
    """Return what a city says of each slip of the tender, by hash."""
    api = await run.stage.api(name=city)
    shown = await api.get(f"{run.conduct.path}/explain")
    return {slip["slip"]: slip for slip in shown["slips"]}


async def expect_nothing_lost(run: SampleRun, *cities: str) -> None:
    """Check that every slip that anybody acknowledged is in the list or explained, in the words of these cities."""
    sent = [a for bidder in run.bidders.values() for a in bidder.device.journal(run.conduct.tender).sent()]
    acknowledged = [attempt.slip for attempt in sent if attempt.read_json("acknowledgements.json")]
    hashes = {"0x" + hashlib.sha256(slip).hexdigest() for slip in acknowledged if slip is not None}
    assert hashes
    for city in cities:
        assert hashes <= (await explained(run, city)).keys()


async def test_partner_cities_die_one_after_the_other(cluster: Cluster) -> None:
    """Hefei dies in the submission phase and comes back; Nanjing dies before the opening and stays away."""
    async with cluster.stage() as stage:
        run = await announced(stage, SAMPLE)
        await hand_in(run, 0)
        cluster.kill("hefei")
        await hand_in(run, 1)
        await cluster.bring_back("hefei")
        await hand_in(run, 2)
        await run.replace_one(SAMPLE.bids[1].bidder)
        await run.wait_until_in_time()
        await close_without(run)
        cluster.kill("nanjing")

        await through(run, BookState.LISTED)
        await run.open_own([SAMPLE.bids[0].bidder])
        winner = await award(run)

        assert winner == SAMPLE.winner
        await expect_nothing_lost(run, "luan", "hefei")
        opening = await (await stage.api()).get(f"{run.conduct.path}/opening")
        assert {tuple(bid["sharesOf"]) for bid in opening["envelopes"][0]["bids"] if not bid["openedByBidder"]} == {
            (1, 2)
        }
        assert opening["faults"] == []
    await cluster.bring_back("nanjing")


async def test_the_owning_city_dies_twice_and_the_tender_goes_on(cluster: Cluster) -> None:
    """Lu'an dies with bids in its hands: one is merged after its return, one is admitted by a partner without it.

    It dies again between the close and the opening, while nobody can open the box yet.
    """
    async with cluster.stage() as stage:
        run = await announced(stage, SAMPLE)
        for number in (0, 1):
            await hand_in(run, number)
        cluster.kill("luan")
        await cluster.bring_back("luan")
        await run.wait_until_in_time()
        last = await hand_in(run, 2)
        cluster.kill("luan")
        cluster.kill_holder("hefei")

        await close_without(run)
        await through(run, BookState.CLOSED)
        assert (await on_chain(stage, run.conduct.tender)).view.admitted_count == 1

        await cluster.bring_back("luan")
        cluster.kill("luan")
        cluster.processes.start_holder("hefei")
        await through(run, BookState.LISTED)
        await cluster.bring_back("luan")
        winner = await award(run)

        assert winner == SAMPLE.winner
        await expect_nothing_lost(run, *stage.cities)
        [attempt] = last.device.journal(run.conduct.tender).sent()
        assert attempt.slip is not None
        verdict = (await explained(run, "luan"))["0x" + hashlib.sha256(attempt.slip).hexdigest()]
        assert (verdict["reason"], verdict["origin"]) == ("listed", ADMITTED)
