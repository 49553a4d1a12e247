"""Tenders on record, replayed by the command itself through three cities: every oddity ends as the rules say.

The records in `records/` are ours, in the sources' formats; `../shared/data` is used where it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from api.cli.replay import COMMANDS
from ledger.canonical import JsonObject
from ledger.chain.evidence.trust import TrustFile
from witness.audit.verify import verify

RECORDS = Path(__file__).parent / "records"
SHARED = Path(__file__).parents[3] / "shared" / "data"
CEILING_MIB = 1024


def replay(folder: Path, out: Path, *options: str) -> dict[str, Any]:
    """Replay a source's records; the report is `out`/report.json, the bundles lie in `out`/bundles."""
    report = out / "report.json"
    arguments = [str(folder), "--source", folder.name, "--report", str(report), "--bundles", str(out / "bundles")]
    done = CliRunner().invoke(COMMANDS["replay"], [*arguments, *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    value: dict[str, Any] = orjson.loads(report.read_bytes())
    assert_verifiable(out / "bundles", len(value["tenders"]))
    return value


def assert_verifiable(bundles: Path, count: int) -> None:
    """Anybody can check the bundles afterwards with the trust file that lies beside them."""
    found = sorted(bundles.glob("*.zip"))
    trust = TrustFile.from_bytes((bundles / "trust.json").read_bytes())
    assert len(found) == count
    assert all(verify(bundle.read_bytes(), trust).ok for bundle in found)


def without_bundle(entry: JsonObject) -> JsonObject:
    """Return an entry but for its bundle, which has to be there and to have verified."""
    rest = dict(entry)
    assert Path(str(rest.pop("bundle"))).stat().st_size > 0
    assert rest.pop("verified") is True
    return rest


def entry(contract: str, bids: int, rejected: int, **more: Any) -> JsonObject:
    counts: JsonObject = {"bids": bids, "sealed": bids, "opened": bids, "rejected": rejected}
    return {"contract": contract, **counts, "award": None, "reason": None, "agrees": None, **more}


def test_world_bank_contracts_with_every_oddity(tmp_path: Path) -> None:
    report = replay(RECORDS / "worldbank", tmp_path)
    assert [without_bundle(found) for found in report["tenders"]] == [
        entry(
            "SPLIT1", 3, 1, expected=["Alder Works Ltd"], agrees=True,
            award={"bidder": "Alder Works Ltd", "price": "3800000.50", "currency": "USD"},
        ),
        entry("MIXED2", 3, 0, expected=["Fir Supply"], reason="not_comparable"),
        entry("NONE3", 1, 1, expected=[], reason="no_valid_bid"),
        entry(
            "OPEN4", 2, 0, expected=["Hazel AG"], agrees=False,
            award={"bidder": "Hazel AG (2)", "price": "1999.99", "currency": "CUP"},
        ),
    ]  # fmt: skip
    totals = report["totals"]
    assert (totals["tenders"], totals["verified"], totals["bids"], totals["opened"]) == (4, 4, 9, 9)
    assert totals["reasons"] == {"no_valid_bid": 1, "not_comparable": 1}
    assert totals["seconds"] > 0
    assert 0 < totals["peak_rss_mib"] < CEILING_MIB


def test_tsuchiura_auctions_between_their_limits(tmp_path: Path) -> None:
    report = replay(RECORDS / "tsuchiura", tmp_path)
    assert [without_bundle(found) for found in report["tenders"]] == [
        entry(
            "901", 3, 0, expected=["betula"], agrees=True,
            award={"bidder": "betula", "price": "8000000.0", "currency": "JPY"},
        ),
        entry(
            "902", 2, 1, expected=["acer (2)"], agrees=True,
            award={"bidder": "acer (2)", "price": "4900000.0", "currency": "JPY"},
        ),
        entry("903", 1, 0, expected=[], reason="no_valid_bid"),
    ]  # fmt: skip


@pytest.mark.skipif(not SHARED.exists(), reason="the real records are not here: ../shared/data is absent")
def test_a_real_contract_is_awarded_as_on_record(tmp_path: Path) -> None:
    report = replay(SHARED / "worldbank", tmp_path, "--contract", "OP00023062")
    [found] = report["tenders"]
    assert (found["contract"], found["agrees"], found["reason"]) == ("OP00023062", True, None)
    assert found["verified"] is True
