"""`sunbid replay` before it founds a network: sources, limits, contracts that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.replay import COMMANDS, SourceName, peak_rss_mib
from api.replay.record import RecordError

RECORDS = Path(__file__).parents[3] / "e2e" / "records"


@pytest.mark.parametrize(("source", "first"), [(SourceName.WORLDBANK, "SPLIT1"), (SourceName.TSUCHIURA, "901")])
def test_each_source_has_its_reader(source: SourceName, first: str) -> None:
    assert next(source.read(RECORDS / source.value)).contract == first


def test_a_contract_that_is_not_in_the_file_and_a_folder_without_one_are_refused(tmp_path: Path) -> None:
    def refused(folder: Path, *options: str) -> str:
        arguments = [str(folder), "--source", "worldbank", "--report", str(tmp_path / "report.json"), *options]
        done = CliRunner().invoke(COMMANDS["replay"], arguments)
        assert isinstance(done.exception, RecordError)
        return done.exception.message

    assert "no contract NOWHERE" in refused(RECORDS / "worldbank", "--contract", "NOWHERE")
    assert "cannot be read" in refused(tmp_path)
    assert not (tmp_path / "report.json").exists()


def test_an_unknown_source_and_no_tenders_at_all_are_misuse() -> None:
    folder = str(RECORDS / "worldbank")
    assert CliRunner().invoke(COMMANDS["replay"], [folder, "--source", "elsewhere"]).exit_code == 2
    assert CliRunner().invoke(COMMANDS["replay"], [folder, "--source", "worldbank", "--limit", "0"]).exit_code == 2
    assert CliRunner().invoke(COMMANDS["replay"], []).exit_code == 2


def test_memory_is_told_in_mebibytes() -> None:
    assert 10 < peak_rss_mib() < 64 * 1024
