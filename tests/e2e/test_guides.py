"""Every numbered command of the guides runs, in the order of their story, on a network that its first step starts.

A block of a guide after a comment `<!-- step N -->` is a part of the story; blocks of all guides run sorted by N, in
one shell. This process, which has everything imported, answers for `sunbid`; the network is started and stopped by the
command itself.
"""

from __future__ import annotations

import json
import os
import re
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.app import app
from api.stack.network import Stack
from api.stack.supervisor import PORTS
from ledger.errors import SunbidError

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs" / "guide").glob("*.md"))
STEP = re.compile(r"^<!-- step (\d+) -->\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 900

CLIENT = """
import json, os, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
named = {name: value for name, value in os.environ.items() if name.startswith("SUNBID_")}
line.sendall(json.dumps([sys.argv[2:], named]).encode() + b"\\n")
code, said = json.loads(line.makefile().read())
sys.stdout.write(said)
sys.exit(code)
"""

SHELL = """
sunbid() {
    case $1 in
    up | down) command sunbid "$@" ;;
    *) python3 -S client.py line "$@" ;;
    esac
}
"""


class Answer(socketserver.StreamRequestHandler):
    """Runs one command in this process and tells its exit code and what it printed."""

    def handle(self) -> None:
        words, named = json.loads(self.rfile.readline())
        result = CliRunner().invoke(app, words, env={**named, "COLUMNS": "200"})
        said, code = result.output, result.exit_code
        if isinstance(result.exception, SunbidError):
            said += f"{result.exception.message} {result.exception.code}\n"
        elif result.exception is not None and not isinstance(result.exception, SystemExit):
            said += repr(result.exception)
        self.wfile.write(json.dumps([code, said]).encode())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder where the story plays, with somebody who answers `sunbid`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (tmp_path / "client.py").write_text(CLIENT)
    with socketserver.UnixStreamServer("line", Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield tmp_path
        finally:
            server.shutdown()
            thread.join()


def story() -> list[tuple[int, str]]:
    """Return the numbered blocks of all guides in order."""
    return sorted((int(number), block) for guide in GUIDES for number, block in STEP.findall(guide.read_text()))


def play(place: Path, script: str) -> str:
    """Run a part of the story; fail with what was printed last."""
    log = place / "said.txt"
    secrets = {"SUNBID_PASSPHRASE": "a-passphrase", "SUNBID_RECOVERY_PASSPHRASE": "another-passphrase"}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with log.open("wb") as out:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-x", "-c", SHELL + script],
            env=os.environ | {"PATH": path} | secrets,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    said = log.read_text()
    assert done.returncode == 0, said[-4000:]
    return said


def test_no_two_blocks_have_one_number() -> None:
    numbers = [number for number, _ in story()]
    assert len(numbers) == len(set(numbers)) > 20


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_a_comment_of_the_story_stands_before_a_block(guide: Path) -> None:
    text = guide.read_text()
    assert text.count("<!-- step ") == len(STEP.findall(text)) > 0


def test_the_story_that_the_guides_tell(place: Path) -> None:
    (_, start), *middle, (_, end) = story()
    try:
        assert "http://127.0.0.1:" in play(place, start)
        script = "\n".join(block for _, block in middle)
        for name, url in Stack.load(place / "var" / "network").cities.items():
            script = script.replace(f"http://127.0.0.1:{PORTS[name]}", url)
        said = play(place, script)
    finally:
        assert "stopped" in play(place, end)
    assert "attested by" in said
    assert "opened  CNY 128000.00" in said
