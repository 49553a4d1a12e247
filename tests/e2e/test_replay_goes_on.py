"""A replay in which a tender cannot end, and one that somebody ends: what ended is reported, nothing else is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import orjson
import pytest

from api.cli.replay import INTERRUPTED
from api.replay.network import open_replay_stage
from api.replay.report import Outcome
from api.replay.run import Replay, ReplayRun
from api.replay.worldbank import read_worldbank
from tests.e2e.test_replay import RECORDS, without_bundle

STUCK = "SPLIT1"
PATIENCE_SECONDS = 120


async def test_a_stuck_tender_is_reported_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in = ReplayRun.hand_in_turn

    async def hand_in_and_suspend(run: ReplayRun, turn: asyncio.Semaphore) -> None:
        await hand_in(run, turn)
        if run.sample.contract == STUCK:
            await run.conduct.suspend(run.conduct.parties.supervisor, "A complaint that nobody ever looks into.")

    monkeypatch.setattr(ReplayRun, "hand_in_turn", hand_in_and_suspend)
    tenders = list(islice(read_worldbank(RECORDS / "worldbank"), 3))
    ended: list[Outcome] = []
    announced: list[str] = []

    def progress(step: str) -> None:
        announced.extend([step] * (step == "announce"))
        if len(announced) == len(tenders):
            replaying.cancel()

    async with open_replay_stage(tmp_path, len(tenders)) as stage:
        replay = Replay(stage, tmp_path / "bundles", batch=2, progress=progress)
        replaying = asyncio.create_task(replay.run(tenders, ended.append))
        with pytest.raises(asyncio.CancelledError):
            await replaying

    stuck, other = (outcome.to_json() for outcome in ended)
    error = stuck.pop("error")
    assert isinstance(error, dict)
    assert error["code"] == "robot.stuck"
    assert str(error["message"]).startswith("step 'close': tender in state")
    assert stuck == {
        "contract": STUCK, "bids": 3, "sealed": 0, "opened": 0, "rejected": 1, "award": None, "reason": None,
        "expected": ["Alder Works Ltd"], "agrees": None, "bundle": None, "verified": False,
    }  # fmt: skip
    assert without_bundle(other)["reason"] == "not_comparable"
    assert [path.name for path in (tmp_path / "bundles").iterdir()] == ["MIXED2.zip"]


def test_a_replay_ended_by_hand_leaves_a_whole_report(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    program = (  # whoever runs tests in the background has SIGINT ignored, and children inherit that
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from api.cli.replay import COMMANDS; COMMANDS['replay']()"
    )
    arguments = [str(RECORDS / "worldbank"), "--report", str(report)]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    end = time.monotonic() + PATIENCE_SECONDS
    while not report.exists() and process.poll() is None and time.monotonic() < end:
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == INTERRUPTED, said
    assert "this is what had ended" in said
    value = orjson.loads(report.read_bytes())
    assert value["tenders"] == []
    assert value["totals"]["tenders"] == 0
    assert value["totals"]["peak_rss_mib"] > 0
