from __future__ import annotations

from scripts.chaos.monkey import Kill
from scripts.chaos.outcome import LostError, Outcome
from scripts.chaos.report import kind_of, report_of
from scripts.chaos.run import Chaos, Survived

KILLS = (Kill("luan", 1, True), Kill("hefei", 1, True), Kill("luan-worker-1", 2, False), Kill("luan", 2, True))
CHAOS = Chaos(kills=4, tenders=1, seed=7)


def test_processes_are_of_kinds() -> None:
    names = ("luan", "hefei", "nanjing", "luan-worker-1", "luan-witness", "hefei-holder")
    assert [kind_of(name) for name in names] == ["api", "city", "city", "worker", "witness", "holder"]


def test_a_run_that_was_survived() -> None:
    outcome = Outcome("DECIDED", "a bidder", frozenset(), 3, ())
    report = report_of(CHAOS, KILLS, Survived((outcome,), KILLS, 1.04, 2.0))
    assert report["byKind"] == {"api": 2, "city": 1, "worker": 1}
    assert report["byProcess"] == {"hefei": 1, "luan": 2, "luan-worker-1": 1}
    assert report["seconds"] == {"inPeace": 1.0, "withKills": 2.0}
    assert (report["seed"], report["kills"], report["atWork"], report["bids"]) == (7, 4, 3, 3)
    assert report["survived"] is True


def test_a_run_that_was_not() -> None:
    report = report_of(CHAOS, KILLS[:1], LostError("A slip is nowhere."))
    assert (report["survived"], report["kills"]) == (False, 1)
    assert report["error"] == {"code": "chaos.lost", "message": "A slip is nowhere."}
