"""What TenderBook says becomes rows, in every city, whoever sent it, and again after a reorganisation."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidding.tender import repository
from bidding.tender.domain import TenderState
from bidding.tender.projection import follow
from bidding.tender.records import notice_of, pack_of
from bidding.tender.rules import by_id
from bidding.tender.signed import Submission
from bidding.tender.tasks import TenderContext, refresh_tender, run_refresh, submit
from ledger.acts import TenderSuspension
from ledger.chain.client import ChainClient
from ledger.chain.devnet import Devnet
from ledger.chain.direct import send
from ledger.chain.indexer import Indexer
from ledger.db import Database
from ledger.errors import SunbidError
from ledger.outbox import take
from tests.fixtures.desk import Desk, sha256
from tests.fixtures.network import Network
from tests.fixtures.people import key_named
from tests.fixtures.tenders import b32, notice, price_lot
from witness.log.event import TOPIC, Event
from witness.log.kinds import Kind
from witness.log.service import PublicLog

PACK = by_id("dev-international")
REASON = b"reason"


async def other_city(desk: Desk, folder: Path) -> tuple[TenderContext, Indexer]:
    """Return Hefei's context and indexer on a database of its own."""
    database = Database(f"sqlite+aiosqlite:///{folder / 'hefei.sqlite3'}")
    await database.create_all()
    city = desk.network.cities["hefei"].city
    own = frozenset({city.sealed_origin_id})
    context = TenderContext(database, desk.chain, desk.context.clock, desk.context.domains, desk.context.service, own)
    indexer = Indexer(database, desk.chain)
    follow(indexer, PublicLog(city.public_origin_id))
    return context, indexer


async def test_a_partner_knows_the_state_and_leaves_the_witnessing_to_the_owner(
    network: Network, devnet: Devnet, database: Database, chain: ChainClient, tmp_path: Path
) -> None:
    desk = await Desk.open(network, devnet, database, chain)
    context, indexer = await other_city(desk, tmp_path)
    await desk.announce(PACK, notice(PACK, price_lot()))
    await desk.act(TenderSuspension(desk.tender, sha256(REASON), 0), desk.tenderer, REASON)
    while any([await indexer.run(), await run_refresh(context)]):
        pass
    async with context.database.reading() as session:
        row = await repository.get(session, desk.tender)
        assert await take(session, TOPIC, 10) == []
        for read in (pack_of, notice_of):
            with pytest.raises(SunbidError) as caught:
                await read(session, row)
            assert caught.value.code == "tender.elsewhere"
    assert (row.owned, row.suspended, row.state) == (False, True, TenderState.ANNOUNCED)
    assert row.tenderer == desk.tenderer.organisation
    await context.database.close()


async def test_what_a_stranger_carried_to_the_chain_is_followed_too(
    network: Network, devnet: Devnet, database: Database, chain: ChainClient
) -> None:
    desk = await Desk.open(network, devnet, database, chain)
    await desk.announce(PACK, notice(PACK, price_lot()))
    act = TenderSuspension(desk.tender, sha256(REASON), 0)
    signed = desk.signed(act, desk.supervisor)
    await send(chain, key_named("stranger"), "TenderBook", "suspend", 1, act, signed.signature, signed.chain)
    await desk.settle()
    async with database.reading() as session:
        row = await repository.get(session, desk.tender)
        events = [Event.from_payload(item.payload) for item in await take(session, TOPIC, 10)]
    assert row.suspended_by_supervisor
    assert (events[-1].kind, events[-1].actor) == (Kind.TENDER_SUSPENDED, row.supervisor)


async def test_after_a_reorganisation_the_chain_is_read_again(
    network: Network, devnet: Devnet, database: Database, chain: ChainClient
) -> None:
    desk = await Desk.open(network, devnet, database, chain)
    await desk.announce(PACK, notice(PACK, price_lot()))
    async with database.unit_of_work() as session:
        row = await repository.get(session, desk.tender)
        row.state, row.deadline = TenderState.CLOSED.value, 1
        await repository.forget_from(session, row.seen_block)
    assert await run_refresh(desk.context)
    assert not await run_refresh(desk.context)
    async with database.reading() as session:
        row = await repository.get(session, desk.tender)
    assert (row.state, row.deadline) == (TenderState.ANNOUNCED, (await desk.at()).view.deadline)


async def test_an_older_block_changes_nothing(
    network: Network, devnet: Devnet, database: Database, chain: ChainClient
) -> None:
    desk = await Desk.open(network, devnet, database, chain)
    await desk.announce(PACK, notice(PACK, price_lot()))
    async with database.unit_of_work() as session:
        row = await repository.get(session, desk.tender)
        row.seen_block, row.state = row.seen_block + 100, TenderState.CLOSED.value
    assert await refresh_tender(desk.context, desk.tender)
    assert not await refresh_tender(desk.context, b32("unknown"))
    async with database.reading() as session:
        assert (await repository.get(session, desk.tender)).state == TenderState.CLOSED


async def test_an_act_that_the_contract_refused_after_all_may_be_sent_again(
    network: Network, devnet: Devnet, database: Database, chain: ChainClient
) -> None:
    desk = await Desk.open(network, devnet, database, chain)
    await desk.announce(PACK, notice(PACK, price_lot()))
    first = TenderSuspension(desk.tender, sha256(REASON), 0)
    papers = Submission(desk.signed(first, desk.tenderer), None, (REASON,))
    await submit(desk.context, papers)
    rival = desk.signed(TenderSuspension(desk.tender, sha256(b"other"), 0), desk.tenderer)
    await send(chain, key_named("stranger"), "TenderBook", "suspend", 0, rival.act, rival.signature, rival.chain)
    await desk.settle()
    async with database.reading() as session:
        assert await desk.context.service.known(session, papers) is None
    with pytest.raises(SunbidError) as caught:
        await submit(desk.context, papers)
    assert caught.value.code == "tender.step"
