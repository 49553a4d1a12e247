"""`sunbid up`: keep a network's processes running until told to stop; found the network first if there is none.

A city is taken away and brought back by a marker file (`run/<name>.down`), so that other commands can show what happens
when a city is down without being the parent of its process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api.stack.network import CITIES, Stack, StackError, found, free_ports
from api.stack.processes import Processes, child_environment, holder_of
from ledger.chain.devnet import CHAIN_ID, AnvilProcess

PORTS = {"luan": 8101, "hefei": 8102, "nanjing": 8103}
START = 1_767_225_600
"""2026-01-01 UTC: the first moment of a new development chain."""

READY_SECONDS = 330
"""How long a network may take to come up; a busy machine needs minutes, and one that fails says so at once."""

_PAUSE = 0.1


@dataclass(frozen=True)
class RunFolder:
    """The files by which commands talk to a running network."""

    folder: Path

    @property
    def pid(self) -> Path:
        """The supervisor's process id; there while it runs."""
        return self.folder / "run" / "up.pid"

    @property
    def ready(self) -> Path:
        """There once every city answers."""
        return self.folder / "run" / "ready"

    def marker(self, city: str) -> Path:
        """There while a city is to be down."""
        return self.folder / "run" / f"{city}.down"

    def running(self) -> int | None:
        """Return the supervisor's process id, None if it does not run."""
        try:
            number = int(self.pid.read_text())
            os.kill(number, 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return None
        return number

    def stop(self) -> bool:
        """Stop the network and wait until it is down; return whether it was running."""
        number = self.running()
        if number is None:
            return False
        os.kill(number, signal.SIGTERM)
        until = time.monotonic() + READY_SECONDS
        while self.running() is not None and time.monotonic() < until:
            time.sleep(_PAUSE)
        return True

    def start_detached(self) -> None:
        """Start `sunbid up` on this folder in the background, and return when every city answers."""
        if self.running() is not None:
            raise StackError("This network is running already. Stop it: sunbid down.", code="stack.running")
        self.ready.unlink(missing_ok=True)
        self.pid.parent.mkdir(parents=True, exist_ok=True)
        log = (self.folder / "run" / "up.log").open("ab")
        with log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "api.cli", "up", "--folder", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=child_environment(os.environ),
                start_new_session=True,
            )
        until = time.monotonic() + READY_SECONDS
        while not self.ready.exists():
            if process.poll() is not None or time.monotonic() > until:
                process.terminate()
                words = (self.folder / "run" / "up.log").read_text(errors="replace")[-2000:]
                raise StackError(f"The network did not come up:\n{words}", code="stack.start")
            time.sleep(_PAUSE)


async def run_network(folder: Path, tell: Callable[[str], None]) -> None:
    """Run the network of `folder` until SIGTERM or SIGINT; found it first if there is none."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    run = RunFolder(folder)
    run.pid.parent.mkdir(parents=True, exist_ok=True)
    run.ready.unlink(missing_ok=True)
    chain, stack = await _open_chain(folder, tell)
    try:
        with Processes(stack) as processes:
            await processes.start()
            run.pid.write_text(str(os.getpid()))
            run.ready.write_text("")
            tell("ready: " + "  ".join(f"{name} {url}" for name, url in stack.cities.items()))
            while not stop.is_set():
                await _follow_markers(run, processes, tell)
                await _wait(stop)
    finally:
        chain.stop()
        run.ready.unlink(missing_ok=True)
        run.pid.unlink(missing_ok=True)


async def _open_chain(folder: Path, tell: Callable[[str], None]) -> tuple[AnvilProcess, Stack]:
    state = folder / "chain"
    state.mkdir(parents=True, exist_ok=True)
    if (folder / "stack.json").exists():
        stack = Stack.load(folder)
        tell("starting the chain with its state on disk")
        port = int(stack.rpc_url.rsplit(":", 1)[1])
        return AnvilProcess(folder=state, port=port, chain_id=CHAIN_ID, timestamp=START), stack
    tell("founding a network: chain, contracts, three cities, a development committee")
    chain = AnvilProcess(folder=state, port=free_ports(["chain"])["chain"], chain_id=CHAIN_ID, timestamp=START)
    try:
        stack = await found(folder, chain.url, CHAIN_ID, _ports())
    except BaseException:
        chain.stop()
        raise
    return chain, stack


async def _follow_markers(run: RunFolder, processes: Processes, tell: Callable[[str], None]) -> None:
    for city in processes.stack.cities:
        wanted_down = run.marker(city).exists()
        is_running = processes.children[city].is_running
        if wanted_down and is_running:
            for child in (city, holder_of(city)):
                processes.children[child].stop()
            tell(f"{city} is down")
        elif not wanted_down and not is_running:
            await processes.restart_city(city)
            tell(f"{city} is back")


async def _wait(stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), _PAUSE)
    except TimeoutError:
        return


def _ports() -> dict[str, int]:
    """Return the usual ports if all are free, else any that are."""
    return dict(PORTS) if all(_is_free(port) for port in PORTS.values()) else free_ports(CITIES)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
