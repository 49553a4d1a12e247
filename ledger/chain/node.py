"""A chain node as a child process: it answers JSON-RPC at a URL, and ends with this process.

For development chains and for tests. What a city asks of its node goes through `ledger.chain.rpc`; what is here blocks,
and is for starting and stopping.
"""

from __future__ import annotations

import ctypes
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger.errors import SunbidError

START_SECONDS = 60.0
"""Patience with a machine that has other things to do, not what a node needs."""
STOP_SECONDS = 20.0
_ASK_SECONDS = 15.0
_PAUSE = 0.02
_LAST_LINES = 15
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Whatever proxy the environment names: what runs on this machine is not behind it."""


class NodeError(SunbidError):
    """A chain node does not come up, or refuses what it was asked."""

    code = "chain.node"


class NodeProcess:
    """A node that can be started, stopped, killed and started again on the data that it left.

    `log` is the file to which its output is appended; without one it is thrown away.
    """

    def __init__(self, name: str, command: Sequence[str], url: str, log: Path | None) -> None:
        self.name = name
        self.command = tuple(command)
        self.url = url
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id, None before the first start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process; `wait` says when it answers."""
        if self.log is None:
            self._start(subprocess.DEVNULL)
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._start(output.fileno())

    def _start(self, output: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own binaries and flags
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call of a library that is loaded already
        )

    def wait(self, chain_id: int) -> None:
        """Return when the node answers for this chain; refuse with the end of its log if it does not."""
        until = time.monotonic() + START_SECONDS
        while self.is_running and time.monotonic() < until:
            try:
                if self.ask("eth_chainId") == hex(chain_id):
                    return
            except OSError:  # it does not listen yet
                pass
            time.sleep(_PAUSE)
        doubts = "is the port free, the state on disk whole?"
        raise NodeError(f"{self.name} did not come up at {self.url}: {doubts}\n{self.last_words()}")

    def ask(self, method: str, *params: object) -> Any:
        """Return the result of one call, blocking; raise `NodeError` if the node refuses, OSError if it is silent."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})  # noqa: S310 - loopback
        with _DIRECTLY.open(request, timeout=_ASK_SECONDS) as response:
            answer = json.load(response)
        if "error" in answer:
            raise NodeError(f"{self.name} refused {method}: {answer['error']['message']}", method=method)
        return answer["result"]

    def stop(self) -> None:
        """Ask the process to end and wait; kill it if it does not."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End the process as a power cut would: what was not written yet is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """Return the end of the log, for an error message."""
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LAST_LINES:])


def _die_with_parent() -> None:
    """Have Linux end the child with the thread that started it: a test run that is killed leaves no chain behind."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
