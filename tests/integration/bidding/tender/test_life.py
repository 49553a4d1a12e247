"""A tender's life on a real chain: every act through the desk, each refusal with its code before anything is sent."""

from __future__ import annotations

import dataclasses

import pytest

from bidding.award.domain import Basis, Ground
from bidding.evaluation.domain import Assessment, LotCase, OpenedBid, Ranking, Rejection
from bidding.evaluation.report import Finding, evaluation_report
from bidding.panel import repository as panels
from bidding.panel.domain import Snapshot
from bidding.tender import repository
from bidding.tender.domain import TenderState
from bidding.tender.models import Visibility
from bidding.tender.rules import by_id
from bidding.tender.signed import Submission
from bidding.tender.tasks import submit
from ledger.acts import (
    Envelope,
    EnvelopeExclusion,
    Scope,
    TenderAmendment,
    TenderResumption,
    TenderSuspension,
    TenderTermination,
)
from ledger.authority import AuthorityError
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

LOWEST, SCORED = by_id("dev-international"), by_id("dev-two-envelope")
REASON = b'{"reason":"budget"}'


@pytest.fixture
async def desk(network: Network, devnet: Devnet, database: Database, chain: ChainClient) -> Desk:
    return await Desk.open(network, devnet, database, chain)


async def states(desk: Desk) -> tuple[str, dict[int, str]]:
    async with desk.database.reading() as session:
        row = await repository.get(session, desk.tender)
        return row.state, {lot.number: lot.state for lot in await repository.lots(session, desk.tender)}


async def witnessed(desk: Desk) -> list[Kind]:
    async with desk.database.reading() as session:
        return [Event.from_payload(item.payload).kind for item in await take(session, TOPIC, 1000)]


async def refusal(call: object) -> str:
    with pytest.raises(SunbidError) as caught:
        await call  # type: ignore[misc]
    return caught.value.code


class TestAnnouncement:
    async def test_it_is_kept_relayed_and_witnessed(self, desk: Desk) -> None:
        announced = notice(LOWEST, price_lot())
        await desk.announce(LOWEST, announced)
        assert await states(desk) == (TenderState.ANNOUNCED, {0: TenderState.ANNOUNCED})
        assert await witnessed(desk) == [Kind.NOTICE_PUBLISHED]
        async with desk.database.reading() as session:
            row = await repository.get(session, desk.tender)
            acts = await repository.acts(session, desk.tender)
            document = await repository.document(session, desk.tender, announced.hash)
        assert row.owned
        assert document is not None
        assert document.content == announced.to_bytes()
        assert {act.signer for act in acts} == {desk.tenderer.key.address, desk.centre.key.address}
        assert all(act.confirmed_at for act in acts)

    async def test_the_same_announcement_again_has_the_same_answer(self, desk: Desk) -> None:
        announced = notice(LOWEST, price_lot())
        act = await desk.announcement(LOWEST, announced)
        papers = Submission(desk.signed(act, desk.tenderer), desk.signed(act, desk.centre), (announced.to_bytes(),))
        first = await submit(desk.context, papers)
        await desk.settle()
        again = await submit(desk.context, papers)
        assert (again.digest, again.call.key, again.call.function) == (first.digest, first.call.key, "announce")

    async def test_another_announcement_of_the_same_tender_is_refused_by_state(self, desk: Desk) -> None:
        announced = notice(LOWEST, price_lot())
        await desk.announce(LOWEST, announced)
        assert await refusal(desk.announce(LOWEST, announced, seconds=300)) == "tender.wrong_state"

    async def test_what_is_wrong_is_named_before_anything_is_sent(self, desk: Desk) -> None:
        announced = notice(LOWEST, price_lot())
        good = await desk.announcement(LOWEST, announced)
        hefei = desk.network.cities["hefei"].city.sealed_origin_id
        wrong = {
            "tender.id": dataclasses.replace(good, nonce=b32("x")),
            "tender.elsewhere": dataclasses.replace(good, origins=(hefei,)),
            "notice.disagrees": dataclasses.replace(good, minimum_bidders=2),
            "tender.wrong_time": dataclasses.replace(good, deadline=await desk.devnet.now() + 5),
            "document.not_sent": dataclasses.replace(good, notice=b32("x")),
            "tender.contract_refuses": dataclasses.replace(good, box_key_id=b32("x")),
        }
        for code, act in wrong.items():
            papers = Submission(desk.signed(act, desk.tenderer), desk.signed(act, desk.centre), (announced.to_bytes(),))
            assert await refusal(submit(desk.context, papers)) == code
        alone = Submission(desk.signed(good, desk.tenderer), None, (announced.to_bytes(),))
        assert await refusal(submit(desk.context, alone)) == "tender.centre_missing"
        async with desk.database.reading() as session:
            assert await repository.find(session, good.tender) is None

    async def test_papers_that_no_issuer_signed_are_refused_by_the_contract(self, desk: Desk) -> None:
        announced = notice(LOWEST, price_lot())
        act = await desk.announcement(LOWEST, announced)
        forged = dataclasses.replace(desk.tenderer.chain, credential_signature=b"\x11" * 65)
        signed = dataclasses.replace(desk.signed(act, desk.tenderer), chain=forged)
        papers = Submission(signed, desk.signed(act, desk.centre), (announced.to_bytes(),))
        assert await refusal(submit(desk.context, papers)) == "tender.contract_refuses"

    async def test_a_signature_by_another_key_is_refused(self, desk: Desk) -> None:
        announced = notice(LOWEST, price_lot())
        act = await desk.announcement(LOWEST, announced)
        signed = dataclasses.replace(desk.signed(act, desk.tenderer), signature=desk.signed(act, desk.centre).signature)
        with pytest.raises(AuthorityError):
            await submit(desk.context, Submission(signed, desk.signed(act, desk.centre), (announced.to_bytes(),)))


class TestAmendment:
    async def test_a_superseding_notice_takes_effect(self, desk: Desk) -> None:
        first = notice(LOWEST, price_lot())
        await desk.announce(LOWEST, first)
        changed = dataclasses.replace(first, replaces=first.hash, changes={"en": "drawings", "zh": "图纸"})
        deadline = (await desk.at()).view.deadline + 50
        act = TenderAmendment(desk.tender, changed.hash, deadline, True, 0)
        await desk.act(act, desk.tenderer, changed.to_bytes())
        async with desk.database.reading() as session:
            row = await repository.get(session, desk.tender)
        assert (row.notice, row.deadline, row.tenderer_steps) == (changed.hash, deadline, 1)
        assert (await witnessed(desk))[-1] is Kind.TENDER_AMENDED

    async def test_what_the_rules_forbid_is_refused(self, desk: Desk) -> None:
        first = notice(LOWEST, price_lot())
        await desk.announce(LOWEST, first)
        deadline = (await desk.at()).view.deadline
        changed = dataclasses.replace(first, replaces=first.hash, changes={"en": "x", "zh": "x"})
        other = dataclasses.replace(changed, lots=(price_lot(1),))
        await desk.devnet.advance_to(deadline - 2)
        cases = {
            "tender.deadline": (TenderAmendment(desk.tender, first.hash, deadline - 1, False, 0), ()),
            "tender.amend_lead": (TenderAmendment(desk.tender, changed.hash, deadline, False, 0), (changed,)),
            "tender.step": (TenderAmendment(desk.tender, first.hash, deadline + 9, False, 1), ()),
            "document.not_sent": (TenderAmendment(desk.tender, changed.hash, deadline + 9, False, 0), ()),
            "notice.disagrees": (TenderAmendment(desk.tender, other.hash, deadline + 9, False, 0), (other,)),
        }
        for code, (act, sent) in cases.items():
            assert await refusal(desk.act(act, desk.tenderer, *(n.to_bytes() for n in sent))) == code
        assert await refusal(desk.act(cases["tender.step"][0], desk.supervisor)) == "tender.not_allowed"
        await desk.devnet.advance_to(deadline + 1)
        late = TenderAmendment(desk.tender, first.hash, deadline + 99, False, 0)
        assert await refusal(desk.act(late, desk.tenderer)) == "tender.wrong_time"

    async def test_an_agency_conducts_but_does_not_award(self, desk: Desk) -> None:
        await desk.announce(LOWEST, notice(LOWEST, price_lot()))
        agency = desk.network.registrar("luan").delegate(desk.tenderer, "agency", Scope.CONDUCT)
        deadline = (await desk.at()).view.deadline
        first = (await desk.at()).notices[0]
        await desk.act(TenderAmendment(desk.tender, first, deadline + 9, False, 0), agency)
        assert (await desk.at()).view.deadline == deadline + 9
        clerk = desk.network.registrar("luan").delegate(desk.tenderer, "clerk", Scope.PREPARE)
        act = TenderAmendment(desk.tender, first, deadline + 99, False, 1)
        assert await refusal(desk.act(act, clerk)) == "authority.delegation"


class TestSuspension:
    async def test_a_suspension_across_the_deadline_moves_it(self, desk: Desk) -> None:
        await desk.announce(LOWEST, notice(LOWEST, price_lot()))
        deadline = (await desk.at()).view.deadline
        await desk.devnet.advance_to(deadline - 10)
        await desk.act(TenderSuspension(desk.tender, sha256(REASON), 0), desk.supervisor, REASON)
        again = TenderSuspension(desk.tender, sha256(REASON), 1)
        assert await refusal(desk.act(again, desk.supervisor, REASON)) == "tender.suspension"
        amend = TenderAmendment(desk.tender, (await desk.at()).notices[0], deadline + 99, False, 0)
        assert await refusal(desk.act(amend, desk.tenderer)) == "tender.suspended"
        await desk.devnet.advance_to(deadline + 100)
        other = TenderResumption(desk.tender, sha256(REASON), 0)
        assert await refusal(desk.act(other, desk.tenderer, REASON)) == "tender.suspension"
        await desk.act(TenderResumption(desk.tender, sha256(REASON), 1), desk.supervisor, REASON)
        view = (await desk.at()).view
        assert view.deadline > deadline + 100
        async with desk.database.reading() as session:
            row = await repository.get(session, desk.tender)
        assert (row.deadline, row.suspended) == (view.deadline, False)
        assert (await witnessed(desk))[-2:] == [Kind.TENDER_SUSPENDED, Kind.TENDER_RESUMED]

    async def test_termination_ends_it(self, desk: Desk) -> None:
        await desk.announce(LOWEST, notice(LOWEST, price_lot()))
        act = TenderTermination(desk.tender, sha256(REASON), 0)
        assert await refusal(desk.act(act, desk.tenderer)) == "document.not_sent"
        await desk.act(act, desk.tenderer, REASON)
        assert (await states(desk))[0] == TenderState.TERMINATED
        again = TenderTermination(desk.tender, sha256(REASON), 1)
        assert await refusal(desk.act(again, desk.tenderer, REASON)) == "tender.wrong_state"


class TestLowestPrice:
    BIDS = (OpenedBid(0, b32("a"), (money("CNY 9"),)), OpenedBid(1, b32("b"), (money("CNY 8"),)))

    async def ready(self, desk: Desk) -> tuple[LotCase, tuple[bytes, ...]]:
        await desk.announce(LOWEST, notice(LOWEST, price_lot()))
        desk.box.listed[0, Envelope.PRICE] = [b32("a"), b32("b")]
        desk.box.bids[0] = self.BIDS
        seats = await desk.seat_panel(1)
        await desk.list({0: 2})
        await desk.opened(0, Envelope.PRICE)
        found = {
            b32("a"): Assessment(b32("a"), self.BIDS[0].prices),
            b32("b"): Assessment(b32("b"), self.BIDS[1].prices),
        }
        return LotCase(price_lot(), self.BIDS, found, (), seats), seats

    async def test_from_notice_to_award_and_to_the_next_candidate(self, desk: Desk) -> None:
        case, _ = await self.ready(desk)
        report, outcome = evaluation_report(desk.tender, case, LOWEST)
        assert isinstance(outcome, Ranking)
        await desk.report(0, report, 1)
        assert await states(desk) == (TenderState.PUBLICITY, {0: TenderState.PUBLICITY})
        first = Basis(desk.tender, 0, report.root, 1, None)
        other = dataclasses.replace(first, rank=2)
        assert await refusal(desk.decide(other, b32("a"), 1)) == "award.not_due"
        assert await refusal(desk.decide(first, b32("b"), 2)) == "award.method"
        stray = dataclasses.replace(first, report=b32("x"))
        assert await refusal(desk.decide(stray, b32("b"), 1)) == "award.basis"
        decision = await desk.decide(first, b32("b"), 1)
        assert await states(desk) == (TenderState.DECIDED, {0: TenderState.DECIDED})
        following = Basis(desk.tender, 0, report.root, 2, None, Ground.ABANDONED, "letter", replaces=decision)
        await desk.decide(following, b32("a"), 1)
        async with desk.database.reading() as session:
            lot = await repository.lot(session, desk.tender, 0)
            public = await repository.acts(session, desk.tender, visible=[Visibility.PUBLIC])
            awards = await take(session, "event.award", 10)
        assert lot.winner == b32("a")
        assert {"EvaluationReport", "SeatAcceptance", "AwardDecision"} <= {act.type for act in public}
        assert [item.payload["winner"] for item in awards] == ["0x" + b32("b").hex(), "0x" + b32("a").hex()]
        assert (await witnessed(desk))[-2:] == [Kind.AWARD_DECIDED, Kind.AWARD_DECIDED]

    async def test_no_award_before_the_panel_reported(self, desk: Desk) -> None:
        await self.ready(desk)
        basis = Basis(desk.tender, 0, bytes(32), 1, None)
        assert await refusal(desk.decide(basis, b32("b"), 1)) == "tender.wrong_state"

    async def test_a_report_that_recomputes_otherwise_is_refused(self, desk: Desk) -> None:
        case, _ = await self.ready(desk)
        cheaper = dataclasses.replace(
            case, bids=(dataclasses.replace(self.BIDS[0], prices=(money("CNY 1"),)), self.BIDS[1])
        )
        report, _ = evaluation_report(desk.tender, cheaper, LOWEST)
        assert await refusal(desk.report(0, report, 1)) == "report.differs"

    async def test_what_the_panel_found_is_secret_until_it_reported(self, desk: Desk) -> None:
        await self.ready(desk)
        async with desk.database.reading() as session:
            public = await repository.acts(session, desk.tender, visible=[Visibility.PUBLIC])
        assert not {"SeatAcceptance", "DrawRequest", "EvaluationReport"} & {act.type for act in public}


class TestScoredLots:
    """The second rule pack: three envelopes, exclusions between them, one lot with too few bidders."""

    NAMES = ("a", "b", "c")

    async def test_from_notice_to_award(self, desk: Desk) -> None:
        await desk.announce(SCORED, notice(SCORED, scored_lot(1), scored_lot(2)))
        seats = await desk.seat_panel(3)
        everybody = [b32(name) for name in self.NAMES]
        for envelope in STAGES:
            desk.box.listed[1, envelope] = everybody
        await desk.list({1: 3, 2: 2})
        assert await states(desk) == (TenderState.OPENING, {1: TenderState.OPENING, 2: TenderState.FAILED})

        await desk.opened(1, Envelope.QUALIFICATION)
        early = EnvelopeExclusion(desk.tender, 1, Envelope.QUALIFICATION, (), b32("x"), 1)
        assert await refusal(desk.act(early, desk.tenderer)) == "exclusion.report"
        await desk.exclude(1, Envelope.QUALIFICATION, [Finding(b) for b in everybody], 3)
        await desk.opened(1, Envelope.TECHNICAL)
        rejection = Rejection("REG 51(3)", "no licence")
        findings = [Finding(everybody[0]), Finding(everybody[1]), Finding(everybody[2], rejection)]
        await desk.exclude(1, Envelope.TECHNICAL, findings, 3)
        await desk.opened(1, Envelope.PRICE)

        bids = [OpenedBid(i, b, (money(f"CNY {100 + i}"),)) for i, b in enumerate(everybody)]
        desk.box.bids[1] = tuple(bids)
        case = await self.score(desk, bids[:2], seats)
        report, outcome = evaluation_report(desk.tender, case, SCORED)
        assert isinstance(outcome, Ranking)
        await desk.report(1, report, 3)
        basis = Basis(desk.tender, 1, report.root, 1, None)
        assert await refusal(desk.decide(basis, outcome.candidates[0].bidder, 2)) == "tender.wrong_time"
        await desk.devnet.advance(SCORED.terms.publicity + 1)
        await desk.decide(basis, outcome.candidates[0].bidder, 2)
        assert await states(desk) == (TenderState.DECIDED, {1: TenderState.DECIDED, 2: TenderState.FAILED})
        kinds = await witnessed(desk)
        assert kinds.count(Kind.SCORE_LOCKED) == 6
        assert kinds.count(Kind.BIDDERS_EXCLUDED) == 2
        assert kinds.count(Kind.LOT_FAILED) == 1

    async def score(self, desk: Desk, bids: list[OpenedBid], seats: tuple[bytes, ...]) -> LotCase:
        """Have every seat lock a sheet for every bid, and return the case that follows."""
        lot, sheets = scored_lot(1), []
        for number, seat in enumerate(seats):
            for place, name in enumerate(self.NAMES[: len(bids)]):
                own = sheet(lot, name, "x", desk.tender, method=str(30 + number), team=str(10 + place))
                own = dataclasses.replace(own, seat=seat)
                await desk.record(own.act(), desk.expert(number), own.to_bytes())
                sheets.append(own)
        again = dataclasses.replace(sheets[0], salt=b32("again"))
        assert await refusal(desk.record(again.act(), desk.expert(0), again.to_bytes())) == "sheet.locked"
        assert await refusal(desk.record(again.act(), desk.expert(1), again.to_bytes())) == "panel.no_seat"
        found = {bid.bidder: Assessment(bid.bidder, bid.prices) for bid in bids}
        return LotCase(lot, tuple(bids), found, tuple(sheets), seats)


class TestPanel:
    async def test_strangers_and_half_panels_are_refused(self, desk: Desk) -> None:
        await desk.announce(LOWEST, notice(LOWEST, price_lot()))
        seats = await desk.seat_panel(1)
        assert await refusal(desk.seat_panel(3)) == "panel.appointed"
        own = dataclasses.replace(sheet(price_lot(), "a", "x", desk.tender), seat=seats[0])
        assert await refusal(desk.record(own.act(), desk.expert(7), own.to_bytes())) == "tender.wrong_state"

    async def test_the_panel_is_appointed_by_two(self, desk: Desk) -> None:
        await desk.announce(LOWEST, notice(LOWEST, price_lot()))
        snapshot = Snapshot(desk.tender, (b32("seat"),))
        await desk.record(snapshot.request(), desk.tenderer, snapshot.to_bytes())
        async with desk.database.reading() as session:
            assert not await panels.seat_rows(session, desk.tender)
        assert await refusal(desk.record(snapshot.request(), desk.centre)) == "document.not_sent"
        await desk.record(snapshot.request(), desk.centre, snapshot.to_bytes())
        async with desk.database.reading() as session:
            assert [row.seat for row in await panels.seat_rows(session, desk.tender)] == [b32("seat")]
