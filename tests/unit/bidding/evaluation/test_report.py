"""Reports: what the panel signs is recomputed record by record, so no wrong figure passes."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from bidding.evaluation.domain import EvaluationError, FailureReason, LotCase, NoAward, OpenedBid, Ranking, Rejection
from bidding.evaluation.report import (
    Examination,
    Finding,
    Report,
    evaluation_report,
    parse_report,
    read_evaluation,
    read_examination,
)
from bidding.tender.rules import by_id
from ledger import canonical
from ledger.acts import Envelope
from ledger.errors import SunbidError
from tests.fixtures.tenders import (
    TENDER,
    b32,
    evaluated,
    opened,
    price_lot,
    rejected,
    scored_case,
    scored_lot,
)

SCORED, LOWEST = by_id("dev-two-envelope"), by_id("dev-international")
CASE = scored_case(
    {"a": [("30", "15"), ("31", "16")], "b": [("20", "5"), ("22", "6")]}, {"a": "CNY 80", "b": "CNY 90", "c": "CNY 1"}
)
CASE = dataclasses.replace(CASE, assessments={**CASE.assessments, **rejected("c")})
REPORT, OUTCOME = evaluation_report(TENDER, CASE, SCORED)


def read(report: Report, bids: tuple[OpenedBid, ...] = CASE.bids) -> Any:
    return read_evaluation(report, TENDER, scored_lot(), SCORED, bids)


def changed(number: int, **members: object) -> Report:
    records = copy.deepcopy(list(REPORT.records))
    records[number] |= members  # type: ignore[arg-type]
    return dataclasses.replace(REPORT, records=tuple(records))


class TestEvaluationReport:
    def test_it_is_read_back_and_recomputed(self) -> None:
        case, outcome = read(parse_report(REPORT.to_bytes()))
        assert outcome == OUTCOME
        assert isinstance(outcome, Ranking)
        assert [c.bidder for c in outcome.candidates] == [b32("a"), b32("b")]
        assert case.sheets == tuple(sorted(CASE.sheets, key=lambda s: (s.bidder != b32("a"), s.seat)))

    def test_the_root_covers_every_record(self) -> None:
        roots = {changed(i, extra="x").root for i in range(len(REPORT.records))}
        assert len(roots) == len(REPORT.records)
        assert REPORT.root not in roots

    @pytest.mark.parametrize(
        ("number", "members"),
        [
            (0, {"ranking": []}),
            (0, {"lot": 2}),
            (0, {"tender": "0x" + "00" * 32}),
            (0, {"formula": "lowest_evaluated_price"}),
            (0, {"rulePack": "0x" + "00" * 32}),
            (1, {"rank": 2}),
            (1, {"total": "100.00"}),
            (1, {"technicalPoints": "46.51"}),
            (1, {"prices": []}),
            (2, {"place": 0}),
            (3, {"standing": "valid"}),
            (3, {"opened": False}),
        ],
    )
    def test_a_wrong_figure_is_named_by_its_record(self, number: int, members: dict[str, object]) -> None:
        with pytest.raises(EvaluationError) as caught:
            read(changed(number, **members))
        assert caught.value.code == "report.differs"

    def test_a_bid_left_out_or_moved_is_refused(self) -> None:
        header, first, second, *rest = REPORT.records
        for records in ((header, second, first, *rest), (header, first, *rest), (header,)):
            with pytest.raises(SunbidError):
                read(dataclasses.replace(REPORT, records=tuple(records)))

    def test_other_bids_than_were_opened_are_refused(self) -> None:
        cheaper = (dataclasses.replace(CASE.bids[0], prices=opened(a="CNY 79")[0].prices), *CASE.bids[1:])
        with pytest.raises(EvaluationError) as caught:
            read(REPORT, cheaper)
        assert caught.value.code == "report.differs"

    def test_a_sheet_of_nobody_is_refused(self) -> None:
        stranger = dataclasses.replace(CASE.sheets[0], bidder=b32("stranger"))
        extra = canonical.loads_object(stranger.to_bytes())
        with pytest.raises(EvaluationError) as caught:
            read(dataclasses.replace(REPORT, records=(*REPORT.records, extra)))
        assert caught.value.code == "report.differs"

    def test_an_examination_is_no_evaluation(self) -> None:
        with pytest.raises(EvaluationError) as caught:
            read(dataclasses.replace(REPORT, kind="examination-report"))
        assert caught.value.code == "report.incomplete"

    def test_a_report_states_why_there_is_no_award(self) -> None:
        case = LotCase(price_lot(), opened(a="CNY 1", b="USD 2"), evaluated(a="CNY 1"))
        report, outcome = evaluation_report(TENDER, case, LOWEST)
        assert isinstance(outcome, NoAward)
        assert outcome.reason is FailureReason.NOT_COMPARABLE
        assert report.records[0]["noAward"] == "not_comparable"
        again = read_evaluation(report, TENDER, price_lot(), LOWEST, case.bids)
        assert again == (dataclasses.replace(case, assessments=again[0].assessments), outcome)

    def test_another_version_is_refused(self) -> None:
        body = canonical.loads_object(REPORT.to_bytes(), max_size=1 << 20) | {"v": 2}
        with pytest.raises(EvaluationError) as caught:
            parse_report(canonical.dumps(body, max_size=1 << 20))
        assert caught.value.code == "report.malformed"


class TestExamination:
    FOUND = Examination(
        TENDER, 1, Envelope.TECHNICAL, (Finding(b32("a")), Finding(b32("b"), Rejection("REG 51(3)", "unqualified")))
    )

    def test_it_is_read_back_with_its_exclusions(self) -> None:
        report = parse_report(self.FOUND.report().to_bytes())
        assert read_examination(report, TENDER, 1, Envelope.TECHNICAL) == self.FOUND
        assert self.FOUND.excluded == (b32("b"),)

    @pytest.mark.parametrize(
        ("tender", "lot", "envelope"),
        [(b32("x"), 1, Envelope.TECHNICAL), (TENDER, 2, Envelope.TECHNICAL), (TENDER, 1, Envelope.QUALIFICATION)],
    )
    def test_another_tender_lot_or_envelope_is_refused(self, tender: bytes, lot: int, envelope: Envelope) -> None:
        with pytest.raises(EvaluationError) as caught:
            read_examination(self.FOUND.report(), tender, lot, envelope)
        assert caught.value.code == "report.differs"

    @pytest.mark.parametrize("report", [Report("examination-report", ()), REPORT])
    def test_another_report_is_refused(self, report: Report) -> None:
        with pytest.raises(EvaluationError) as caught:
            read_examination(report, TENDER, 1, Envelope.TECHNICAL)
        assert caught.value.code == "report.malformed"
