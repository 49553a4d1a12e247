"""A node that does not come up says so, with the end of its log; one that answers can be asked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ledger.chain import node as node_module
from ledger.chain.node import NodeError, NodeProcess
from ledger.loopback import free_port
from tests.fixtures.network import Network


def node(log: Path | None, program: str) -> NodeProcess:
    return NodeProcess("v1", [sys.executable, "-c", program], f"http://127.0.0.1:{free_port()}", log)


def test_a_node_that_ends_at_once(tmp_path: Path) -> None:
    process = node(tmp_path / "logs" / "v1.log", "print('the port is taken')")
    process.start()
    with pytest.raises(NodeError, match="the port is taken"):
        process.wait(1)
    assert not process.is_running


def test_without_a_log_it_says_what_to_look_at() -> None:
    process = node(None, "")
    process.start()
    with pytest.raises(NodeError, match="is the port free"):
        process.wait(1)


def test_a_node_of_another_chain_is_waited_for_in_vain(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_module, "START_SECONDS", 0.1)
    process = NodeProcess("v1", [sys.executable, "-c", "import time; time.sleep(60)"], network.url, None)
    process.start()
    try:
        with pytest.raises(NodeError, match="did not come up"):
            process.wait(1)
    finally:
        process.kill()


def test_a_refusal_names_the_method(network: Network) -> None:
    process = NodeProcess("anvil", [], network.url, None)
    assert process.ask("eth_chainId")
    with pytest.raises(NodeError, match="anvil refused eth_nothing"):
        process.ask("eth_nothing")


def test_no_proxy_is_asked(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert NodeProcess("anvil", [], network.url, None).ask("eth_chainId")


def test_one_that_does_not_end_when_asked_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    process = node(tmp_path / "log", deaf)
    process.start()
    while "deaf" not in process.last_words():
        assert process.is_running
    monkeypatch.setattr(node_module, "STOP_SECONDS", 0.05)
    process.stop()
    assert not process.is_running


def test_stop_and_kill_end_the_process(tmp_path: Path) -> None:
    for end in (NodeProcess.stop, NodeProcess.kill):
        process = node(tmp_path / "log", "import time; time.sleep(60)")
        assert process.pid is None
        process.start()
        assert process.is_running
        end(process)
        assert not process.is_running
