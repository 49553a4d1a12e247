"""The network's processes as children of this one: each city its own, each key-holder its own, and the chain."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from api.stack.network import Stack, StackError
from ledger.failpoints import VARIABLE

START_SECONDS = 300
STOP_SECONDS = 10
_PAUSE = 0.05


@dataclass
class Child:
    """One running process; its output goes to `log`."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def stop(self) -> None:
        """Ask it to end and wait; kill it if it does not."""
        if self.is_running:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def last_words(self) -> str:
        """Return the end of its log, for an error message."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:]) if self.log.exists() else ""


@dataclass
class Processes:
    """All children of a stack; use as a context manager, so that none outlives it.

    `workers` names the cities that run as in production, each role a process of its own, with how many workers each;
    the others run as one process. `failpoints` says for tests where a child is to die that is started next
    (ledger.failpoints), by the child's name.
    """

    stack: Stack
    workers: Mapping[str, int] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    failpoints: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def start(self) -> None:
        """Start every city and every key-holder, and return when the cities answer."""
        for city in self.stack.cities:
            for child in self.children_of(city):
                self.start_child(child)
        await asyncio.gather(*(self.wait_for_city(city) for city in self.stack.cities))

    def children_of(self, city: str) -> tuple[str, ...]:
        """Return the names of a city's processes: the one that answers first, the key-holder last."""
        workers = self.workers.get(city)
        parts = () if workers is None else (f"{city}-witness", *(f"{city}-worker-{i + 1}" for i in range(workers)))
        return (city, *parts, holder_of(city))

    def start_child(self, name: str) -> None:
        """Start one process by its name."""
        city, _, role = name.partition("-")
        folder = str(self.stack.city_folder(city))
        match role.partition("-")[0]:
            case "holder":
                self._spawn(name, "bidding.keyholder", str(self.stack.holder_folder(city)))
            case "worker" | "witness" as part:
                self._spawn(name, "api.cli", part, folder)
            case _:
                self._spawn(name, "api.cli", "serve", folder, *(() if city in self.workers else ("--embedded",)))

    def start_holder(self, name: str) -> None:
        """Start the key-holder in a city."""
        self.start_child(holder_of(name))

    async def wait_for_city(self, name: str) -> None:
        """Return when the city answers; refuse with the end of its log if it does not come up."""
        child = self.children[name]
        until = asyncio.get_running_loop().time() + START_SECONDS
        async with httpx.AsyncClient(base_url=self.stack.cities[name], timeout=2) as http:
            while child.is_running and asyncio.get_running_loop().time() < until:
                with contextlib.suppress(httpx.HTTPError):
                    answer = await http.get("/healthz")
                    if answer.is_success and self._is_ours(answer):
                        return
                await asyncio.sleep(_PAUSE)
        raise StackError(f"{name} did not come up:\n{child.last_words()}", code="stack.start")

    def _is_ours(self, answer: httpx.Response) -> bool:
        """Say whether the city that answers is of this network: another one may have taken the port."""
        registry = "0x" + self.stack.deployment.city_registry.hex()
        return bool(answer.json().get("registry") == registry)

    def kill_city(self, name: str) -> None:
        """Kill a city with its key-holder, as a power cut would."""
        for child in self.children_of(name):
            self.children[child].kill()

    async def restart_city(self, name: str) -> None:
        """Start a killed city and its key-holder again, on the data that they left."""
        for child in self.children_of(name):
            self.start_child(child)
        await self.wait_for_city(name)

    def stop(self) -> None:
        """End all children."""
        for child in self.children.values():
            if child.is_running:
                child.process.send_signal(signal.SIGTERM)
        for child in self.children.values():
            child.stop()

    def _spawn(self, name: str, module: str, *arguments: str) -> None:
        log = self.stack.folder / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=child_environment(os.environ) | self._death_of(name),
            )
        self.children[name] = Child(name, process, log)

    def _death_of(self, name: str) -> dict[str, str]:
        return {VARIABLE: self.failpoints[name]} if name in self.failpoints else {}


def holder_of(city: str) -> str:
    """Return the name of the key-holder's process in a city."""
    return f"{city}-holder"


def child_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for children: nothing of ours leaks from the parent's settings."""
    return {name: value for name, value in given.items() if not name.startswith("SUNBID_")} | {"PYTHONUNBUFFERED": "1"}
