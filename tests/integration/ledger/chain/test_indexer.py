"""The index holds every event once, in order, and takes back what the chain takes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import func, select

from ledger.chain.answers import Block, RawLog
from ledger.chain.client import ChainClient, ContractRef, Finality
from ledger.chain.contracts import artifact
from ledger.chain.deploy import Deployment, propose
from ledger.chain.devnet import CHAIN_ID, Devnet
from ledger.chain.direct import Outgoing, send, send_all
from ledger.chain.indexer import ChainBlock, ChainEvent, IndexedEvent, Indexer, IndexerError, events, indexed_block
from ledger.chain.rpc import RpcError
from ledger.chain.transactions import created_address
from ledger.db import Database
from tests.fixtures.network import Network
from tests.fixtures.split import Choice, TwoMinds, open_elsewhere


class FussyNode(ChainClient):
    """A node that refuses log queries over more than `most` blocks."""

    most = 2
    windows: list[int]

    async def settled_logs(
        self, contracts: Sequence[ContractRef], from_block: int, to_block: int
    ) -> tuple[list[RawLog], Block] | None:
        if to_block - from_block + 1 > self.most:
            raise RpcError("eth_getLogs", -32005, "too many blocks")
        self.windows.append(to_block - from_block + 1)
        return await super().settled_logs(contracts, from_block, to_block)


async def anchor(chain: ChainClient, network: Network, city: str, fill: int) -> None:
    one = network.cities[city]
    await send(
        chain, one.keys.submitter, "AnchorRegistry", "anchor", one.city.public_origin_id, 5, bytes([fill]) * 32, (), ()
    )


async def index_split(database: Database, network: Network, second: str, to_second: Choice) -> list[int]:
    """Return from which blocks on events were taken back."""
    undone: list[int] = []

    async def note(_: object, block: int) -> None:
        undone.append(block)

    async with TwoMinds(network.url, second, to_second, network.deployment.city_registry, depth=3) as client:
        indexer = Indexer(database, client)
        indexer.on_undo(note)
        await indexer.run()
    return undone


async def all_events(database: Database, **which: Any) -> list[IndexedEvent]:
    async with database.reading() as session:
        return await events(session, **which)


@pytest.fixture
def indexer(database: Database, chain: ChainClient, devnet: Devnet) -> Indexer:
    del devnet
    return Indexer(database, chain)


class TestRun:
    async def test_holds_what_the_node_has_in_chain_order(self, indexer, database, chain) -> None:
        assert await indexer.run()
        found = await all_events(database)
        names = ["CityRegistry", "AnchorRegistry", "KeySets", "CreditLedger", "TenderBook"]
        direct = await chain.logs(names, 0, (await chain.block()).number)
        assert [(e.block, e.index, e.event, e.args) for e in found] == [
            (e.block, e.index, e.event, e.args) for e in direct
        ]
        assert {e.contract for e in found} == {"CityRegistry", "KeySets"}
        assert found[0].at == (await chain.block(found[0].block)).timestamp

    async def test_again_changes_nothing(self, indexer, database) -> None:
        await indexer.run()
        before = await all_events(database)
        assert not await indexer.run()
        assert await all_events(database) == before

    async def test_finds_by_name_and_subject(self, indexer, database, chain, network) -> None:
        await anchor(chain, network, "luan", 1)
        await anchor(chain, network, "hefei", 2)
        await indexer.run()
        origin = network.cities["hefei"].city.public_origin_id
        (one,) = await all_events(database, contract="AnchorRegistry", event="Anchored", subject=origin)
        assert (one.args["origin"], one.args["root"], one.args["size"]) == (origin, b"\2" * 32, 5)
        assert await all_events(database, event="Anchored", after=one.id) == []

    async def test_waits_for_finality(self, database, chain, network, devnet) -> None:
        careful = ChainClient([network.url], CHAIN_ID, network.deployment.city_registry, finality=Finality(3))
        await anchor(chain, network, "luan", 1)
        late = Indexer(database, careful)
        await late.run()
        assert await all_events(database, event="Anchored") == []
        await devnet.mine(3)
        await late.run()
        await careful.close()
        assert len(await all_events(database, event="Anchored")) == 1


class TestASplitNetwork:
    async def test_blocks_that_a_node_does_not_have_are_read_later(
        self, database, indexer, chain, network, devnet
    ) -> None:
        await indexer.run()
        await anchor(chain, network, "luan", 1)
        await devnet.mine(3)
        async with open_elsewhere((await chain.block()).number - 4) as behind:
            await index_split(database, network, behind, lambda method, _: method == "eth_getLogs")
        await indexer.run()
        assert len(await all_events(database, event="Anchored")) == 1

    async def test_a_node_that_is_behind_takes_nothing_back(self, database, indexer, chain, network, devnet) -> None:
        await anchor(chain, network, "luan", 1)
        await devnet.mine(3)
        await indexer.run()
        before, head = await all_events(database), await chain.block()
        await devnet.mine(4)
        async with open_elsewhere(head.number - 1) as behind:
            last = ("eth_getBlockByNumber", (hex(head.number), False))
            assert await index_split(database, network, behind, lambda *request: request == last) == []
        assert await all_events(database) == before


class TestReactions:
    async def test_run_once_in_the_transaction_of_the_event(self, indexer, database, chain, network) -> None:
        seen: list[bytes] = []

        async def react(session: Any, event: IndexedEvent) -> None:
            assert await session.scalar(select(func.count()).where(ChainEvent.id == event.id)) == 1
            seen.append(event.args["root"])

        indexer.on("AnchorRegistry", "Anchored", react)
        await anchor(chain, network, "luan", 1)
        await indexer.run()
        await indexer.run()
        assert seen == [b"\1" * 32]

    async def test_a_failing_reaction_leaves_the_cursor_where_it_was(self, indexer, database, chain, network) -> None:
        await indexer.run()
        async with database.reading() as session:
            before = await indexed_block(session)

        async def fail(session: Any, event: IndexedEvent) -> None:
            raise RuntimeError(event.event)

        indexer.on("AnchorRegistry", "Anchored", fail)
        await anchor(chain, network, "luan", 1)
        with pytest.raises(RuntimeError):
            await indexer.run()
        async with database.reading() as session:
            assert await indexed_block(session) == before
        assert await all_events(database, event="Anchored") == []


class TestReorganisation:
    async def test_takes_back_what_the_chain_takes_back(self, indexer, database, chain, network, devnet) -> None:
        await indexer.run()
        undone: list[int] = []

        async def undo(session: Any, block: int) -> None:
            undone.append(block)

        indexer.on_undo(undo)
        kept = await all_events(database)
        await anchor(chain, network, "luan", 1)
        await indexer.run()
        (gone,) = await all_events(database, event="Anchored")
        await devnet.reorg(1)
        assert await indexer.run()
        assert undone == [gone.block]
        assert await all_events(database) == kept
        await anchor(chain, network, "luan", 2)
        await indexer.run()
        assert [e.args["root"] for e in await all_events(database, event="Anchored")] == [b"\2" * 32]

    async def test_a_chain_that_lost_its_end(self, indexer, database, chain, network, devnet) -> None:
        mark = await devnet.snapshot()
        await devnet.mine(5)
        await anchor(chain, network, "luan", 1)
        await indexer.run()
        await devnet.revert(mark)
        assert await indexer.run()
        assert await all_events(database, event="Anchored") == []

    async def test_refuses_to_go_back_further_than_it_remembers(self, indexer, database) -> None:
        await indexer.run()
        async with database.unit_of_work() as session:
            for block in await session.scalars(select(ChainBlock)):
                await session.delete(block)
            session.add_all(ChainBlock(number=5_000 + 1_000 * i, hash=bytes(32)) for i in range(2))
        with pytest.raises(IndexerError):
            await indexer.run()


class TestWindow:
    async def test_halves_until_the_node_answers_and_grows_again(self, database, network, devnet) -> None:
        await devnet.mine(20)
        fussy = FussyNode([network.url], CHAIN_ID, network.deployment.city_registry)
        fussy.windows = []
        await Indexer(database, fussy).run()
        head = (await fussy.block()).number
        await fussy.close()
        assert set(fussy.windows) == {1, 2}
        async with database.reading() as session:
            assert await indexed_block(session) == head
        assert len(await all_events(database, event="CityJoined")) == 3


class TestVersions:
    async def test_follows_a_version_from_the_block_that_names_it(
        self, indexer, database, chain, network, devnet, deployment
    ) -> None:
        await indexer.run()
        second = await _second_credit_ledger(chain, network, deployment)
        await indexer.run()
        named = await all_events(database, event="VersionNamed")
        assert named[-1].args["version"] == second
        assert await chain.contract("CreditLedger") == second
        assert [c.address for c in await indexer._contracts()][-1] == second


async def _second_credit_ledger(chain: ChainClient, network: Network, deployment: Deployment) -> bytes:
    key = network.plan.deployer
    address = created_address(key.address, await chain.transaction_count(key.address))
    data = artifact("CreditLedger").creation((deployment.city_registry,))
    await send_all(chain, [Outgoing(key, None, data, 5_000_000, "CreditLedger.create")])
    call = artifact("CityRegistry").function("nameVersion").encode_call((4, address))
    await propose(chain, deployment, network.plan, [(deployment.city_registry, call)], salt=b"second")
    return address
