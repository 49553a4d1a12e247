"""The table of a tender's life: complete, without dead ends, and every row refused for each wrong reason."""

from __future__ import annotations

import dataclasses
from itertools import product

import pytest

from bidding.tender.domain import (
    TABLE,
    Actor,
    Interval,
    Step,
    Subject,
    TenderError,
    TenderState,
    Timeline,
    Transition,
    Window,
    interval,
    need,
    overall,
    row,
)
from bidding.tender.rules import by_id
from ledger.acts import ACTS, Committee

TERMS = dataclasses.replace(by_id("dev-two-envelope").terms, publicity=100, publicity_start=50)
TIMES = Timeline(
    deadline=1000, announced_at=100, closing_at=1010, open_from=1020, opening_since=1030, reported_at=1100,
    published_at=1120, decided_at=1300,
)  # fmt: skip
ENDS = {TenderState.ARCHIVED, TenderState.FAILED, TenderState.TERMINATED}


def refusal(step: Step, **others: object) -> str:
    asked = {"state": row(step).sources[0], "actors": row(step).actors, "times": TIMES, "terms": TERMS, "now": 0}
    asked |= {"suspended": False} | others
    with pytest.raises(TenderError) as caught:
        need(step, **asked)  # type: ignore[arg-type]
    return caught.value.code


class TestTable:
    def test_every_step_has_one_row(self) -> None:
        assert sorted(row.step for row in TABLE) == sorted(Step)

    @pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.step)
    def test_every_row_has_its_source_and_names_acts_that_exist(self, entry: Transition) -> None:
        assert entry.legal
        assert entry.published
        assert entry.act is None or entry.act in ACTS

    def test_every_state_is_reached_and_left_unless_it_ends(self) -> None:
        targets = {entry.target for entry in TABLE}
        sources = {source for entry in TABLE for source in entry.sources if entry.target not in {None, source}}
        assert targets - {None} == set(TenderState) - {TenderState.DRAFT}
        assert set(TenderState) - ENDS <= sources

    def test_nothing_moves_while_suspended_but_what_the_contract_lets_move(self) -> None:
        moving = {entry.step for entry in TABLE if entry.while_suspended}
        assert moving == {Step.SUSPEND, Step.RESUME, Step.TERMINATE, Step.CUT, Step.ADMIT}

    def test_the_tenderer_alone_excludes_awards_and_fails(self) -> None:
        for step in (Step.EXCLUDE, Step.DECIDE, Step.FAIL):
            assert row(step).actors == (Actor.TENDERER,)

    def test_bids_are_not_witnessed_in_public_before_the_box_is_open(self) -> None:
        assert row(Step.SUBMIT).published.startswith("nothing until the box is opened")


class TestNeed:
    @pytest.mark.parametrize(("entry", "state"), list(product(TABLE, TenderState)))
    def test_only_the_rows_own_states_take_the_step(self, entry: Transition, state: TenderState) -> None:
        allowed = interval(entry.window, TIMES, TERMS)
        assert allowed.after is not None
        if state in entry.sources:
            assert need(entry.step, state, entry.actors, TIMES, TERMS, allowed.after, suspended=False) is entry
        else:
            assert refusal(entry.step, state=state, now=allowed.after) == "tender.wrong_state"

    @pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.step)
    def test_only_the_rows_own_actors_take_the_step(self, entry: Transition) -> None:
        moment = interval(entry.window, TIMES, TERMS).after
        assert moment is not None
        for actor in set(Actor) - set(entry.actors):
            if Actor.ANYONE in entry.actors:
                need(entry.step, entry.sources[0], (actor,), TIMES, TERMS, moment, suspended=False)
            else:
                assert refusal(entry.step, actors=(actor,), now=moment) == "tender.not_allowed"

    @pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.step)
    def test_suspension_stops_the_step_or_not(self, entry: Transition) -> None:
        moment = interval(entry.window, TIMES, TERMS).after
        assert moment is not None
        if entry.while_suspended:
            need(entry.step, entry.sources[0], entry.actors, TIMES, TERMS, moment, suspended=True)
        else:
            assert refusal(entry.step, suspended=True, now=moment) == "tender.suspended"

    @pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.step)
    def test_the_window_is_inclusive_at_both_ends(self, entry: Transition) -> None:
        allowed = interval(entry.window, TIMES, TERMS)
        assert allowed.after is not None
        if allowed.after > 0:
            assert refusal(entry.step, now=allowed.after - 1) == "tender.wrong_time"
        if allowed.until is not None:
            need(entry.step, entry.sources[0], entry.actors, TIMES, TERMS, allowed.until, suspended=False)
            assert refusal(entry.step, now=allowed.until + 1) == "tender.wrong_time"

    def test_a_step_before_the_one_it_needs_is_refused_in_words(self) -> None:
        with pytest.raises(TenderError) as caught:
            need(Step.DECIDE, TenderState.REPORTED, (Actor.TENDERER,), Timeline(deadline=1), TERMS, 9, suspended=False)
        assert caught.value.facts["after"] is None
        assert "only after the step before it" in caught.value.message


class TestInterval:
    @pytest.mark.parametrize(
        ("window", "expected"),
        [
            (Window.ANY_TIME, Interval(0)),
            (Window.SUBMISSION, Interval(0, 1000 - TERMS.submission_window)),
            (Window.QUESTIONS, Interval(0, 1000 - TERMS.question_lead)),
            (Window.UNTIL_DEADLINE, Interval(0, 1000)),
            (Window.AFTER_DEADLINE, Interval(1001)),
            (Window.GRACE, Interval(1010 + TERMS.grace)),
            (Window.OPEN_FROM, Interval(1020)),
            (Window.OPENING, Interval(1030 + TERMS.committee_after)),
            (Window.PUBLICITY_START, Interval(1100, 1150)),
            (Window.PUBLICITY, Interval(1220)),
            (Window.CONTRACT, Interval(1300, 1300 + TERMS.contract_within)),
        ],
    )
    def test_windows_follow_from_terms(self, window: Window, expected: Interval) -> None:
        assert interval(window, TIMES, TERMS) == expected

    def test_a_committee_that_opens_at_once_waits_for_nobody(self) -> None:
        terms = dataclasses.replace(TERMS, committee=Committee.AT_ONCE)
        assert interval(Window.OPENING, TIMES, terms) == Interval(1030)

    def test_without_a_publicity_period_the_report_suffices(self) -> None:
        terms = dataclasses.replace(TERMS, publicity=0)
        times = dataclasses.replace(TIMES, published_at=None)
        assert interval(Window.PUBLICITY, times, terms) == Interval(1100)
        assert interval(Window.PUBLICITY, times, TERMS) == Interval(None)

    def test_what_has_not_happened_opens_nothing(self) -> None:
        assert not interval(Window.GRACE, Timeline(), TERMS).holds(2**40)


class TestOverall:
    def test_before_the_list_the_tender_has_one_state(self) -> None:
        assert overall(TenderState.CLOSED, [TenderState.FAILED]) is TenderState.CLOSED
        assert overall(TenderState.TERMINATED, [TenderState.DECIDED]) is TenderState.TERMINATED

    def test_then_it_shows_its_least_advanced_lot_that_lives(self) -> None:
        lots = [TenderState.DECIDED, TenderState.FAILED, TenderState.EVALUATING]
        assert overall(TenderState.OPENING, lots) is TenderState.EVALUATING

    def test_a_tender_fails_with_its_last_lot(self) -> None:
        assert overall(TenderState.OPENING, [TenderState.FAILED]) is TenderState.FAILED


def test_subjects_split_the_table() -> None:
    assert {entry.subject for entry in TABLE} == set(Subject)
