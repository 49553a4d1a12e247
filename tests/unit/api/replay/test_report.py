"""The report: written as tenders end, canonical, with sums that say whether anything was lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from api.replay.report import Award, Failure, Outcome, open_report
from ledger import canonical

AWARD = Award("B", "267254619.60", "AMD")
WON = Outcome(
    contract="OP1",
    bids=3,
    sealed=3,
    opened=3,
    rejected=1,
    award=AWARD,
    reason=None,
    expected=("A", "B"),
    bundle="out/OP1.zip",
    verified=True,
)
NONE = replace(WON, contract="OP2", award=None, reason="not_comparable", bundle=None)


@pytest.mark.parametrize(
    ("award", "expected", "agrees"),
    [(AWARD, ("B",), True), (AWARD, ("A", "C"), False), (AWARD, (), None), (None, ("A",), None), (None, (), None)],
)
def test_an_award_agrees_if_it_is_among_those_expected(
    award: Award | None, expected: tuple[str, ...], agrees: bool | None
) -> None:
    assert replace(WON, award=award, expected=expected).agrees is agrees


def test_a_report_has_an_entry_a_tender_and_the_sums(tmp_path: Path) -> None:
    path = tmp_path / "reports" / "replay.json"
    with open_report(path) as report:
        for outcome in (WON, NONE, replace(WON, contract="OP3", expected=("A",), verified=False)):
            report.add(outcome)
        report.finish(12, 345)
    data = path.read_bytes()
    value = orjson.loads(data)
    assert canonical.dumps(value, max_size=len(data)) + b"\n" == data
    assert value["tenders"][0] == {
        "contract": "OP1",
        "bids": 3,
        "sealed": 3,
        "opened": 3,
        "rejected": 1,
        "award": {"bidder": "B", "price": "267254619.60", "currency": "AMD"},
        "reason": None,
        "expected": ["A", "B"],
        "agrees": True,
        "bundle": "out/OP1.zip",
        "verified": True,
    }
    assert (value["tenders"][1]["award"], value["tenders"][1]["reason"]) == (None, "not_comparable")
    assert value["totals"] == {
        "tenders": 3,
        "bids": 9,
        "sealed": 9,
        "opened": 9,
        "rejected": 3,
        "awards": 2,
        "reasons": {"not_comparable": 1},
        "agree": 1,
        "disagree": 1,
        "verified": 2,
        "failed": 0,
        "seconds": 12,
        "peak_rss_mib": 345,
    }


def test_a_tender_that_did_not_end_says_why_and_one_that_did_has_no_such_member() -> None:
    failed = replace(NONE, reason=None, verified=False, error=Failure("robot.stuck", "step 'close': stuck"))
    assert failed.to_json()["error"] == {"code": "robot.stuck", "message": "step 'close': stuck"}
    assert failed.to_json().keys() - WON.to_json().keys() == {"error"}
    with open_report(None) as report:
        report.add(WON)
        report.add(failed)
    assert (report.totals.tenders, report.totals.failed, report.totals.is_whole) == (2, 1, False)


def test_an_entry_is_on_disk_when_its_tender_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "replay.json"
    with open_report(path) as report:
        report.add(WON)
        assert b"OP1" in path.read_bytes()


def test_a_report_of_no_tender_and_one_without_a_file_are_whole(tmp_path: Path) -> None:
    with open_report(tmp_path / "empty.json") as empty, open_report(None) as unwritten:
        empty.finish(0, 1)
        unwritten.add(WON)
        unwritten.finish(0, 1)
    assert orjson.loads((tmp_path / "empty.json").read_bytes())["tenders"] == []
    assert unwritten.totals.tenders == 1


@pytest.mark.parametrize("lost", [replace(WON, sealed=2), replace(WON, opened=2), replace(WON, verified=False)])
def test_a_bid_lost_or_a_bundle_that_does_not_verify_shows_in_the_sums(lost: Outcome) -> None:
    with open_report(None) as report:
        report.add(WON)
        assert report.totals.is_whole
        report.add(lost)
        assert not report.totals.is_whole
