"""`sunbid bundle` before it asks a city; what a city gives: tests/e2e."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from api.cli.bundle import COMMANDS


def test_the_full_bundle_is_for_somebody_with_keys(tmp_path: Path) -> None:
    arguments = ["0x" + "00" * 32, "--city", "http://127.0.0.1:1", "--out", str(tmp_path / "full.zip"), "--full"]
    done = CliRunner().invoke(COMMANDS["bundle"], arguments)
    assert "name its key folder with --keys" in str(done.exception)
