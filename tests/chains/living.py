"""Three cities at work on a chain whose time nobody drives, and robots that act out a tender there in real time."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from api.client import CityRefusalError
from api.robots.bidder import BidderRobot
from api.robots.pulse import Condition
from api.robots.record import LOT
from api.robots.sample import SampleRun
from api.robots.stage import Stage
from api.robots.tenderer import TenderConduct, announce
from api.stack.network import CITIES, Ground, found_on, free_ports
from api.stack.stage import open_stage
from api.stack.town import Town, open_town
from bidding.box.book import BookState, TenderAtBlock, read_tender
from bidding.tender import rules
from bidding.tender.notice import notice_for
from bidding.tender.samples import Sample, load_sample
from ledger import canonical
from ledger.chain.client import Finality
from ledger.chain.deploy import BoxSchedule
from ledger.errors import SunbidError
from ledger.settings import ClockKind
from tests.chains.nets import Beat, Net
from tests.chains.pace import PATIENCE, until

SAMPLE = load_sample(Path(__file__).parents[2] / "samples" / "OP00023062.json")
SCHEDULE = BoxSchedule(slow_slips=2, slow_seconds=20, fast_slips=8, fast_seconds=4, fast_lead=900)
GRACE = 20
"""Seconds between begin and end of the closing: enough for three cities to bring what they hold, four blocks each."""

ANCHOR_SECONDS = 10
"""Between two anchors of a log when nothing presses."""

_USUAL_LOAD = 4
_REST = 0.2
"""Seconds between two rounds of work: blocks come once a second."""
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RealTime:
    """Time passes by itself; other tasks of this process do the cities' work meanwhile."""

    patience: float = PATIENCE

    async def now(self) -> int:
        """Return the host's time."""
        return int(time.time())

    async def advance_to(self, moment: int) -> None:
        """Wait for a moment; one that has passed takes no time."""
        await until(lambda: _passed(moment), f"second {moment}", patience=self.patience + moment - time.time())

    async def until(self, holds: Condition, what: str) -> None:
        """Look until `holds`."""
        await until(holds, what, patience=self.patience)


async def _passed(moment: int) -> bool:
    return time.time() >= moment


@dataclass
class LivingTown:
    """A town that works without being asked to, as processes do: what a task meets is logged and tried again."""

    town: Town
    stage: Stage
    at_rest: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def work(self) -> None:
        """Let every city and every holder do what is due, for ever."""
        while True:
            for name in self.stage.cities:
                async with self.at_rest:
                    await self._turn(name)
            await asyncio.sleep(_REST)

    async def _turn(self, name: str) -> None:
        city = self.town.cities.get(name)
        if city is None:
            return
        await city.worker.run_due()
        try:
            await city.holder.step()
        except SunbidError as error:
            _logger.info("a key-holder tries again: %s", error.message)

    async def start(self, name: str) -> None:
        """Bring a city up that anchors its logs often: a test has no five minutes."""
        await self.town.start(name)
        self.hurry(name)

    def hurry(self, name: str) -> None:
        """Have a city that is up anchor its logs often."""
        city = self.town.cities[name]
        logs = replace(city.node.logs, anchor_interval=ANCHOR_SECONDS)
        city.node = city.worker.context = replace(city.node, logs=logs)

    async def restart(self, name: str) -> None:
        """Take a city away and bring it back on the data that it left."""
        async with self.at_rest:
            await self.town.stop(name)
            await self.start(name)

    async def at(self, tender: bytes) -> TenderAtBlock:
        """Return the tender as the chain has it now."""
        found = await read_tender(self.stage.around.chain, tender, await self.stage.around.chain.block())
        assert found is not None
        return found

    async def through(self, tender: bytes, *states: BookState) -> None:
        """Return once the chain has the tender in one of these states."""

        async def reached() -> bool:
            return (await self.at(tender)).view.state in states

        await until(reached, " or ".join(state.name for state in states))


def ground_of(net: Net, nodes: Mapping[str, tuple[str, ...]] | None = None) -> Ground:
    """Return what cities on this network are founded on; each city's own node is another, as far as there are any."""
    own = nodes or {
        name: net.urls[index % len(net.urls) :] + net.urls[: index % len(net.urls)] for index, name in enumerate(CITIES)
    }
    return Ground(
        net.chain_id, own, Finality(net.finality.depth), net.evidence, net.validators, ClockKind.SYSTEM, SCHEDULE
    )


@asynccontextmanager
async def open_living(folder: Path, ground: Ground, beat: Beat | None = None) -> AsyncIterator[LivingTown]:
    """Yield a town at work on this ground, with a stage for robots; `beat` is called once a second."""
    stack = await found_on(folder, ground, free_ports(CITIES), boxes=2)
    async with (
        open_town(stack) as town,
        open_stage(stack, RealTime(), folder / "robots", transports=town.wires) as stage,
    ):
        living = LivingTown(town, stage)
        for name in CITIES:
            living.hurry(name)
        async with in_background(living.work()), in_background(_beat(beat)):
            yield living


@asynccontextmanager
async def in_background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Let work without an end go on meanwhile; if it fails, what goes on here fails with it, at once."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        try:
            yield
        finally:
            task.cancel()


async def _beat(beat: Beat | None) -> None:
    while beat is not None:
        await beat()
        await asyncio.sleep(1)


def at_this_pace(seconds: int) -> int:
    """Return how long a deadline has to be on this machine as it is: a busy one does everything later.

    Deadlines stand in a contract, so they cannot wait for a condition. Four processes for each core are usual here.
    """
    return round(seconds * max(1.0, os.getloadavg()[0] / (_USUAL_LOAD * (os.cpu_count() or 1))))


def short_pack() -> rules.RulePack:
    """Return the development rules with a grace that a chain with a block a second can keep."""
    value = orjson.loads(rules.by_id("dev-international").body)
    value["terms"]["grace"]["value"] = at_this_pace(GRACE)
    return rules.parse(canonical.dumps(value, max_size=rules.MAX_SIZE))


async def announced(living: LivingTown, notice_period: int, sample: Sample = SAMPLE) -> SampleRun:
    """Announce the sample's tender with so many seconds until the deadline or more, in the origins of all cities."""
    stage, pack, tenderer = living.stage, short_pack(), f"Tenderer of {sample.id}"
    notice = notice_for(pack, sample.title, tenderer, (sample.lot(),))
    parties = stage.parties(tenderer)
    city, deadline = await stage.api(parties.tenderer), await stage.pulse.now() + at_this_pace(notice_period)
    origins = [stage.origins[name] for name in stage.cities]
    conduct = await announce(city, stage.domains, parties, notice, pack, stage.keys(), origins, deadline)
    await stage.until_state(conduct, "ANNOUNCED")
    await stage.pulse.until(lambda: _is_proven(stage, conduct), "a tender that every city can prove")
    return SampleRun(stage=stage, pack=pack, notice=notice, conduct=conduct, sample=sample)


async def _is_proven(stage: Stage, conduct: TenderConduct) -> bool:
    """Say whether every city proves the tender to devices: under a block that counts, later than it shows it."""
    try:
        for name in stage.cities:
            await (await stage.api(name=name)).get(f"{conduct.path}/evidence")
    except CityRefusalError:
        return False
    return True


async def hand_in(run: SampleRun, number: int, home: str | None = None) -> BidderRobot:
    """Have the bidder of this number on record hand in, and return it with its acknowledgement."""
    bid = run.sample.bids[number]
    bidder = await run.enter(bid.bidder, home=home)
    status = await bidder.offer(run.conduct.tender, LOT, bid.opening)
    assert status.acknowledged_by >= 2
    return bidder
