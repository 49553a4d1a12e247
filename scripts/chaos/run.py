"""The same tenders twice on one network of processes on Ganache: in peace, then with processes killed all the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from api.robots.pulse import LivePulse
from api.robots.record import OnRecord
from api.robots.stage import Stage
from api.stack.network import CITIES, Ground, Stack, found_on, free_ports
from api.stack.processes import Processes
from api.stack.stage import open_stage
from bidding.tender.samples import Sample, load_sample
from ledger.chain.deploy import BoxSchedule
from ledger.chain.devnet import CHAIN_ID
from ledger.errors import SunbidError
from scripts.chaos.calm import watching
from scripts.chaos.clock import GanacheClock
from scripts.chaos.keeper import Keeper, keeping
from scripts.chaos.monkey import Kill, Monkey
from scripts.chaos.outcome import Outcome
from scripts.chaos.patience import patient_ways
from scripts.chaos.play import STEPS, WINDOW, Around, in_peace, play_together
from scripts.network.ganache import start_ganache

SAMPLES = Path(__file__).parents[2] / "samples"
BATCH = 5
"""Tenders under way at once."""

PATIENCE = 600.0
"""Seconds that robots wait for processes that are killed again and again, on a busy machine."""

WORKERS = {"luan": 1}
"""The city that announces runs each role as a process of its own, so that each dies by itself."""

SCHEDULE = BoxSchedule(slow_slips=2, slow_seconds=3600, fast_slips=16, fast_seconds=100, fast_lead=WINDOW + 400)
"""The box takes slips quickly from before the first is handed in."""


class UnequalError(SunbidError):
    """A tender ended otherwise than without kills."""

    code = "chaos.unequal"


@dataclass(frozen=True)
class Chaos:
    """How much of it: `kills` processes killed, spread over `tenders` tenders, at moments that `seed` decides."""

    kills: int = 200
    tenders: int = 20
    seed: int = 1


@dataclass(frozen=True)
class Show:
    """Whom to tell: of a phase that begins, of tenders that have ended in it, of each kill."""

    phase: Callable[[str], None] = lambda _: None
    ended: Callable[[int], None] = lambda _: None
    kill: Callable[[Kill], None] = lambda _: None


@dataclass(frozen=True)
class Survived:
    """What was survived, in order: how tenders ended, who was killed; seconds in peace and with the kills."""

    outcomes: tuple[Outcome, ...]
    kills: tuple[Kill, ...]
    seconds_in_peace: float
    seconds: float


async def survive(folder: Path, chaos: Chaos, show: Show | None = None) -> Survived:
    """Return what was survived; raises `UnequalError`, `LostError`, `CrashedError` or `StuckError` if it was not."""
    try:
        return await _survive(folder, chaos, show or Show())
    except BaseExceptionGroup as group:
        raise _reason(group) from group


def _reason(error: BaseException) -> BaseException:
    """Return the one error behind groups of tasks: the rest was cancelled because of it."""
    return _reason(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def _survive(folder: Path, chaos: Chaos, show: Show) -> Survived:
    tenders = list(_samples(chaos.tenders))
    batches = [tenders[start : start + BATCH] for start in range(0, len(tenders), BATCH)]
    async with _network(folder, 2 * len(tenders)) as (stack, clock):
        with Processes(stack, WORKERS) as processes:
            await processes.start()
            monkey = Monkey(processes, chaos.seed, chaos.kills, STEPS * len(batches), show.kill)
            async with keeping(Keeper(processes)), _stage(stack, clock, folder) as stage:
                show.phase("in peace")
                expected, in_peace_for = await _play(stage, batches, in_peace, show)
                show.phase("with kills")
                outcomes, took = await _play(stage, batches, monkey.around, show)
    _compare(tenders, expected, outcomes)
    return Survived(tuple(outcomes), tuple(monkey.killed), in_peace_for, took)


def _compare(tenders: Sequence[OnRecord], expected: Sequence[Outcome], outcomes: Sequence[Outcome]) -> None:
    for tender, without, with_kills in zip(tenders, expected, outcomes, strict=True):
        if without != with_kills:
            raise UnequalError(f"Tender {tender.id} ended as {with_kills}, without kills as {without}.")


async def _play(
    stage: Stage, batches: Sequence[Sequence[OnRecord]], around: Around, show: Show
) -> tuple[list[Outcome], float]:
    outcomes: list[Outcome] = []
    started = time.monotonic()
    for batch in batches:
        outcomes += await play_together(stage, batch, around)
        show.ended(len(outcomes))
    return outcomes, time.monotonic() - started


def _samples(count: int) -> Iterator[Sample]:
    """Yield so many tenders: the samples again and again, those of few bids first, each with a name of its own."""
    samples = sorted((load_sample(path) for path in SAMPLES.glob("*.json")), key=lambda one: (len(one.bids), one.id))
    for number in range(count):
        sample = samples[number % len(samples)]
        yield replace(sample, id=f"{sample.id}-{number}")


@asynccontextmanager
async def _network(folder: Path, boxes: int) -> AsyncIterator[tuple[Stack, GanacheClock]]:
    node = await asyncio.to_thread(start_ganache, folder / "chain")
    try:
        ground = Ground(CHAIN_ID, dict.fromkeys(CITIES, (node.url,)), schedule=SCHEDULE)
        stack = await found_on(folder, ground, free_ports(CITIES), boxes)
        async with watching(stack) as calm, GanacheClock(node.url, calm, PATIENCE).going() as clock:
            yield stack, clock
    finally:
        await asyncio.to_thread(node.stop)


@asynccontextmanager
async def _stage(stack: Stack, clock: GanacheClock, folder: Path) -> AsyncIterator[Stage]:
    ways = patient_ways(stack.cities, PATIENCE)
    async with open_stage(stack, LivePulse(clock, PATIENCE), folder / "robots", transports=ways) as stage:
        yield stage
