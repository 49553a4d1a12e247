"""A tender's life in one table: from which state, what step, by whom, when, under which article, and what it shows.

Rows drive the services (`need`), the documentation (`docs/tender-states.md`) and the tests. A tender has one state
until the list is fixed; from then on each lot has its own and the tender shows the least advanced lot that has not
failed. SUSPENDED is no state of its own here but a flag of each side beside it: the tender resumes where it was.
TenderBook's CLOSING and CLOSED are both CLOSED here: the deadline has passed and the box is shut.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from bidding.tender.rules import Terms
from ledger import acts
from ledger.errors import SunbidError
from witness.log.kinds import Kind


class TenderError(SunbidError):
    """A step on a tender that its table, its rules or its documents do not allow."""

    code = "tender.refused"


class Subject(StrEnum):
    """What a step moves: the whole tender, or one lot."""

    TENDER = "tender"
    LOT = "lot"


class TenderState(StrEnum):
    """The states of a tender and, from OPENING on, of each of its lots, in order; the last two are ends."""

    DRAFT = "DRAFT"
    ANNOUNCED = "ANNOUNCED"
    CLOSED = "CLOSED"
    OPENING = "OPENING"
    EVALUATING = "EVALUATING"
    REPORTED = "REPORTED"
    PUBLICITY = "PUBLICITY"
    DECIDED = "DECIDED"
    CONTRACTED = "CONTRACTED"
    PERFORMING = "PERFORMING"
    ARCHIVED = "ARCHIVED"
    FAILED = "FAILED"
    TERMINATED = "TERMINATED"

    @property
    def order(self) -> int:
        """The place in a tender's life."""
        return list(TenderState).index(self)


class Step(StrEnum):
    """What can happen in a tender."""

    ANNOUNCE = "announce"
    ASK = "ask"
    CLARIFY = "clarify"
    AMEND = "amend"
    SUBMIT = "submit"
    SUSPEND = "suspend"
    RESUME = "resume"
    TERMINATE = "terminate"
    BEGIN_CLOSE = "begin_close"
    CUT = "cut"
    ADMIT = "admit"
    CLOSE = "close"
    LIST = "list"
    OPEN = "open"
    OBJECT = "object"
    EXAMINE = "examine"
    EXCLUDE = "exclude"
    APPOINT_PANEL = "appoint_panel"
    SCORE = "score"
    REPORT = "report"
    PUBLISH_CANDIDATES = "publish_candidates"
    DECIDE = "decide"
    FAIL = "fail"
    CONTRACT = "contract"
    PERFORM = "perform"
    ARCHIVE = "archive"


class Actor(StrEnum):
    """In what capacity somebody takes a step."""

    TENDERER = "tenderer"
    AGENCY = "agency"
    CENTRE = "trading_centre"
    SUPERVISOR = "supervisor"
    BIDDER = "bidder"
    EXPERT = "expert"
    KEY_HOLDERS = "key_holders"
    ANYONE = "anyone"


class Window(StrEnum):
    """When a step may be taken; `interval` computes it."""

    ANY_TIME = "any_time"
    SUBMISSION = "submission_window"
    QUESTIONS = "questions"
    UNTIL_DEADLINE = "until_deadline"
    AFTER_DEADLINE = "after_deadline"
    GRACE = "grace"
    OPEN_FROM = "open_from"
    OPENING = "opening_window"
    PUBLICITY_START = "publicity_start"
    PUBLICITY = "publicity"
    CONTRACT = "contract"


@dataclass(frozen=True)
class Transition:
    """One row of the table; `target` None leaves the state as it is, `witnessed` names the event of the public log."""

    step: Step
    subject: Subject
    sources: tuple[TenderState, ...]
    target: TenderState | None
    actors: tuple[Actor, ...]
    act: str | None
    window: Window
    legal: str
    published: str
    witnessed: Kind | None
    while_suspended: bool = False


_T, _L = Subject.TENDER, Subject.LOT
_S, _A, _W, _K = TenderState, Actor, Window, Kind
_SIDE = (_A.TENDERER, _A.AGENCY)
_BEFORE_DONE = (_S.ANNOUNCED, _S.CLOSED, _S.OPENING, _S.EVALUATING, _S.REPORTED, _S.PUBLICITY)
_OPENED = (_S.EVALUATING, _S.REPORTED, _S.PUBLICITY)
_AFTER = (_S.DECIDED, _S.CONTRACTED, _S.FAILED)  # a complaint may succeed late: the decision is replaced, both stay

TABLE: tuple[Transition, ...] = (
    Transition(Step.ANNOUNCE, _T, (_S.DRAFT,), _S.ANNOUNCED, (*_SIDE, _A.CENTRE), "TenderAnnouncement", _W.SUBMISSION,
               "ZTBF 16, 24; GPL 35", "notice, rule pack, keys, origins, deadline", _K.NOTICE_PUBLISHED),
    Transition(Step.ASK, _T, (_S.ANNOUNCED,), None, (_A.BIDDER,), None, _W.QUESTIONS,
               "REG 22", "the question without who asked it", _K.DOCUMENT_OBJECTION),
    Transition(Step.CLARIFY, _T, (_S.ANNOUNCED,), None, _SIDE, None, _W.UNTIL_DEADLINE,
               "ZTBF 23; REG 22", "the answer, to all at once", _K.CLARIFICATION_PUBLISHED),
    Transition(Step.AMEND, _T, (_S.ANNOUNCED,), None, _SIDE, "TenderAmendment", _W.UNTIL_DEADLINE,
               "ZTBF 23; REG 21", "new notice or deadline", _K.TENDER_AMENDED),
    Transition(Step.SUBMIT, _T, (_S.ANNOUNCED,), None, (_A.BIDDER,), "BidSubmission", _W.UNTIL_DEADLINE,
               "ZTBF 28, 29; REG 36", "nothing until the box is opened (ZTBF 22)", _K.BID_RECEIVED),
    Transition(Step.SUSPEND, _T, _BEFORE_DONE, None, (*_SIDE, _A.SUPERVISOR), "TenderSuspension", _W.ANY_TIME,
               "REG 22, 44, 54, 62", "reason", _K.TENDER_SUSPENDED, while_suspended=True),
    Transition(Step.RESUME, _T, _BEFORE_DONE, None, (*_SIDE, _A.SUPERVISOR), "TenderResumption", _W.ANY_TIME,
               "REG 22, 62", "reason, new deadline", _K.TENDER_RESUMED, while_suspended=True),
    Transition(Step.TERMINATE, _T, _BEFORE_DONE, _S.TERMINATED, (*_SIDE, _A.SUPERVISOR), "TenderTermination",
               _W.ANY_TIME, "REG 31", "reason; bids stay sealed if the box was not opened", _K.TENDER_TERMINATED,
               while_suspended=True),
    Transition(Step.BEGIN_CLOSE, _T, (_S.ANNOUNCED,), _S.CLOSED, (_A.ANYONE,), None, _W.AFTER_DEADLINE,
               "ZTBF 28, 34", "that the deadline has passed", _K.DEADLINE_CLOSED),
    Transition(Step.CUT, _T, (_S.CLOSED,), None, (_A.ANYONE,), None, _W.AFTER_DEADLINE,
               "ZTBF 28; sealing.md", "size and root of a box at the deadline", None, while_suspended=True),
    Transition(Step.ADMIT, _T, (_S.CLOSED,), None, (_A.ANYONE,), None, _W.AFTER_DEADLINE,
               "ZTBF 28; sealing.md", "the slip as it is", None, while_suspended=True),
    Transition(Step.CLOSE, _T, (_S.CLOSED,), None, (_A.ANYONE,), None, _W.GRACE,
               "ZTBF 34", "the inputs of the list", _K.SEAL_CHECKED),
    Transition(Step.LIST, _T, (_S.CLOSED,), _S.OPENING, (_A.KEY_HOLDERS,), "BidList", _W.OPEN_FROM,
               "ZTBF 34, 36; REG 44; GPL 36", "bidders of each lot and envelope; lots that fail", _K.BID_LIST_FIXED),
    Transition(Step.OPEN, _L, (_S.OPENING,), _S.EVALUATING, _SIDE, "OpeningRecord", _W.OPENING,
               "ZTBF 36; REG 44", "names, prices, main terms of this envelope", _K.OPENING_RECORD),
    Transition(Step.OBJECT, _L, (_S.OPENING, _S.EVALUATING), None, (_A.BIDDER,), "OpeningObjection", _W.ANY_TIME,
               "REG 44", "objection and reply", _K.OPENING_OBJECTION),
    Transition(Step.EXAMINE, _L, (_S.EVALUATING,), None, (_A.EXPERT,), "EvaluationReport", _W.ANY_TIME,
               "REG 51; tender file", "who met this envelope's requirements", _K.EVALUATION_REPORT),
    Transition(Step.EXCLUDE, _L, (_S.EVALUATING, _S.OPENING), _S.OPENING, (_A.TENDERER,), "EnvelopeExclusion",
               _W.ANY_TIME, "REG 51; tender file", "bidders excluded, with reasons", _K.BIDDERS_EXCLUDED),
    Transition(Step.APPOINT_PANEL, _T, (_S.ANNOUNCED, _S.CLOSED, _S.OPENING, _S.EVALUATING), None,
               (_A.TENDERER, _A.CENTRE), None, _W.ANY_TIME, "ZTBF 37; REG 46",
               "nothing until the result; then the members", _K.DRAW_RESULT),
    Transition(Step.SCORE, _L, (_S.EVALUATING,), None, (_A.EXPERT,), "ScoreSheet", _W.ANY_TIME,
               "ZTBF 38, 40; REG 49", "nothing until every member has locked", _K.SCORE_LOCKED),
    Transition(Step.REPORT, _L, (_S.EVALUATING,), _S.REPORTED, (_A.EXPERT,), "EvaluationReport", _W.ANY_TIME,
               "ZTBF 40; REG 53", "ranking, rejections, dissent", _K.EVALUATION_REPORT),
    Transition(Step.PUBLISH_CANDIDATES, _L, (_S.REPORTED,), _S.PUBLICITY, _SIDE, None, _W.PUBLICITY_START,
               "REG 54", "candidates with rank and price", _K.CANDIDATES_PUBLICISED),
    Transition(Step.DECIDE, _L, (_S.REPORTED, _S.PUBLICITY, *_AFTER), _S.DECIDED, (_A.TENDERER,),
               "AwardDecision", _W.PUBLICITY,
               "ZTBF 40, 45; REG 55", "winner and grounds, to all bidders together", _K.AWARD_DECIDED),
    Transition(Step.FAIL, _L, (_S.OPENING, *_OPENED, *_AFTER), _S.FAILED, (_A.TENDERER,),
               "LotFailure", _W.ANY_TIME, "ZTBF 42; REG 19, 44; GPL 36", "reason", _K.LOT_FAILED),
    Transition(Step.CONTRACT, _L, (_S.DECIDED,), _S.CONTRACTED, _SIDE, None, _W.CONTRACT,
               "ZTBF 46; GPR 50", "contract", _K.CONTRACT_SIGNED),
    Transition(Step.PERFORM, _L, (_S.CONTRACTED,), _S.PERFORMING, _SIDE, None, _W.ANY_TIME,
               "ZTBF 48; 1358号文 37", "start of performance", _K.PERFORMANCE_STARTED),
    Transition(Step.ARCHIVE, _L, (_S.PERFORMING,), _S.ARCHIVED, (_A.CENTRE,), None, _W.ANY_TIME,
               "GPL 42; DA/T 103-2024", "digest of the archive", _K.ARCHIVED),
)  # fmt: skip
"""The table; a step has one row."""

_ROWS = {row.step: row for row in TABLE}


def row(step: Step) -> Transition:
    """Return the row of `step`."""
    return _ROWS[step]


@dataclass(frozen=True)
class Timeline:
    """What has happened when, in unix seconds, for one tender or one of its lots; None is not yet."""

    deadline: int | None = None
    announced_at: int | None = None
    closing_at: int | None = None
    open_from: int | None = None
    opening_since: int | None = None
    reported_at: int | None = None
    published_at: int | None = None
    decided_at: int | None = None


@dataclass(frozen=True)
class Interval:
    """From when and until when, both inclusive, in unix seconds; `after` None means that it is not known yet."""

    after: int | None = 0
    until: int | None = None

    def holds(self, now: int) -> bool:
        """Tell whether `now` lies inside."""
        return self.after is not None and self.after <= now and (self.until is None or now <= self.until)


def _later(moment: int | None, seconds: int) -> int | None:
    return None if moment is None else moment + seconds


def interval(window: Window, times: Timeline, terms: Terms) -> Interval:  # noqa: C901, PLR0911 - one case a window
    """Return when a step with this window may be taken.

    For SUBMISSION the moment is that of the announcement, and the interval ends early enough to leave bidders
    `submission_window` seconds.
    """
    match window:
        case Window.ANY_TIME:
            return Interval()
        case Window.SUBMISSION:
            return Interval(0, _later(times.deadline, -terms.submission_window))
        case Window.QUESTIONS:
            return Interval(0, _later(times.deadline, -terms.question_lead))
        case Window.UNTIL_DEADLINE:
            return Interval(0, times.deadline)
        case Window.AFTER_DEADLINE:
            return Interval(_later(times.deadline, 1))
        case Window.GRACE:
            return Interval(_later(times.closing_at, terms.grace))
        case Window.OPEN_FROM:
            return Interval(times.open_from)
        case Window.OPENING:
            wait = terms.committee_after if terms.committee is not acts.Committee.AT_ONCE else 0
            return Interval(_later(times.opening_since, wait))
        case Window.PUBLICITY_START:
            return Interval(times.reported_at, _later(times.reported_at, terms.publicity_start))
        case Window.PUBLICITY:
            begun = times.published_at if terms.publicity else times.published_at or times.reported_at
            return Interval(_later(begun, terms.publicity))
        case Window.CONTRACT:
            return Interval(times.decided_at, _later(times.decided_at, terms.contract_within))
        case _:
            assert_never(window)


def need(
    step: Step, state: TenderState, actors: Iterable[Actor], times: Timeline, terms: Terms, now: int, *, suspended: bool
) -> Transition:
    """Return the row of `step`, or refuse: wrong state, not this actor's, not now, or the tender is suspended."""
    found = row(step)
    if state not in found.sources:
        raise TenderError(
            f"{step} is not possible while the {found.subject} is {state}; it is from {', '.join(found.sources)}",
            code="tender.wrong_state", step=step, state=state,
        )  # fmt: skip
    if suspended and not found.while_suspended:
        raise TenderError("the tender is suspended; it goes on when the side that suspended resumes it",
                          code="tender.suspended", step=step)  # fmt: skip
    if Actor.ANYONE not in found.actors and not set(actors) & set(found.actors):
        raise TenderError(f"{step} is for: {', '.join(found.actors)}", code="tender.not_allowed", step=step)
    allowed = interval(found.window, times, terms)
    if not allowed.holds(now):
        raise TenderError(
            f"{step} is possible {_spoken(allowed)} ({found.window}, {found.legal})",
            code="tender.wrong_time", step=step, after=allowed.after, until=allowed.until, now=now, legal=found.legal,
        )  # fmt: skip
    return found


def _spoken(allowed: Interval) -> str:
    if allowed.after is None:
        return "only after the step before it"
    return f"from {allowed.after}" + ("" if allowed.until is None else f" until {allowed.until}")


def overall(tender: TenderState, lots: Iterable[TenderState]) -> TenderState:
    """Return the state the tender shows: its own until the list, then that of its least advanced lot not failed."""
    if tender.order < TenderState.OPENING.order or tender is TenderState.TERMINATED:
        return tender
    alive = [lot for lot in lots if lot is not TenderState.FAILED]
    return min(alive, key=lambda lot: lot.order) if alive else TenderState.FAILED
