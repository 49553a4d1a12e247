"""Every task of a city's worker and witness, in the order in which a sweep runs them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from api.node import CityNode
from bidding.tender.tasks import run_refresh
from credit.tasks import run_occasions
from ledger.worker import Tasks
from witness.log.tasks import WITNESS_TASKS, WRITER_TASKS, LogTask

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
        tasks.add(name, _fresh(run), every=every)
    return tasks


def _fresh(run: Run) -> Run:
    """Look at the clock before each task: a development chain's clock stands still until somebody looks."""

    async def refreshed(node: CityNode) -> bool:
        await node.clock.refresh()
        return await run(node)

    return refreshed


def _on_logs(task: LogTask) -> Run:
    return lambda node: task(node.logs)
