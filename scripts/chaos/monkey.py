"""Kills processes at random moments; whom and after which pauses, a seed decides."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from api.stack.processes import Child, Processes

LONGEST_PAUSE = 2.0
"""Seconds between two kills at most, where enough processes are at work."""

AWAY_AT_ONCE = 2
"""Processes that are dead or still starting at one time: with more of them nothing would go on but starting."""

_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Kill:
    """Who was killed in which step (a place among those of the play), and whether it had come as far as to work."""

    name: str
    step: int
    was_at_work: bool


@dataclass
class Monkey:
    """Kills `kills` processes, in equal shares during `steps` steps.

    The same seed draws the same victims after the same pauses; what they were doing at that moment is up to the
    machine. A victim that is dead already is passed over for the next by name.
    """

    processes: Processes
    seed: int
    kills: int
    steps: int
    tell: Callable[[Kill], None] = lambda _: None
    killed: list[Kill] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a seed is the point of it
        self._step = 0

    @asynccontextmanager
    async def around(self) -> AsyncIterator[None]:
        """Kill this step's share while the step goes on; the step is over when both are."""
        self._step += 1
        share = self.kills * self._step // self.steps - len(self.killed)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._rage(share))
            yield

    async def _rage(self, share: int) -> None:
        for _ in range(share):
            pause, draw = self._random.uniform(0, LONGEST_PAUSE), self._random.random()
            await asyncio.sleep(pause)
            await self._until_most_work()
            alive = [child for _, child in sorted(self.processes.children.items()) if child.is_running]
            self._kill(alive[int(draw * len(alive))])

    def _kill(self, child: Child) -> None:
        kill = Kill(child.name, self._step, is_at_work(child.process.pid))
        child.kill()
        self.killed.append(kill)
        self.tell(kill)

    async def _until_most_work(self) -> None:
        while True:
            children = self.processes.children.values()
            away = [child for child in children if not (child.is_running and is_at_work(child.process.pid))]
            if len(away) < AWAY_AT_ONCE:
                return
            await asyncio.sleep(_LOOK_SECONDS)


def is_at_work(pid: int) -> bool:
    """Say whether a process has come as far as its event loop: it holds a socket (Linux, /proc)."""
    try:
        return any(str(fd.readlink()).startswith("socket:") for fd in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it is ending, or its descriptor was closed while they were looked through
        return False
