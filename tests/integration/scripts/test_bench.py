"""`sunbid bench --quick --json` gives the form that docs/performance.md describes; no figure is judged here."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from api.cli.bench import COMMANDS
from tests.fixtures.database import SERVER


@pytest.mark.skipif(not SERVER, reason="the benchmarks need PostgreSQL: python -m scripts.with_postgres")
def test_a_quick_run_gives_the_documented_form() -> None:
    found = CliRunner().invoke(COMMANDS["bench"], ["--quick", "--json"], catch_exceptions=False)
    assert found.exit_code == 0
    report = json.loads(found.stdout)
    assert set(report) == {"machine", "comparisons", "primitives", "replay"}
    names = [one["name"] for one in report["comparisons"]]
    assert names[:5] == ["box.scan", "bid.seal", "bid.share", "log.tree", "log.append"]
    assert names[5:7] == ["submission", "submission.alone"]
    for one in report["comparisons"]:
        assert one["rounds"] == 3
        assert one["seconds"] > 0 < one["baselineSeconds"]
        assert one["ratio"] == pytest.approx(1 / one["ofBaseline"], rel=0.05)
    if report["replay"] is not None:
        assert names[7:] == ["bundle.verify"]
        assert report["primitives"]["Keccak-256"] > 0
        assert report["replay"]["tenders"] == 1
        assert sum(report["replay"]["profile"]["at"].values()) == pytest.approx(1, abs=0.02)
