"""Steps without an act: who may take them, when, and that they are witnessed with the paper they rest on."""

from __future__ import annotations

import dataclasses

import pytest

from bidding.award.domain import Basis, Ground
from bidding.evaluation.domain import Assessment, LotCase, OpenedBid
from bidding.evaluation.report import evaluation_report
from bidding.tender import repository
from bidding.tender.domain import Step, TenderState
from bidding.tender.rules import by_id
from bidding.tender.steps import StepRequest, StepService
from ledger.acts import Envelope, Role
from ledger.chain.client import ChainClient
from ledger.chain.devnet import Devnet
from ledger.db import Database
from ledger.errors import SunbidError
from ledger.outbox import take
from tests.fixtures.desk import Desk, sha256
from tests.fixtures.network import Network
from tests.fixtures.people import organisation_named
from tests.fixtures.tenders import b32, money, notice, price_lot
from witness.log.event import TOPIC, Event
from witness.log.kinds import ActorRole, Kind
from witness.log.service import PublicLog

PACK = by_id("dev-international")
PAPER = b"paper"
BIDS = tuple(OpenedBid(i, b32(name), (money(f"CNY {i + 1}"),)) for i, name in enumerate("ab"))


@pytest.fixture
async def desk(network: Network, devnet: Devnet, database: Database, chain: ChainClient) -> Desk:
    desk = await Desk.open(network, devnet, database, chain)
    await desk.announce(PACK, notice(PACK, price_lot()))
    return desk


def request(desk: Desk, step: Step, role: Role, *, lot: int | None = None, **others: object) -> StepRequest:
    organisation = desk.tenderer.organisation if role is Role.TENDERER else organisation_named("somebody")
    made = StepRequest(desk.tender, lot, step, organisation, role, PAPER)
    return dataclasses.replace(made, **others)  # type: ignore[arg-type]


async def step(desk: Desk, asked: StepRequest) -> bytes:
    service = StepService(PublicLog(desk.network.cities["luan"].city.public_origin_id))
    async with desk.database.unit_of_work() as session:
        return await service.take(session, asked, await desk.devnet.now())


async def refusal(desk: Desk, asked: StepRequest) -> str:
    with pytest.raises(SunbidError) as caught:
        await step(desk, asked)
    return caught.value.code


async def last_event(desk: Desk) -> Event:
    async with desk.database.reading() as session:
        return Event.from_payload((await take(session, TOPIC, 1000))[-1].payload)


async def state(desk: Desk) -> str:
    async with desk.database.reading() as session:
        return (await repository.lot(session, desk.tender, 0)).state


async def test_a_question_is_published_without_who_asked(desk: Desk) -> None:
    await step(desk, request(desk, Step.ASK, Role.BIDDER))
    event = await last_event(desk)
    assert (event.kind, event.actor, event.actor_role) == (Kind.DOCUMENT_OBJECTION, None, ActorRole.BIDDER)
    assert [one.sha256 for one in event.evidence] == [sha256(PAPER)]


async def test_the_answer_is_the_tenderers(desk: Desk) -> None:
    await step(desk, request(desk, Step.CLARIFY, Role.TENDERER))
    event = await last_event(desk)
    assert (event.kind, event.actor) == (Kind.CLARIFICATION_PUBLISHED, desk.tenderer.organisation)
    async with desk.database.reading() as session:
        document = await repository.document(session, desk.tender, sha256(PAPER))
    assert document is not None
    assert document.content == PAPER


async def test_each_step_has_its_people_subject_and_time(desk: Desk) -> None:
    other = organisation_named("other")
    wrong = {
        "tender.not_a_step": request(desk, Step.DECIDE, Role.TENDERER, lot=0),
        "tender.step_subject": request(desk, Step.ASK, Role.BIDDER, lot=0),
        "tender.wrong_state": request(desk, Step.CONTRACT, Role.TENDERER, lot=0),
        "tender.not_allowed": request(desk, Step.CLARIFY, Role.TENDERER, organisation=other),
        "lot.unknown": request(desk, Step.CONTRACT, Role.TENDERER, lot=9),
    }
    for code, asked in wrong.items():
        assert await refusal(desk, asked) == code
    assert await refusal(desk, request(desk, Step.ASK, Role.EXPERT)) == "tender.not_a_step"
    assert await refusal(desk, request(desk, Step.CLARIFY, Role.AGENCY)) == "tender.not_allowed"
    assert await refusal(desk, request(desk, Step.CONTRACT, Role.TENDERER)) == "tender.step_subject"
    await desk.devnet.advance_to((await desk.at()).view.deadline)
    assert await refusal(desk, request(desk, Step.ASK, Role.BIDDER)) == "tender.wrong_time"


async def test_a_lot_goes_on_to_its_archive_and_a_new_decision_takes_it_back(desk: Desk) -> None:
    desk.box.listed[0, Envelope.PRICE] = [bid.bidder for bid in BIDS]
    desk.box.bids[0] = BIDS
    seats = await desk.seat_panel(1)
    await desk.list({0: 2})
    await desk.opened(0, Envelope.PRICE)
    found = {bid.bidder: Assessment(bid.bidder, bid.prices) for bid in BIDS}
    report, _ = evaluation_report(desk.tender, LotCase(price_lot(), BIDS, found, (), seats), PACK)
    await desk.report(0, report, 1)
    first = await desk.decide(Basis(desk.tender, 0, report.root, 1, None), b32("a"), 1)
    await step(desk, request(desk, Step.CONTRACT, Role.TENDERER, lot=0))
    await desk.settle()
    assert await state(desk) == TenderState.CONTRACTED
    assert await refusal(desk, request(desk, Step.CONTRACT, Role.TENDERER, lot=0)) == "tender.wrong_state"
    following = Basis(desk.tender, 0, report.root, 2, None, Ground.UNLAWFUL, "complaint upheld", replaces=first)
    await desk.decide(following, b32("b"), 1)
    assert await state(desk) == TenderState.DECIDED
    for taken, then in ((Step.CONTRACT, TenderState.CONTRACTED), (Step.PERFORM, TenderState.PERFORMING)):
        await step(desk, request(desk, taken, Role.TENDERER, lot=0, document=b"second " + taken.encode()))
        await desk.settle()
        assert await state(desk) == then
    await step(desk, request(desk, Step.ARCHIVE, Role.CENTRE, lot=0))
    await desk.settle()
    assert await state(desk) == TenderState.ARCHIVED
