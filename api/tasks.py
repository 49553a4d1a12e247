"""Every task of a city's worker and witness, in the order in which a sweep runs them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

from api.node import CityNode
from bidding.tender.tasks import run_refresh
from credit.tasks import run_occasions
from ledger.errors import SunbidError
from ledger.failures import failing, note_failure, note_success
from ledger.worker import Tasks
from witness.log.tasks import WITNESS_TASKS, WRITER_TASKS, LogTask

_logger = logging.getLogger(__name__)

Run = Callable[[CityNode], Awaitable[bool]]


def worker_tasks(every: float) -> Tasks[CityNode]:
    """Return the tasks of `sunbid worker`; each runs every so many seconds at least."""
    tasks: Tasks[CityNode] = Tasks()
    runs: dict[str, Run] = {
        "chain.index": lambda node: node.base.indexer.run(),
        "tender.refresh": lambda node: run_refresh(node.bidding.tenders),
        "box.close": lambda node: node.bidding.closer.run(),
        "opening": lambda node: node.bidding.opening.run(),
        "credit.occasions": lambda node: run_occasions(node.credit),
        **{f"log.{task.__name__.removeprefix('run_')}": _on_logs(task) for task in WRITER_TASKS},
        "tender.heads": lambda node: node.bidding.heads.run(),
        "chain.send": lambda node: node.base.sender.run(),
    }
    return _register(tasks, runs, every)


def witness_tasks(every: float) -> Tasks[CityNode]:
    """Return the tasks of `sunbid witness`: following and cosigning the partners' logs."""
    runs: dict[str, Run] = {f"log.{task.__name__.removeprefix('run_')}": _on_logs(task) for task in WITNESS_TASKS}
    return _register(Tasks(), runs, every)


def all_tasks(every: float) -> Tasks[CityNode]:
    """Return worker and witness in one, for a city that runs in one process."""
    tasks = worker_tasks(every)
    for task in witness_tasks(every):
        tasks.add(task.name, task.run, every=task.every)
    return tasks


def _register(tasks: Tasks[CityNode], runs: dict[str, Run], every: float) -> Tasks[CityNode]:
    for name, run in runs.items():
        tasks.add(name, _watched(name, run), every=every)
    return tasks


def _watched(name: str, run: Run) -> Run:
    """Look at the clock before each run, and let the database know whether the task fails.

    A development chain's clock stands still until somebody looks.
    """
    is_well = False  # what an earlier process noted is looked at once

    async def watched(node: CityNode) -> bool:
        nonlocal is_well
        try:
            await node.clock.refresh()
            moved = await run(node)
        except Exception as error:
            is_well = False
            await _note(node, name, error)
            raise
        if not is_well:
            is_well = await _clear(node, name)
        return moved

    return watched


async def _note(node: CityNode, name: str, error: Exception) -> None:
    """Note the failure; one that has the same cause as the task's own stays in the log with it."""
    try:
        async with node.database.unit_of_work() as session:
            await note_failure(session, name, error, node.clock.now())
    except (SunbidError, SQLAlchemyError) as second:
        _logger.warning("the failure of task %s is not noted: %s", name, second)


async def _clear(node: CityNode, name: str) -> bool:
    async with node.database.reading() as session:
        if all(failure.name != name for failure in await failing(session)):
            return True
    async with node.database.unit_of_work() as session:
        await note_success(session, name)
    return True


def _on_logs(task: LogTask) -> Run:
    return lambda node: task(node.logs)
