"""The logs on the real contracts: keys, anchors of both logs, announced deadlines, attested blocks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from ledger.acts import ZERO32, Committee, Lot, Role, TenderAnnouncement
from ledger.chain.client import ChainClient
from ledger.chain.clock import ChainClock
from ledger.chain.devnet import CHAIN_ID, Devnet
from ledger.chain.direct import outgoing, send_all
from ledger.chain.indexer import Indexer
from ledger.chain.sender import ChainSender
from ledger.db import Database
from ledger.identity import tender_id
from tests.fixtures.logs import Route, app_of, counting_rules
from tests.fixtures.network import Network
from tests.fixtures.people import key_named, organisation_named
from witness.log.attest import attest
from witness.log.chain import NodeLogChain, RegisteredBox, pace_boxes
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.merkle import leaf_hash, tree_head
from witness.log.node import LogNode
from witness.log.ports import KeyKind, Partner, TreeHead
from witness.log.schedule import Pace, Schedule
from witness.log.service import LogReader, PublicLog
from witness.log.startup import BehindChainError, open_logs
from witness.log.tasks import WITNESS_TASKS, WRITER_TASKS
from witness.log.transport import HttpTransport

SCHEDULE = Schedule(Pace(8, 10), Pace(16, 2), 30)


async def log_node(network: Network, name: str, folder: Path, chain: ChainClient, stack: AsyncExitStack) -> LogNode:
    """Return a city's logs on the real chain, without partners yet."""
    one = network.cities[name]
    database = Database(f"sqlite+aiosqlite:///{folder / name}.sqlite3")
    stack.push_async_callback(database.close)
    await database.create_all()
    clock = ChainClock(chain)
    await clock.refresh()
    return LogNode(
        city=one.city,
        keys=one.keys,
        registry=network.deployment.domain("CityRegistry"),
        database=database,
        clock=clock,
        chain=NodeLogChain(chain),
        sender=ChainSender(database, chain, one.keys.submitter),
        box=await RegisteredBox.load(chain, one.city.sealed_origin_id),
        slips=counting_rules(name),
        anchor_interval=0,
    )


@pytest.fixture
async def pair(network: Network, devnet: Devnet, chain: ChainClient, tmp_path: Path) -> AsyncIterator[list[LogNode]]:
    """Lu'an and its partner Hefei."""
    async with AsyncExitStack() as stack:
        ways = [Route(), Route()]
        nodes = [await log_node(network, name, tmp_path, chain, stack) for name in ("luan", "hefei")]
        for number, other in ((0, 1), (1, 0)):
            keys = network.cities[nodes[other].city.name].keys
            http = await stack.enter_async_context(
                httpx.AsyncClient(transport=ways[other], base_url="http://peer.test")
            )
            partner = Partner(nodes[other].city, keys.log_public, keys.cosigner_public, HttpTransport(http))
            nodes[number] = replace(nodes[number], partners=(partner,))
        for way, node in zip(ways, nodes, strict=True):
            way.app = httpx.ASGITransport(app_of(node))
        for node in nodes:
            await open_logs(node)
        yield nodes


async def work(nodes: list[LogNode]) -> None:
    """Run all tasks, and the senders, until nothing moves."""
    while True:
        moved = [await task(node) for node in nodes for task in (*WRITER_TASKS, *WITNESS_TASKS)]
        moved += [await node.sender.run() for node in nodes]  # type: ignore[attr-defined]
        if not any(moved):
            return


class TestNodeLogChain:
    async def test_keys_stand_for_their_city_and_kind(self, network: Network, chain: ChainClient) -> None:
        facts, one = NodeLogChain(chain), network.cities["luan"]
        now = (await chain.block()).timestamp
        assert await facts.city_of_key(one.keys.witness.address, KeyKind.WITNESS, now) == one.city.id32
        assert await facts.city_of_key(one.keys.witness.address, KeyKind.RECEIVING, now) == ZERO32
        assert await facts.city_of_key(one.keys.witness.address, KeyKind.WITNESS, 1) == ZERO32

    async def test_nothing_is_anchored_at_first(self, network: Network, chain: ChainClient) -> None:
        assert (await NodeLogChain(chain).anchored(network.cities["luan"].city.public_origin_id)).size == 0

    async def test_q_of_an_origin(self, network: Network, chain: ChainClient) -> None:
        assert await NodeLogChain(chain).witnesses_needed(network.cities["luan"].city.sealed_origin_id) == 1


async def test_both_logs_are_anchored_and_grow(pair: list[LogNode], devnet: Devnet) -> None:
    luan = pair[0]
    for number in range(2):
        async with luan.database.unit_of_work() as session:
            await PublicLog(luan.city.public_origin_id).append(session, Event(Kind.ANOMALY, number, ActorRole.SYSTEM))
        await work(pair)
        await devnet.advance(SCHEDULE.slow.seconds)
        await work(pair)
    for origin in (luan.city.public_origin_id, luan.city.sealed_origin_id):
        async with luan.database.reading() as session:
            entries = await LogReader(session).slips(origin, 0, 1 << 40)
        anchored = await luan.chain.anchored(origin)
        assert anchored.size >= 2
        assert anchored == TreeHead(anchored.size, tree_head(list(map(leaf_hash, entries[: anchored.size]))))


async def test_no_start_behind_the_chain(pair: list[LogNode], devnet: Devnet, tmp_path: Path) -> None:
    luan = pair[0]
    await work(pair)
    await devnet.advance(SCHEDULE.slow.seconds)
    await work(pair)
    assert (await luan.chain.anchored(luan.city.sealed_origin_id)).size > 0
    empty = Database(f"sqlite+aiosqlite:///{tmp_path / 'restored.sqlite3'}")
    await empty.create_all()
    with pytest.raises(BehindChainError):
        await open_logs(replace(luan, database=empty))
    await empty.close()


async def test_attested_block_is_the_chains_own(pair: list[LogNode], chain: ChainClient) -> None:
    head = await chain.final_block()
    assert (await attest(pair[0], head.number)).act.block_hash == head.hash


class TestRegisteredBox:
    async def test_schedule_is_the_registered_one(self, pair: list[LogNode]) -> None:
        async with pair[0].database.reading() as session:
            assert await pair[0].box.schedule(session) == SCHEDULE

    async def test_announced_deadline_paces_the_origins_of_its_tender(
        self, network: Network, devnet: Devnet, chain: ChainClient, pair: list[LogNode]
    ) -> None:
        luan, hefei = pair
        indexer = Indexer(luan.database, chain)
        pace_boxes(indexer, chain)
        deadline = await devnet.now() + 1000
        await announce(network, chain, deadline, luan.city.sealed_origin_id)
        await indexer.run()
        async with luan.database.reading() as session:
            assert await luan.box.deadlines(session, deadline) == {deadline}
            assert await luan.box.deadlines(session, deadline + 1) == set()
            assert await RegisteredBox(hefei.city.sealed_origin_id, SCHEDULE).deadlines(session, 0) == set()


async def announce(network: Network, chain: ChainClient, deadline: int, *origins: bytes) -> None:
    """Announce a tender of one lot on these origins."""
    registrar = network.registrar("luan")
    tenderer, centre = registrar.actor("tenderer", Role.TENDERER), registrar.actor("luan/centre", Role.CENTRE)
    book = network.deployment.domain("TenderBook")
    act = TenderAnnouncement(
        tender=tender_id(CHAIN_ID, book.contract, tenderer.organisation, b"\x05" * 32),
        tenderer=tenderer.organisation,
        agency=ZERO32,
        supervisor=organisation_named("luan/supervision"),
        nonce=b"\x05" * 32,
        notice=b"\x01" * 32,
        rule_pack=b"\x02" * 32,
        key_id=network.committee.seal.key_set.key_id,
        box_key_id=network.committee.boxes[0].key_set.key_id,
        origins=origins,
        lots=(Lot(0, 4),),
        deadline=deadline,
        grace=600,
        open_after=600,
        amend_lead=600,
        minimum_bidders=1,
        committee=Committee.AT_ONCE,
        committee_after=0,
    )
    args = (act, tenderer.sign(act, book), tenderer.chain, centre.sign(act, book), centre.chain)
    await send_all(chain, [await outgoing(chain, key_named("anybody"), "TenderBook", "announce", *args)])
