"""A tender's story: no line left out, and the way's stations where the records are."""

from __future__ import annotations

import pytest

from api.web.charts import Progress
from api.web.story import Line, chapters, stations
from bidding.box.book import LotState
from bidding.tender.domain import TenderState
from bidding.tender.models import TenderLotRow, TenderRow
from witness.log.kinds import Kind


def line(index: int, kind: Kind | None) -> Line:
    return Line(index, index + 1, kind.value if kind else None, 100 + index)


def row(state: TenderState, **moments: int | None) -> TenderRow:
    values = {"announced_at": 10, "closing_at": None, "listed_at": None, "deadline": 90, **moments}
    return TenderRow(tender=bytes(32), state=state.value, **values)


def lot(state: TenderState, chain: LotState, **others: object) -> TenderLotRow:
    return TenderLotRow(tender=bytes(32), number=0, state=state.value, chain_state=int(chain), **others)


def progress(tender: TenderRow, *lots: TenderLotRow, lines: list[Line] | None = None) -> list[str]:
    return [station.progress.value for station in stations(tender, lots, lines or [], str)]


class TestChapters:
    def test_every_line_is_in_exactly_one_chapter_in_order(self) -> None:
        kinds = [Kind.NOTICE_PUBLISHED, *[Kind.PRICE_READ] * 5, None, *[Kind.BOX_OPENED] * 2, Kind.AWARD_DECIDED]
        lines = [line(index, kind) for index, kind in enumerate(kinds)]
        assert [one for chapter in chapters(lines) for one in chapter.lines] == lines

    def test_only_long_runs_of_records_are_folded(self) -> None:
        opened = [line(i, Kind.BIDDER_OPENED if i % 2 else Kind.PRICE_READ) for i in range(4)]
        assert [(chapter.key, len(chapter.lines)) for chapter in chapters(opened)] == [("fold.bids", 4)]
        assert [chapter.key for chapter in chapters(opened[:3])] == [None] * 3


class TestStations:
    def test_before_the_deadline_everything_is_ahead(self) -> None:
        found = stations(row(TenderState.ANNOUNCED), [lot(TenderState.ANNOUNCED, LotState.WAITING)], [], str)
        assert [station.progress.value for station in found] == ["done", "now", "ahead", "ahead", "ahead", "ahead"]
        assert found[1].moment is not None  # the deadline is known; nothing later is
        assert all(station.moment is None for station in found[2:])

    def test_an_award_is_the_end_of_the_way(self) -> None:
        done = lot(TenderState.DECIDED, LotState.AWARDED, report=bytes(32), reported_at=120, decided_at=130)
        tender = row(TenderState.DECIDED, closing_at=91, listed_at=95)
        found = stations(tender, [done], [line(3, Kind.OPENING_RECORD)], str)
        assert {station.progress for station in found} == {Progress.DONE}
        assert all(station.moment is not None for station in found)

    @pytest.mark.parametrize("state", [TenderState.FAILED, TenderState.TERMINATED])
    def test_what_broke_off_is_shown_where_it_broke(self, state: TenderState) -> None:
        tender = row(state, closing_at=91, listed_at=95)
        assert progress(tender, lot(TenderState.FAILED, LotState.FAILED))[3:] == ["broken", "ahead", "ahead"]

    def test_a_failed_lot_does_not_hold_up_the_others(self) -> None:
        lots = [
            lot(TenderState.FAILED, LotState.FAILED),
            lot(TenderState.DECIDED, LotState.AWARDED, report=bytes(32), reported_at=1, decided_at=2),
        ]
        assert set(progress(row(TenderState.DECIDED, closing_at=91, listed_at=95), *lots)) == {"done"}
