"""One tender from notice to award, played by robots that do not mind whether anybody is dead at the moment."""

from __future__ import annotations

from api.robots.record import OnRecord, RecordRun
from api.robots.stage import Stage
from scripts.chaos.outcome import Outcome, outcome_of


async def play(stage: Stage, tender: OnRecord) -> Outcome:
    """Return what came out of the tender."""
    run = await RecordRun.announce(stage, tender)
    await run.hand_in()
    await run.wait_until_in_time()
    await run.close()
    await run.record_opening()
    return await outcome_of(run, await run.award(*await run.evaluate()))
