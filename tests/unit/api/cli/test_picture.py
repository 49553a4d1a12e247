"""The picture of a demonstration, on a terminal and where output is none."""

from __future__ import annotations

import io

from rich.console import Console

from api.cli.picture import LAST_LINES, Picture, Step


def test_without_a_terminal_every_stage_and_line_is_printed_once() -> None:
    out = io.StringIO()
    with Picture(Console(file=out, width=200), "A tender") as picture:
        picture.step(Step.ANNOUNCE)
        picture.say("tender [red]0x12[/red]")
        picture.step(Step.SUBMIT)
    lines = out.getvalue().splitlines()
    assert lines == [f"— {Step.ANNOUNCE}", "   tender [red]0x12[/red]", f"— {Step.SUBMIT}"]


def test_on_a_terminal_the_last_picture_has_every_stage_and_the_last_lines() -> None:
    out = io.StringIO()
    with Picture(Console(file=out, width=120, height=60, force_terminal=True), "A tender") as picture:
        picture.step(Step.ANNOUNCE)
        for number in range(LAST_LINES + 2):
            picture.say(f"line {number}!")
        picture.step(Step.SUBMIT)
    last = out.getvalue().rpartition("A tender")[2]
    assert all(str(step) in last for step in Step)
    assert last.count("✓") == 2
    assert f"line {LAST_LINES + 1}!" in last
    assert "line 1!" not in last
