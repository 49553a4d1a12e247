from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from api.stack.network import Stack
from api.stack.processes import Child, Processes
from scripts.chaos import monkey
from scripts.chaos.monkey import Monkey, is_at_work

NAMES = ("hefei", "luan", "luan-holder", "luan-worker-1")


@contextmanager
def sleepers() -> Iterator[Processes]:
    """Yield children that do nothing, each with a socket as whoever is at work has."""
    ours, theirs = socket.socketpair()
    with ours, theirs, Processes(cast("Stack", None)) as processes:
        for name in NAMES:
            process = subprocess.Popen(["/bin/sleep", "60"], stdin=theirs.fileno())
            processes.children[name] = Child(name, process, Path("/dev/null"))
        yield processes


async def rage(seed: int) -> list[tuple[str, int]]:
    """Return who was killed in which of two steps."""
    with sleepers() as processes:
        beast = Monkey(processes, seed, kills=2, steps=2)
        for _ in range(2):
            async with beast.around():
                pass
        dead = {name for name, child in processes.children.items() if not child.is_running}
        assert dead == {kill.name for kill in beast.killed}
        assert all(kill.was_at_work for kill in beast.killed)
        return [(kill.name, kill.step) for kill in beast.killed]


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monkey, "LONGEST_PAUSE", 0.0)


async def test_the_same_seed_kills_the_same_in_equal_shares() -> None:
    first = await rage(1)
    assert [step for _, step in first] == [1, 2]
    assert await rage(1) == first


async def test_other_seeds_kill_others() -> None:
    assert len({tuple(await rage(seed)) for seed in range(4)}) > 1


def test_who_has_no_socket_is_not_at_work_yet() -> None:
    with subprocess.Popen(["/bin/sleep", "60"], stdin=subprocess.DEVNULL) as process:
        assert not is_at_work(process.pid)
        process.kill()
    assert not is_at_work(process.pid)
