"""The command as a whole: names, help, and how a refusal is shown."""

from __future__ import annotations

import sys

import pytest
import typer
from typer.testing import CliRunner

import api.cli
from api.cli.app import _COMMANDS, app, load, print_problem, single
from ledger.errors import SunbidError


def words(text: str) -> str:
    return " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_is_where_the_table_says(name: str) -> None:
    command = load(name)
    assert (command.name, command.short_help) == (name, _COMMANDS[name][1])
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert f"sunbid {name}" in result.output


def test_help_names_every_command_and_imports_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[load.__module__], "load", lambda _name: pytest.fail("help imported a command"))
    result = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert all(
        f" {name} " in result.output and summary in words(result.output) for name, (_, summary) in _COMMANDS.items()
    )


def test_an_unknown_command_is_refused() -> None:
    result = CliRunner().invoke(app, ["nosuch"])
    assert result.exit_code == 2
    assert "No such command 'nosuch'" in result.output


def test_a_refusal_is_a_sentence_with_its_code_and_exit_code_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise SunbidError("Do it the other way.", code="test.refused", tender=b"\x01\x02")

    monkeypatch.setattr("api.cli.app", refuse)
    with pytest.raises(SystemExit) as exit_:
        api.cli.main()
    assert exit_.value.code == 1
    shown = capsys.readouterr().err
    assert "✗ Do it the other way." in shown
    assert "code test.refused  tender=0x0102" in shown


def test_what_others_wrote_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_problem(SunbidError("[bold]no[/bold] [markup", code="test.refused"))
    assert "[bold]no[/bold] [markup" in capsys.readouterr().err


def test_single_makes_a_command_of_a_function() -> None:
    said: list[str] = []
    result = CliRunner().invoke(single(lambda: said.append("done")), [])
    assert (result.exit_code, said) == (0, ["done"])
    assert isinstance(single(lambda: None), typer.Typer)
