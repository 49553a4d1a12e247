"""Ganache ends when it is told to, whatever `node` is on this machine."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.chain.devnet import CHAIN_ID
from ledger.chain.node import NodeError
from scripts.network import ganache
from scripts.network.ganache import start_ganache

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_nothing_of_it_stays(end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel's `node` is a script that starts Node and does not pass signals on."""
    found = subprocess.run(
        ["node", "-p", "process.execPath"], check=True, capture_output=True, text=True
    ).stdout.strip()
    shim = tmp_path / "bin" / "node"
    shim.parent.mkdir()
    shim.write_text(
        f"#!{sys.executable}\nimport subprocess, sys\nsys.exit(subprocess.call([{found!r}, *sys.argv[1:]]))\n"
    )
    shim.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{shim.parent}:/usr/bin:/bin")
    process = start_ganache(tmp_path)
    assert process.ask("eth_chainId") == hex(CHAIN_ID)
    getattr(process, end)()
    with pytest.raises(OSError, match="refused"):
        process.ask("eth_chainId")


def test_without_it_the_remedy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ganache, "_PROGRAM", tmp_path / "none")
    with pytest.raises(NodeError, match="make setup"):
        start_ganache(tmp_path)
