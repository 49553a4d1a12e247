"""Every numbered command of the guides runs, in the order of their story, on a network that is started for it.

A block of a guide after a comment `<!-- step N -->` is a part of the story; blocks of all guides run sorted by N,
in one shell. The guides name the usual ports, which are replaced by this network's.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from api.stack.network import Stack
from api.stack.supervisor import PORTS, RunFolder

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs" / "guide").glob("*.md"))
STEP = re.compile(r"^<!-- step (\d+) -->\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 1200


def story() -> list[tuple[int, str]]:
    """Return the numbered blocks of all guides in order."""
    return sorted((int(number), block) for guide in GUIDES for number, block in STEP.findall(guide.read_text()))


def test_no_two_blocks_have_one_number() -> None:
    numbers = [number for number, _ in story()]
    assert len(numbers) == len(set(numbers)) > 20


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_a_comment_of_the_story_stands_before_a_block(guide: Path) -> None:
    text = guide.read_text()
    assert text.count("<!-- step ") == len(STEP.findall(text)) > 0


def test_the_story_that_the_guides_tell(tmp_path: Path) -> None:
    network = RunFolder(tmp_path / "var" / "network")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    try:
        network.start_detached()
        urls = Stack.load(network.folder).cities
        script = "\n".join(block for number, block in story() if 10 < number < 99)
        for name, port in PORTS.items():
            script = script.replace(f"http://127.0.0.1:{port}", urls[name])
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-x", "-c", script],
            cwd=tmp_path,
            env=os.environ
            | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "200"}
            | {"SUNBID_PASSPHRASE": "a-passphrase", "SUNBID_RECOVERY_PASSPHRASE": "another-passphrase"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:]
    finally:
        network.stop()
    assert "opened  CNY 128000.00" in done.stdout
