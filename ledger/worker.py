"""The work between requests: idempotent tasks over rows, run by a loop in the process, by Celery, or by a test.

The database is the queue of record: a task looks for what is due, does it, and says whether it did something. So it
may run at any time, any number of times, and a lost wake-up costs one interval. Tasks take the process's context and
ids, nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ledger.errors import SunbidError

_logger = logging.getLogger(__name__)

Context = TypeVar("Context")
Run = Callable[..., Awaitable[bool]]
LONGEST_BACKOFF = 60.0


class WorkerError(SunbidError):
    """Tasks that cannot be run as asked."""

    code = "worker.failed"


@dataclass(frozen=True)
class Task(Generic[Context]):
    """A named task; `every` seconds a sweep runs it, 0 if it only runs when woken with ids."""

    name: str
    run: Callable[..., Awaitable[bool]]
    every: float


class Tasks(Generic[Context]):
    """The tasks of a process, by name."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task[Context]] = {}

    def task(self, name: str, *, every: float = 1.0) -> Callable[[Run], Run]:
        """Register an `async def run(context, *ids: str) -> bool` under a name that is never given twice."""

        def register(run: Run) -> Run:
            self.add(name, run, every=every)
            return run

        return register

    def add(self, name: str, run: Run, *, every: float = 1.0) -> None:
        """Register a task; see `task`."""
        if name in self._tasks:
            raise WorkerError(f"two tasks are named {name}")
        self._tasks[name] = Task(name, run, every)

    def __iter__(self) -> Iterator[Task[Context]]:
        return iter(self._tasks.values())

    def __getitem__(self, name: str) -> Task[Context]:
        try:
            return self._tasks[name]
        except KeyError as error:
            raise WorkerError(f"no task is named {name}") from error


@dataclass
class _State:
    """When a task is due again and how often it failed in a row."""

    due: float = 0.0
    failures: int = 0


@dataclass
class Worker(Generic[Context]):
    """Runs the tasks of a process in their order of registration; `monotonic` is the only clock it needs."""

    tasks: Tasks[Context]
    context: Context
    monotonic: Callable[[], float] = time.monotonic
    _states: dict[str, _State] = field(default_factory=dict)

    async def run_due(self) -> bool:
        """Run every task that is due and return whether any did something.

        A task that raises is logged and tried again later, each time after a longer pause; the others go on.
        """
        moved = False
        for task in self.tasks:
            state = self._states.setdefault(task.name, _State())
            if task.every and self.monotonic() >= state.due:
                moved = await self._try(task, state) or moved
        return moved

    async def _try(self, task: Task[Context], state: _State) -> bool:
        try:
            moved = await task.run(self.context)
        except Exception:  # one task's failure must not stop the others; it is logged and repeated
            state.failures += 1
            state.due = self.monotonic() + min(LONGEST_BACKOFF, task.every * 2**state.failures)
            _logger.exception("task %s failed %d times in a row", task.name, state.failures)
            return False
        state.failures, state.due = 0, self.monotonic() + task.every
        return moved

    def wake(self, name: str) -> None:
        """Make a task due now."""
        self._states.setdefault(self.tasks[name].name, _State()).due = 0.0

    @property
    def failing(self) -> dict[str, int]:
        """Tasks that failed the last time, with how often in a row: for health and metrics."""
        return {name: state.failures for name, state in self._states.items() if state.failures}

    async def run_until_quiet(self, *, rounds: int = 100) -> None:
        """Run all periodic tasks again and again until none does anything; an error is raised at once.

        For tests and demonstrations. Raises `WorkerError` if the tasks still find work after `rounds`.
        """
        for _ in range(rounds):
            if not any([await task.run(self.context) for task in self.tasks if task.every]):
                return
        raise WorkerError(f"the tasks found work {rounds} times in a row: one of them never ends")

    async def run_forever(self, stop: asyncio.Event) -> None:
        """Run what is due until `stop` is set; a sweep that did something is followed by the next one at once."""
        pause = min((task.every for task in self.tasks if task.every), default=1.0)
        while not stop.is_set():
            if await self.run_due():
                await asyncio.sleep(0)
                continue
            try:
                await asyncio.wait_for(stop.wait(), pause)
            except TimeoutError:
                continue


class ProcessContext(Generic[Context]):
    """One event loop in a thread of its own and one context on it, opened when first needed: for Celery's processes."""

    def __init__(self, open_context: Callable[[], Awaitable[Context]]) -> None:
        self._open = open_context
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._context: Context | None = None

    def run(self, task: Task[Context], *ids: str) -> bool:
        """Run a task to its end and return whether it did something."""
        return self._wait(self._run(task, ids))

    async def _run(self, task: Task[Context], ids: tuple[str, ...]) -> bool:
        if self._context is None:
            self._context = await self._open()
        return await task.run(self._context, *ids)

    def _wait(self, work: Coroutine[Any, Any, bool]) -> bool:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="sunbid-tasks", daemon=True)
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """End the loop; the context's own resources end with the process."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = self._thread = self._context = None


def celery_app(broker_url: str, tasks: Tasks[Context], open_context: Callable[[], Awaitable[Context]]) -> Any:
    """Return the Celery application of a city: every task by its name, and a beat schedule from `every`.

    Celery only wakes the tasks. `open_context` is awaited once in each of Celery's processes, when its first task
    runs. Raises `WorkerError` without a broker: then `sunbid worker` runs the tasks in its own loop.
    """
    if not broker_url:
        raise WorkerError("Celery needs broker_url; without one run `sunbid worker`, which needs no broker")
    from celery import Celery  # noqa: PLC0415 - only production processes load it

    app = Celery("sunbid", broker=broker_url)
    app.conf.update(
        task_acks_late=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        timezone="UTC",
        task_serializer="json",
        accept_content=["json"],
    )
    process = ProcessContext(open_context)
    for task in tasks:
        app.task(_bound(process, task), name=task.name)
    app.conf.beat_schedule = {
        task.name: {"task": task.name, "schedule": task.every, "options": {"expires": task.every}}
        for task in tasks
        if task.every
    }
    return app


def run_celery(app: Any, name: str) -> None:
    """Run one worker of the application until SIGTERM: one process, one event loop, one context.

    More hands are more workers, on as many machines as there are. Each of them keeps the schedule, so that none has to
    be there: a task that is woken twice finds nothing to do the second time. What Celery knows may be lost at any time,
    for it is only the bell; so nothing of it is on disk.
    """
    from celery.beat import EmbeddedService, Scheduler  # noqa: PLC0415 - only production processes load it

    bell = EmbeddedService(app, thread=True, scheduler_cls=Scheduler)
    bell.start()
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    try:
        app.worker_main(["worker", "--pool", "solo", "--loglevel", "INFO", "--hostname", f"{name}@%h", *quiet])
    finally:
        bell.stop()


def _bound(process: ProcessContext[Context], task: Task[Context]) -> Callable[..., bool]:
    def run(*ids: str) -> bool:
        return process.run(task, *ids)

    return run
