"""Tenders from notice to award, played by robots that do not mind whether anybody is dead at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from api.robots.bidder import BidderRobot
from api.robots.record import LOT, OnRecord, RecordRun
from api.robots.stage import Stage
from bidding.device.errors import DeviceError
from scripts.chaos.outcome import Outcome, outcome_of

WINDOW = 3600
"""Seconds before the deadline from which on bidders hand in: on a busy machine that takes long, and time goes on."""

RESERVE = 1800
"""Seconds before the deadline up to which the clock is driven: whoever is dead has so long to come back in time."""

NOTICE_SECONDS = 4200
"""From notice to deadline where tenders are played together."""

TO_RESUME = frozenset({"device.receipts", "device.not_taken"})
"""What a device says where too few cities have answered yet."""

Around = Callable[[], AbstractAsyncContextManager[None]]
"""What goes on around each step."""

T = TypeVar("T")


@asynccontextmanager
async def in_peace() -> AsyncIterator[None]:
    """Let nothing happen around a step."""
    yield


class SteadyRun(RecordRun):
    """A tender whose bidders go on where their device could not: it says to resume, and so they do."""

    async def hand_in(self) -> None:
        """Have every bidder on record seal and submit its price, until enough cities have taken it."""
        await self.stage.pulse.advance_to(await self.deadline() - self.window)
        for bid in self.sample.bids:
            bidder = await self.enter(bid.bidder)
            try:
                await bidder.offer(self.conduct.tender, LOT, bid.opening)
            except DeviceError as error:
                if error.code not in TO_RESUME:
                    raise
                await self._resume(bidder)

    async def _resume(self, bidder: BidderRobot) -> None:
        async def is_taken() -> bool:
            try:
                await bidder.device.resume(self.conduct.tender)
            except DeviceError as error:
                if error.code not in TO_RESUME:
                    raise
                return False
            return True

        await self.stage.pulse.until(is_taken, f"the bid of {bidder.party.name} handed in")


async def play(stage: Stage, tender: OnRecord) -> Outcome:
    """Return what came out of one tender."""
    run = await SteadyRun.announce(stage, tender)
    await run.hand_in()
    await run.wait_until_in_time()
    await run.close()
    return await _opened_and_decided(run)


async def play_together(stage: Stage, tenders: Sequence[OnRecord], around: Around = in_peace) -> list[Outcome]:
    """Return what came out of tenders that have one deadline, step by step together, with `around` each step."""
    deadline = await stage.pulse.now() + NOTICE_SECONDS

    async def step(works: Sequence[Awaitable[T]]) -> list[T]:
        async with around():
            return await asyncio.gather(*works)

    runs = await step([SteadyRun.announce(stage, tender, deadline=deadline) for tender in tenders])
    for run in runs:
        run.window, run.reserve = WINDOW, RESERVE
    for work in (SteadyRun.hand_in, SteadyRun.wait_until_in_time, SteadyRun.close):
        await step([work(run) for run in runs])
    return await step([_opened_and_decided(run) for run in runs])


STEPS = 5
"""How many steps `play_together` takes."""


async def _opened_and_decided(run: RecordRun) -> Outcome:
    await run.record_opening()
    return await outcome_of(run, await run.award(*await run.evaluate()))
