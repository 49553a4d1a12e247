"""A process dies at the place that it was told, at the visit that it was told, and nowhere else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from ledger.failpoints import VARIABLE, Failpoint, FailpointError, parse

PROGRAM = """
from ledger.failpoints import Failpoint, reach
for number in range(5):
    reach(Failpoint.SENDER_SENT)
    reach(Failpoint.SENDER_STORED)
    print(number, flush=True)
"""


def run(asked: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, VARIABLE: asked}
    return subprocess.run([sys.executable, "-c", PROGRAM], check=False, capture_output=True, text=True, env=environment)


class TestParse:
    def test_nothing_asked_is_nothing(self) -> None:
        assert parse("") is None

    def test_a_name_means_the_first_visit(self) -> None:
        assert parse("sender.sent") == (Failpoint.SENDER_SENT, 1)
        assert parse("sender.sent:7") == (Failpoint.SENDER_SENT, 7)

    @pytest.mark.parametrize("text", ["sender.lost", "sender.sent:0", "sender.sent:", "SENDER_SENT", " sender.sent"])
    def test_what_the_table_lacks_is_refused(self, text: str) -> None:
        with pytest.raises(FailpointError, match=VARIABLE):
            parse(text)


class TestReach:
    def test_dies_like_in_a_power_cut_at_the_named_visit(self) -> None:
        ended = run("sender.stored:3")
        assert ended.returncode == -signal.SIGKILL
        assert ended.stdout.split() == ["0", "1"]

    def test_lives_where_nothing_is_asked(self) -> None:
        assert run("").stdout.split() == ["0", "1", "2", "3", "4"]

    def test_a_process_with_a_typing_error_does_not_start(self) -> None:
        ended = run("sender.snet")
        assert ended.returncode == 1
        assert "FailpointError" in ended.stderr
