"""A chain node as a child process: it answers JSON-RPC at a URL, and ends with this process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.chain.devnet import die_with_parent
from ledger.errors import SunbidError

START_SECONDS = 60.0
STOP_SECONDS = 20.0
_ASK_SECONDS = 10.0
_PAUSE = 0.02


class NodeError(SunbidError):
    """A chain node does not come up, or refuses what starting a network asks of it."""

    code = "network.node"


@dataclass
class NodeProcess:
    """A node that can be started, stopped, killed and started again on the data that it left."""

    name: str
    command: Sequence[str]
    log: Path
    url: str
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id, None before the first start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process; its output goes to the end of its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one prctl
            )

    def wait(self, chain_id: int) -> None:
        """Return when the node answers for this chain; refuse with the end of its log if it does not."""
        until = time.monotonic() + START_SECONDS
        while self.is_running and time.monotonic() < until:
            try:
                if self.ask("eth_chainId") == hex(chain_id):
                    return
            except OSError:
                time.sleep(_PAUSE)
        raise NodeError(f"{self.name} did not come up at {self.url}:\n{self.last_words()}")

    def ask(self, method: str, *params: object) -> Any:
        """Return the result of one call, blocking; raise `NodeError` if the node refuses, OSError if it is silent."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=_ASK_SECONDS) as response:  # noqa: S310 - loopback
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
        """End the process as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """Return the end of the log, for an error message."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:]) if self.log.exists() else ""


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
