"""Credit on a real chain: posted with evidence, revoked, repaired, answered for, and taken back by a reorganisation."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from credit import repository
from credit.catalogue import DAY, shipped
from credit.domain import DecisionBody, EndingBody, EntryKind, fold
from credit.models import CreditEntryRow
from credit.service import CreditCall, CreditService, CreditSubmission
from credit.tasks import AWARD_TOPIC, CreditContext, follow, run_occasions, submit
from ledger.acts import Role, Scope, TenderTermination
from ledger.chain.client import ChainClient
from ledger.chain.clock import ChainClock
from ledger.chain.devnet import Devnet
from ledger.chain.indexer import Indexer
from ledger.chain.sender import ChainSender
from ledger.db import Database
from ledger.errors import SunbidError
from ledger.identity import city_id
from ledger.outbox import enqueue, take
from ledger.signed import Signed
from tests.fixtures.network import Network
from tests.fixtures.people import Actor, organisation_named
from witness.log.event import TOPIC, Event
from witness.log.kinds import Kind
from witness.log.service import PublicLog

CATALOGUE = shipped()
SUBJECT = organisation_named("builder")
PAPER = b"decision no. 7"
NONCE = bytes([5]) * 32


@dataclass
class Office:
    """A city's credit office."""

    network: Network
    devnet: Devnet
    database: Database
    chain: ChainClient
    context: CreditContext
    sender: ChainSender
    indexer: Indexer

    @classmethod
    async def open(cls, city: str, network: Network, devnet: Devnet, database: Database, chain: ChainClient) -> Office:
        keys = network.cities[city].keys
        sender = ChainSender(database, chain, keys.submitter, look_seconds=10.0)
        log = PublicLog(network.cities[city].city.public_origin_id)
        service = CreditService(network.deployment, sender, log, CATALOGUE, city_id(city))
        indexer = Indexer(database, chain)
        follow(indexer, service)
        clock = ChainClock(chain)
        await clock.refresh()
        return cls(network, devnet, database, chain, CreditContext(database, chain, clock, service), sender, indexer)

    def authority(self, city: str = "luan") -> Actor:
        return self.network.registrar(city).actor("credit office", Role.CREDIT_AUTHORITY)

    async def now(self) -> int:
        return await self.devnet.now()

    async def decision(self, rule: str = "win-abandoned", points: int = -10) -> DecisionBody:
        document = hashlib.sha256(PAPER).digest()
        start = await self.now()
        authority = self.authority().organisation
        return DecisionBody(SUBJECT, authority, rule, Decimal(points), start, start + 90 * DAY, document, "found")

    def ending(self, kind: EntryKind, decision: bytes) -> EndingBody:
        document = hashlib.sha256(PAPER).digest()
        return EndingBody(kind, SUBJECT, self.authority().organisation, decision, document, "appeal upheld")

    def submission(self, body: Any, actor: Actor | None = None, **others: Any) -> CreditSubmission:
        actor = actor or self.authority()
        act = body.act(NONCE, CATALOGUE) if isinstance(body, DecisionBody) else body.act(NONCE)
        signature = actor.sign(act, self.network.deployment.domain("CreditLedger"))
        made = CreditSubmission(Signed(act, signature, actor.chain), NONCE, body.to_bytes(), PAPER)
        return dataclasses.replace(made, **others)

    async def post(self, body: Any) -> CreditCall:
        await self.context.clock.refresh()
        call = await submit(self.context, self.submission(body))
        await self.settle()
        return call

    async def settle(self) -> None:
        while any([await self.sender.run(), await self.indexer.run()]):
            pass

    async def score(self, at: int | None = None) -> Decimal:
        async with self.database.reading() as session:
            moment = await self.now() if at is None else at
            return (await self.context.service.answer(session, SUBJECT, moment)).standing.score

    async def entries(self) -> list[CreditEntryRow]:
        async with self.database.reading() as session:
            return list(await repository.posted(session, SUBJECT))


@pytest.fixture
async def office(network: Network, devnet: Devnet, database: Database, chain: ChainClient) -> Office:
    return await Office.open("luan", network, devnet, database, chain)


async def refusal(call: Any) -> str:
    with pytest.raises(SunbidError) as caught:
        await call
    return caught.value.code


async def test_a_decision_is_posted_witnessed_and_counts(office: Office) -> None:
    before = await office.now()
    await office.post(await office.decision())
    assert await office.score() == 70
    assert await office.score(before - 1) == 80
    subject = await office.chain.call("CreditLedger", "subject", SUBJECT)
    entries = await office.entries()
    assert (subject.count, subject.head) == (1, fold(row.entry for row in entries))
    async with office.database.reading() as session:
        [item] = await take(session, TOPIC, 10)
        assert await repository.document(session, hashlib.sha256(PAPER).digest()) == PAPER
        assert await repository.document(session, bytes(32)) is None
    event = Event.from_payload(item.payload)
    assert (event.kind, event.act) == (Kind.CREDIT_RECORDED, entries[0].digest)


async def test_a_revocation_ends_it_and_history_stays(office: Office) -> None:
    posted = await office.post(await office.decision())
    then = await office.now()
    await office.devnet.advance(100)
    await office.post(office.ending(EntryKind.REVOCATION, posted.digest))
    assert (await office.score(), await office.score(then)) == (80, 70)
    assert len(await office.entries()) == 2
    again = office.ending(EntryKind.REPAIR, posted.digest)
    assert await refusal(office.post(again)) == "credit.ended"


async def test_a_repair_waits_for_its_minimum_period(office: Office) -> None:
    posted = await office.post(await office.decision())
    repair = office.ending(EntryKind.REPAIR, posted.digest)
    assert await refusal(office.post(repair)) == "credit.repair_too_early"
    await office.devnet.advance(92 * DAY)
    await office.post(repair)
    assert await office.score() == 80


async def test_the_same_act_again_changes_nothing(office: Office) -> None:
    body = await office.decision()
    first, second = await office.post(body), await office.post(body)
    assert first == second
    assert len(await office.entries()) == 1


async def test_what_is_wrong_is_refused_and_nothing_is_kept(office: Office) -> None:
    body = await office.decision()
    good = office.submission(body)
    other = dataclasses.replace(body, text="other").to_bytes()
    bidder = office.network.registrar("luan").actor("credit office", Role.BIDDER)
    delegate = office.network.registrar("luan").delegate(office.authority(), "clerk", Scope.CONDUCT)
    forged = dataclasses.replace(good.signed.chain, credential_signature=b"\x11" * 65)
    ending = TenderTermination(bytes(32), bytes(32), 0)
    domain = office.network.deployment.domain("TenderBook")
    stranger = dataclasses.replace(body, authority=bytes(32))
    wrong = {
        "credit.act": dataclasses.replace(
            good, signed=Signed(ending, office.authority().sign(ending, domain), good.signed.chain)
        ),
        "credit.disagrees": dataclasses.replace(good, body=other),
        "document.not_sent": dataclasses.replace(good, document=b"x"),
        "credit.contract_refuses": dataclasses.replace(good, signed=dataclasses.replace(good.signed, chain=forged)),
        "credit.points": office.submission(dataclasses.replace(body, points=Decimal(-1))),
    }
    for code, submission in wrong.items():
        assert await refusal(submit(office.context, submission)) == code
    for submission in (
        office.submission(body, bidder), office.submission(body, delegate), office.submission(stranger),
    ):  # fmt: skip
        assert await refusal(submit(office.context, submission)) == "credit.authority"
    async with office.database.reading() as session:
        assert await repository.records(session, SUBJECT) == []


async def test_only_a_posted_decision_on_the_same_subject_is_ended(office: Office) -> None:
    unknown = office.ending(EntryKind.REVOCATION, bytes(32))
    assert await refusal(office.post(unknown)) == "credit.decision_unknown"
    posted = await office.post(await office.decision())
    other = dataclasses.replace(office.ending(EntryKind.REVOCATION, posted.digest), subject=bytes([1]) * 32)
    assert await refusal(office.post(other)) == "credit.decision_unknown"
    ended = await office.post(office.ending(EntryKind.REVOCATION, posted.digest))
    assert await refusal(office.post(office.ending(EntryKind.REPAIR, ended.digest))) == "credit.decision_unknown"


async def test_another_citys_entries_are_known_without_their_bodies(
    office: Office, network: Network, devnet: Devnet, chain: ChainClient, tmp_path: Any
) -> None:
    await office.post(await office.decision())
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'hefei.sqlite3'}")
    await database.create_all()
    hefei = await Office.open("hefei", network, devnet, database, chain)
    await hefei.settle()
    [entry] = await hefei.entries()
    assert (entry.body, entry.city) == (None, city_id("luan"))
    async with database.reading() as session:
        found = await hefei.context.service.answer(session, SUBJECT, await office.now())
        assert await take(session, TOPIC, 10) == []
    assert (found.standing.score, found.standing.unknown) == (80, 1)
    await database.close()


async def test_a_reorganisation_takes_an_entry_back(office: Office) -> None:
    await office.post(await office.decision())
    async with office.database.unit_of_work() as session:
        await repository.forget_from(session, 0)
    assert await office.entries() == []
    assert await office.score() == 80


async def test_an_entry_that_comes_back_in_another_block_is_witnessed_once(office: Office) -> None:
    call = await office.post(await office.decision())
    [entry] = await office.entries()
    event = (await office.chain.logs(["CreditLedger"], entry.block or 0, entry.block or 0))[0]
    moved = type("Moved", (), {"args": event.args, "at": (entry.posted_at or 0) + 1, "block": entry.block})
    async with office.database.unit_of_work() as session:
        await office.context.service.take_event(session, moved)  # type: ignore[arg-type]
    async with office.database.reading() as session:
        assert len(await take(session, TOPIC, 10)) == 1
        row = await repository.entry(session, call.digest)
    assert row is not None
    assert row.posted_at == (entry.posted_at or 0) + 1


async def test_an_award_is_an_occasion_and_no_record(office: Office) -> None:
    payload = {"tender": "0x00", "lot": 1, "winner": "0x" + SUBJECT.hex(), "at": 7}
    async with office.database.unit_of_work() as session:
        await enqueue(session, AWARD_TOPIC, payload, key="a")
    assert await run_occasions(office.context)
    assert not await run_occasions(office.context)
    async with office.database.reading() as session:
        [occasion] = await repository.occasions(session, SUBJECT)
        assert len(await repository.occasions(session)) == 1
        assert await repository.occasions(session, bytes(32)) == []
    assert (occasion.rule, occasion.at) == ("award-won", 7)
    assert await office.score() == 80
