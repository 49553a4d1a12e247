"""`sunbid clock`: what it takes for a span, a moment, and a network."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.clock import COMMANDS, _seconds
from api.cli.inputs import InputError
from api.stack.network import StackError


@pytest.mark.parametrize(
    ("text", "seconds"), [(None, 0), ("90s", 90), ("15m", 900), ("6h", 21_600), ("21d", 1_814_400)]
)
def test_a_span_is_a_number_and_a_unit(text: str | None, seconds: int) -> None:
    assert _seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "0m", "-5m", "5w", "1.5h", "٣m", " 5m"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="A span is a number") as error:
        _seconds(text)
    assert error.value.code == "input.clock"


def test_a_moment_or_a_span_but_not_both() -> None:
    result = CliRunner().invoke(COMMANDS["clock"], ["--to", "2026-01-20T09:30+08:00", "--forward", "5m"])
    assert isinstance(result.exception, InputError)


def test_a_folder_without_a_network_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(COMMANDS["clock"], ["--folder", str(tmp_path)])
    assert isinstance(result.exception, StackError)
    assert result.exception.code == "stack.not_found"
