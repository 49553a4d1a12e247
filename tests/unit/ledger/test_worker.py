"""Tasks run when they are due, one failure stops nobody else, and Celery only wakes them."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ledger.worker import LONGEST_BACKOFF, ProcessContext, Tasks, Worker, WorkerError, celery_app


class Log(list[str]):
    """The context of these tests: what ran."""


class Hand:
    """A monotonic clock that is moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def tasks() -> Tasks[Log]:
    return Tasks()


def worker(tasks: Tasks[Log]) -> Worker[Log]:
    return Worker(tasks, Log(), Hand())


class TestTasks:
    def test_a_name_is_given_once(self, tasks: Tasks[Log]) -> None:
        @tasks.task("a")
        async def first(context: Log) -> bool:
            return False

        with pytest.raises(WorkerError, match="two tasks"):
            tasks.add("a", first)

    def test_an_unknown_task_is_named(self, tasks: Tasks[Log]) -> None:
        with pytest.raises(WorkerError, match="no task is named b"):
            tasks["b"]


class TestRunDue:
    async def test_runs_at_its_interval_in_order(self, tasks: Tasks[Log]) -> None:
        for name, every in (("slow", 10.0), ("fast", 1.0)):

            @tasks.task(name, every=every)
            async def run(context: Log, name: str = name) -> bool:
                context.append(name)
                return False

        one = worker(tasks)
        assert not await one.run_due()
        assert one.context == ["slow", "fast"]
        await one.run_due()
        one.monotonic.now += 1
        await one.run_due()
        assert one.context == ["slow", "fast", "fast"]
        one.wake("slow")
        await one.run_due()
        assert one.context[-1] == "slow"

    async def test_a_failure_is_logged_repeated_later_and_stops_nobody(
        self, tasks: Tasks[Log], caplog: pytest.LogCaptureFixture
    ) -> None:
        @tasks.task("bad", every=1.0)
        async def bad(context: Log) -> bool:
            context.append("bad")
            raise RuntimeError("broken")

        @tasks.task("good", every=1.0)
        async def good(context: Log) -> bool:
            context.append("good")
            return True

        one = worker(tasks)
        with caplog.at_level(logging.ERROR):
            assert await one.run_due()
        assert "task bad failed 1 times" in caplog.text
        assert one.failing == {"bad": 1}
        one.monotonic.now += 1
        await one.run_due()
        assert one.context == ["bad", "good", "good"]
        one.monotonic.now += 1
        await one.run_due()
        assert one.context.count("bad") == 2
        for _ in range(12):
            one.monotonic.now += LONGEST_BACKOFF
            await one.run_due()
        assert one.context.count("bad") == 14

    async def test_tasks_without_interval_only_run_when_called(self, tasks: Tasks[Log]) -> None:
        @tasks.task("by-id", every=0)
        async def by_id(context: Log, key: str) -> bool:
            context.append(key)
            return True

        one = worker(tasks)
        assert not await one.run_due()
        await tasks["by-id"].run(one.context, "x")
        assert one.context == ["x"]


class TestRunUntilQuiet:
    async def test_ends_when_nothing_moves(self, tasks: Tasks[Log]) -> None:
        @tasks.task("count")
        async def run(context: Log) -> bool:
            context.append("x")
            return len(context) < 5

        one = worker(tasks)
        await one.run_until_quiet()
        assert len(one.context) == 5

    async def test_an_error_is_raised(self, tasks: Tasks[Log]) -> None:
        @tasks.task("bad")
        async def run(context: Log) -> bool:
            raise ValueError("broken")

        with pytest.raises(ValueError, match="broken"):
            await worker(tasks).run_until_quiet()

    async def test_work_without_end_is_named(self, tasks: Tasks[Log]) -> None:
        @tasks.task("endless")
        async def run(context: Log) -> bool:
            return True

        with pytest.raises(WorkerError, match="never ends"):
            await worker(tasks).run_until_quiet(rounds=3)


class TestRunForever:
    async def test_ends_when_told(self, tasks: Tasks[Log]) -> None:
        stop = asyncio.Event()

        @tasks.task("count", every=0.001)
        async def run(context: Log) -> bool:
            context.append("x")
            if len(context) == 3:
                stop.set()
            return False

        one = Worker(tasks, Log())
        await one.run_forever(stop)
        assert len(one.context) == 3


class TestCelery:
    def test_runs_each_task_on_one_context(self, tasks: Tasks[Log]) -> None:
        opened: list[Log] = []

        async def open_context() -> Log:
            opened.append(Log())
            return opened[-1]

        @tasks.task("a")
        async def run(context: Log, *ids: str) -> bool:
            context.append(",".join(ids))
            return True

        process = ProcessContext(open_context)
        assert process.run(tasks["a"], "1", "2")
        assert process.run(tasks["a"])
        process.close()
        assert opened == [["1,2", ""]]

    def test_application_has_every_task_and_the_schedule(self, tasks: Tasks[Log]) -> None:
        async def run(context: Log) -> bool:
            return False

        tasks.add("a", run, every=2.0)
        tasks.add("b", run, every=0)

        async def open_context() -> Log:
            return Log()

        app = celery_app("memory://", tasks, open_context)
        assert {"a", "b"} <= set(app.tasks)
        assert {name: entry["schedule"] for name, entry in app.conf.beat_schedule.items()} == {"a": 2.0}

    def test_needs_a_broker(self, tasks: Tasks[Log]) -> None:
        async def open_context() -> Log:
            return Log()

        with pytest.raises(WorkerError, match="sunbid worker"):
            celery_app("", tasks, open_context)
