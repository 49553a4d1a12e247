"""Whoever looks after a network's processes: what has died is started again, on the data that it left."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from api.stack.processes import Processes
from ledger.errors import SunbidError
from ledger.failpoints import Failpoint

_PAUSE = 0.05


class CrashedError(SunbidError):
    """A process ended by a fault of its own."""

    code = "chaos.crashed"


@dataclass
class Keeper:
    """Starts what was killed again; refuses what fell over by itself.

    `waiting` says for each child at which failpoints it is to die one after the other; `reached` fills as they do.
    """

    processes: Processes
    waiting: dict[str, list[Failpoint]] = field(default_factory=dict)
    reached: list[Failpoint] = field(default_factory=list)
    revived: int = 0

    async def arm(self, plan: Mapping[str, Sequence[Failpoint]]) -> None:
        """Restart these children so that each dies at its first point, then at the next, and so on."""
        for name, points in plan.items():
            self.waiting[name] = list(points)
            self.processes.children[name].kill()
            self._start(name)
        await asyncio.gather(*(self.processes.wait_for_city(name) for name in plan if "-" not in name))

    async def keep(self) -> None:
        """Look after the processes until cancelled."""
        while True:
            for name, child in list(self.processes.children.items()):
                if not child.is_running:
                    self._revive(name, child.process.returncode, child.last_words())
            await asyncio.sleep(_PAUSE)

    def _revive(self, name: str, code: int, words: str) -> None:
        if code != -signal.SIGKILL:
            raise CrashedError(f"{name} ended with {code}:\n{words}", child=name)
        if self.waiting.get(name):
            self.reached.append(self.waiting[name].pop(0))
        self.revived += 1
        self._start(name)

    def _start(self, name: str) -> None:
        points = self.waiting.get(name)
        self.processes.failpoints.pop(name, None)
        if points:
            self.processes.failpoints[name] = points[0].value
        self.processes.start_child(name)


@asynccontextmanager
async def keeping(keeper: Keeper) -> AsyncIterator[None]:
    """Look after the processes inside; one that fell over by itself ends the block with a `CrashedError`."""
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(keeper.keep())
            yield
            task.cancel()
    except* CrashedError as crashed:
        raise crashed.exceptions[0] from None
