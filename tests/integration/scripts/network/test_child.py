"""A node that does not come up says so, with the end of its log."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts.network.child import NodeError, NodeProcess, free_port


def node(tmp_path: Path, program: str) -> NodeProcess:
    url = f"http://127.0.0.1:{free_port()}"
    return NodeProcess("v1", [sys.executable, "-c", program], tmp_path / "logs" / "v1.log", url)


def test_a_node_that_ends_at_once(tmp_path: Path) -> None:
    process = node(tmp_path, "print('the port is taken')")
    process.start()
    with pytest.raises(NodeError, match="the port is taken"):
        process.wait(1)
    assert not process.is_running


def test_stop_and_kill_end_the_process(tmp_path: Path) -> None:
    for end in (NodeProcess.stop, NodeProcess.kill):
        process = node(tmp_path, "import time; time.sleep(60)")
        assert process.pid is None
        process.start()
        assert process.is_running
        end(process)
        assert not process.is_running
