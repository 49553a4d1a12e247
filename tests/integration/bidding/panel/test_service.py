"""The panel's records: who may say what about whom, and reports only from complete panels on complete records."""

from __future__ import annotations

import dataclasses

import pytest

from bidding.award.domain import Basis
from bidding.evaluation.domain import Assessment, FailureReason, LotCase, OpenedBid, Rejection
from bidding.evaluation.report import Examination, Finding, Report, evaluation_report
from bidding.panel.domain import Acceptance, ConflictBody, Snapshot, seat_of
from bidding.tender import repository
from bidding.tender.domain import TenderState
from bidding.tender.models import Visibility
from bidding.tender.rules import by_id
from ledger.acts import (
    ZERO32,
    BidRejection,
    Clarification,
    ConflictDeclaration,
    Envelope,
    EnvelopeExclusion,
    EvaluationReport,
    LotFailure,
    OpeningRecord,
    Role,
    Scope,
    ScoreSheet,
    SeatAcceptance,
    TenderTermination,
)
from ledger.chain.client import ChainClient
from ledger.chain.devnet import Devnet
from ledger.db import Database
from ledger.errors import SunbidError
from ledger.outbox import take
from tests.fixtures.desk import Desk, sha256
from tests.fixtures.network import Network
from tests.fixtures.tenders import STAGES, b32, money, notice, price_lot, scored_lot, sheet
from witness.log.event import TOPIC, Event
from witness.log.kinds import Kind

SCORED, LOWEST = by_id("dev-two-envelope"), by_id("dev-international")
BIDDERS = [b32(name) for name in "abc"]
BIDS = tuple(OpenedBid(i, b, (money(f"CNY {100 + i}"),)) for i, b in enumerate(BIDDERS))
REASON = b"please explain the unit price"


@pytest.fixture
async def desk(network: Network, devnet: Devnet, database: Database, chain: ChainClient) -> Desk:
    """A tender of one scored lot with a full panel, its list fixed."""
    desk = await Desk.open(network, devnet, database, chain)
    await desk.announce(SCORED, notice(SCORED, scored_lot(1)))
    for envelope in STAGES:
        desk.box.listed[1, envelope] = BIDDERS
    desk.box.bids[1] = BIDS
    return desk


async def refusal(call: object) -> str:
    with pytest.raises(SunbidError) as caught:
        await call  # type: ignore[misc]
    return caught.value.code


async def evaluating(desk: Desk) -> tuple[bytes, ...]:
    """Go on to the examination of the qualification envelope."""
    seats = await desk.seat_panel(3)
    await desk.list({1: 3})
    await desk.opened(1, Envelope.QUALIFICATION)
    return seats


async def priced(desk: Desk) -> tuple[bytes, ...]:
    """Go on to the evaluation after the last envelope, nobody excluded."""
    seats = await evaluating(desk)
    for envelope in (Envelope.QUALIFICATION, Envelope.TECHNICAL):
        await desk.exclude(1, envelope, [Finding(b) for b in BIDDERS], 3)
        await desk.opened(1, Envelope(envelope + 1))
    return seats


class TestSeats:
    async def test_a_seat_is_taken_once_by_its_expert_in_person(self, desk: Desk) -> None:
        expert, other = desk.expert(0), desk.expert(1)
        subject = expert.chain.credential.subject
        seats = tuple(seat_of(b32(f"s{i}"), desk.expert(i).chain.credential.subject) for i in range(3))
        for actor in (desk.tenderer, desk.centre):
            snapshot = Snapshot(desk.tender, seats)
            await desk.record(snapshot.request(), actor, snapshot.to_bytes())
        body = Acceptance(seats[0], subject, b32("s0"))
        act = SeatAcceptance(desk.tender, seats[0], body.hash)
        assert await refusal(desk.record(act, other, body.to_bytes())) == "panel.acceptance"
        delegate = desk.network.registrar("luan").delegate(
            desk.network.registrar("luan").actor("experts", Role.EXPERT), "clerk", Scope.OBJECT
        )
        assert await refusal(desk.record(act, delegate, body.to_bytes())) == "panel.expert"
        free = Acceptance(seat_of(b32("free"), subject), subject, b32("free"))
        absent = SeatAcceptance(desk.tender, free.seat, free.hash)
        assert await refusal(desk.record(absent, expert, free.to_bytes())) == "panel.no_seat"
        first = await desk.record(act, expert, body.to_bytes())
        assert await desk.record(act, expert, body.to_bytes()) == first

    async def test_who_declares_a_conflict_stops_the_panel(self, desk: Desk) -> None:
        seats = await evaluating(desk)
        body = ConflictBody(seats[0], True, "a cousin bids")
        act = ConflictDeclaration(desk.tender, seats[0], sha256(body.to_bytes()))
        stray = ConflictBody(seats[1], True, "x")
        wrong = ConflictDeclaration(desk.tender, seats[0], sha256(stray.to_bytes()))
        assert await refusal(desk.record(wrong, desk.expert(0), stray.to_bytes())) == "panel.conflict"
        assert await refusal(desk.record(act, desk.expert(1), body.to_bytes())) == "panel.no_seat"
        await desk.record(act, desk.expert(0), body.to_bytes())
        report = Examination(desk.tender, 1, Envelope.QUALIFICATION, tuple(map(Finding, BIDDERS))).report()
        assert await refusal(desk.report(1, report, 3)) == "panel.incomplete"

    async def test_papers_that_the_registry_does_not_accept_are_refused(self, desk: Desk) -> None:
        hefei = desk.network.registrar("hefei").actor("experts", Role.EXPERT, person="expert0")
        forged = dataclasses.replace(hefei, chain=dataclasses.replace(hefei.chain, credential_signature=b"\x11" * 65))
        act = SeatAcceptance(desk.tender, b32("x"), b32("x"))
        assert await refusal(desk.record(act, forged)) == "authority.refused"

    async def test_other_acts_are_no_acts_of_a_panel(self, desk: Desk) -> None:
        act = TenderTermination(desk.tender, b32("x"), 0)
        assert await refusal(desk.record(act, desk.tenderer)) == "act.not_of_panel"

    async def test_a_panel_too_small_or_for_another_snapshot_is_refused(self, desk: Desk) -> None:
        small = Snapshot(desk.tender, (b32("seat"),))
        assert await refusal(desk.record(small.request(), desk.tenderer, small.to_bytes())) == "panel.size"
        stranger = desk.network.registrar("luan").actor("another bureau", Role.TENDERER)
        assert await refusal(desk.record(small.request(), stranger, small.to_bytes())) == "authority.credential"


class TestFindings:
    async def test_rejections_and_clarifications_are_kept_until_the_report(self, desk: Desk) -> None:
        seats = await evaluating(desk)
        for act in (
            BidRejection(desk.tender, 1, BIDDERS[0], sha256(REASON), seats[0]),
            Clarification(desk.tender, 1, BIDDERS[1], sha256(REASON), seats[0]),
        ):
            await desk.record(act, desk.expert(0), REASON)
        async with desk.database.reading() as session:
            rows = [row for row in await repository.acts(session, desk.tender) if row.body == sha256(REASON)]
            kinds = [Event.from_payload(item.payload).kind for item in await take(session, TOPIC, 1000)]
        assert {row.visibility for row in rows} == {Visibility.AFTER_REPORT.value}
        assert kinds[-2:] == [Kind.BID_REJECTED, Kind.BID_CLARIFICATION]
        nobody = Clarification(desk.tender, 1, b32("nobody"), sha256(REASON), seats[0])
        assert await refusal(desk.record(nobody, desk.expert(0), REASON)) == "panel.no_bid"

    async def test_an_act_says_what_its_sheet_says(self, desk: Desk) -> None:
        seats = await evaluating(desk)
        draft = dataclasses.replace(sheet(scored_lot(1), "a", "x", desk.tender, method="1", team="1"), seat=seats[0])
        act = dataclasses.replace(draft.act(), criteria=b32("x"))
        assert await refusal(desk.record(act, desk.expert(0), draft.to_bytes())) == "sheet.disagrees"
        high = dataclasses.replace(sheet(scored_lot(1), "a", "x", desk.tender, method="41", team="1"), seat=seats[0])
        assert await refusal(desk.record(high.act(), desk.expert(0), high.to_bytes())) == "sheet.points"

    async def test_a_tender_without_points_takes_no_sheets(
        self, network: Network, devnet: Devnet, database: Database, chain: ChainClient
    ) -> None:
        desk = await Desk.open(network, devnet, database, chain)
        await desk.announce(LOWEST, notice(LOWEST, price_lot()))
        seats = await desk.seat_panel(1)
        await desk.list({0: 1})
        await desk.opened(0, Envelope.PRICE)
        draft = dataclasses.replace(sheet(price_lot(), "a", "x", desk.tender), seat=seats[0])
        act = draft.act()
        assert isinstance(act, ScoreSheet)
        assert await refusal(desk.record(act, desk.expert(0), draft.to_bytes())) == "sheet.no_scoring"


class TestReports:
    async def test_an_examination_covers_every_bidder_in_list_order(self, desk: Desk) -> None:
        await evaluating(desk)
        for order in (BIDDERS[:2], BIDDERS[::-1]):
            report = Examination(desk.tender, 1, Envelope.QUALIFICATION, tuple(map(Finding, order))).report()
            assert await refusal(desk.report(1, report, 3)) == "report.incomplete"
        act = EvaluationReport(desk.tender, 1, b32("root"), ZERO32)
        good = Examination(desk.tender, 1, Envelope.QUALIFICATION, tuple(map(Finding, BIDDERS))).report()
        assert await refusal(desk.record(act, desk.expert(0), good.to_bytes())) == "document.not_sent"

    async def test_an_exclusion_names_whom_the_whole_panel_rejected(self, desk: Desk) -> None:
        await evaluating(desk)
        found = Examination(
            desk.tender, 1, Envelope.QUALIFICATION,
            (Finding(BIDDERS[0]), Finding(BIDDERS[1]), Finding(BIDDERS[2], Rejection("REG 51(3)", "no licence"))),
        )  # fmt: skip
        root = found.report().root
        act = EnvelopeExclusion(desk.tender, 1, Envelope.QUALIFICATION, found.excluded, root, 1)
        await desk.report(1, found.report(), 2)
        assert await refusal(desk.act(act, desk.tenderer)) == "exclusion.report"
        await desk.report(1, found.report(), 3)
        for excluded in ((), (BIDDERS[1],), (BIDDERS[1], BIDDERS[2])):
            wrong = dataclasses.replace(act, excluded=excluded)
            assert await refusal(desk.act(wrong, desk.tenderer)) == "exclusion.differs"
        agency = desk.network.registrar("luan").delegate(desk.tenderer, "agency", Scope.CONDUCT)
        assert await refusal(desk.act(act, agency)) == "tender.not_allowed"
        await desk.act(act, desk.tenderer)

    async def test_an_evaluation_waits_for_the_last_envelope(self, desk: Desk) -> None:
        seats = await evaluating(desk)
        report, _ = evaluation_report(desk.tender, case(desk, seats, ()), SCORED)
        assert await refusal(desk.report(1, report, 3)) == "lot.not_opened"

    async def test_it_holds_the_seats_and_exactly_the_locked_sheets(self, desk: Desk) -> None:
        seats = await priced(desk)
        locked = []
        for number, seat in enumerate(seats):
            for name in "abc":
                draft = sheet(scored_lot(1), name, "x", desk.tender, method="1", team=str(number))
                locked.append(dataclasses.replace(draft, seat=seat))
                if len(locked) < 9:
                    await desk.record(locked[-1].act(), desk.expert(number), locked[-1].to_bytes())
        full = case(desk, seats, tuple(locked))
        report, _ = evaluation_report(desk.tender, full, SCORED)
        assert await refusal(desk.report(1, report, 3)) == "report.sheets"
        await desk.record(locked[-1].act(), desk.expert(2), locked[-1].to_bytes())
        moved, _ = evaluation_report(desk.tender, dataclasses.replace(full, seats=seats[::-1]), SCORED)
        assert await refusal(desk.report(1, moved, 3)) == "report.seats"
        await desk.report(1, report, 3)
        async with desk.database.reading() as session:
            row = await repository.lot(session, desk.tender, 1)
        assert (row.state, row.report) == (TenderState.PUBLICITY, report.root)

    async def test_a_report_of_an_unknown_kind_is_refused(self, desk: Desk) -> None:
        await priced(desk)
        assert await refusal(desk.report(1, Report("report", ({"kind": "x"},)), 3)) == "report.incomplete"


class TestJudge:
    async def test_an_opening_record_is_over_what_was_opened(self, desk: Desk) -> None:
        await desk.seat_panel(3)
        await desk.list({1: 3})
        await desk.devnet.advance(10)
        wrong = OpeningRecord(desk.tender, 1, Envelope.QUALIFICATION, b32("x"), 0)
        assert await refusal(desk.act(wrong, desk.tenderer)) == "opening.root"
        early = OpeningRecord(desk.tender, 1, Envelope.PRICE, b32("x"), 0)
        assert await refusal(desk.act(early, desk.tenderer)) == "lot.envelope"

    async def test_a_tenderer_withdraws_a_lot_with_a_reason_in_words(self, desk: Desk) -> None:
        await evaluating(desk)
        basis = Basis(desk.tender, 1, ZERO32, None, FailureReason.WITHDRAWN, text="the budget was cut")
        act = LotFailure(desk.tender, 1, FailureReason.WITHDRAWN, basis.hash, ZERO32, 1)
        other = dataclasses.replace(act, reason=FailureReason.ALL_REJECTED)
        assert await refusal(desk.act(other, desk.tenderer, basis.to_bytes())) == "award.reason"
        replaced = dataclasses.replace(act, replaces=b32("x"))
        assert await refusal(desk.act(replaced, desk.tenderer, basis.to_bytes())) == "award.basis"
        await desk.act(act, desk.tenderer, basis.to_bytes())
        async with desk.database.reading() as session:
            row = await repository.lot(session, desk.tender, 1)
            [page] = await repository.page(session, state=TenderState.FAILED)
            assert await repository.page(session, state=TenderState.ANNOUNCED) == []
        assert (row.state, row.reason, page.tender) == (TenderState.FAILED, FailureReason.WITHDRAWN, desk.tender)


def case(desk: Desk, seats: tuple[bytes, ...], sheets: tuple[object, ...]) -> LotCase:
    found = {bid.bidder: Assessment(bid.bidder, bid.prices) for bid in BIDS}
    if not sheets:
        found = {b: dataclasses.replace(a, evaluated=()) for b, a in found.items()}
    return LotCase(scored_lot(1), BIDS, found, sheets, seats)  # type: ignore[arg-type]
