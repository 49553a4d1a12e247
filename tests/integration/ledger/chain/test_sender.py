"""Transactions survive crashes, reorganisations and nodes that forget; only receipts count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import func, select

from ledger.chain.client import ChainClient, Finality
from ledger.chain.devnet import CHAIN_ID, GAS_LIMIT, Devnet
from ledger.chain.direct import outgoing, send_all
from ledger.chain.indexer import Indexer
from ledger.chain.rpc import ChainUnreachableError, RpcError, to_hex
from ledger.chain.sender import MAX_UNMINED, ChainSender, ChainTx, SenderError, TxOutcome, TxStatus
from ledger.db import Database
from tests.fixtures.network import Network
from tests.fixtures.people import key_named
from tests.fixtures.split import TwoMinds, open_elsewhere

ROOT = bytes([7]) * 32


class DeadNode(ChainClient):
    """A node that breaks off when it is handed a transaction."""

    async def broadcast(self, raws: Sequence[bytes]) -> list[RpcError | None]:
        raise ChainUnreachableError("gone")


class ForgetfulNode(ChainClient):
    """A node that accepts transactions and drops them."""

    async def broadcast(self, raws: Sequence[bytes]) -> list[RpcError | None]:
        return [None] * len(raws)


class CountingNode(ChainClient):
    """A node that keeps what it was handed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.handed: list[bytes] = []

    async def broadcast(self, raws: Sequence[bytes]) -> list[RpcError | None]:
        self.handed += raws
        return await super().broadcast(raws)


@pytest.fixture
def sender(database: Database, chain: ChainClient, network: Network, devnet: Devnet) -> ChainSender:
    del devnet
    return ChainSender(database, chain, network.cities["luan"].keys.submitter, look_seconds=10.0)


@pytest.fixture
def anchor(network: Network) -> tuple[str, str, tuple[object, ...]]:
    origin = network.cities["luan"].city.public_origin_id
    return ("AnchorRegistry", "anchor", (origin, 5, ROOT, (), ()))


def with_client(sender: ChainSender, kind: type[ChainClient], network: Network, *, depth: int = 0) -> ChainSender:
    client = kind([network.url], CHAIN_ID, network.deployment.city_registry, finality=Finality(depth))
    return ChainSender(sender._database, client, sender._key, look_seconds=0.0 if kind is ForgetfulNode else 1.0)


async def run_split(sender: ChainSender, first: str, second: str, network: Network) -> None:
    def is_receipt(method: str, _: Sequence[object]) -> bool:
        return method == "eth_getTransactionReceipt"

    async with TwoMinds(first, second, is_receipt, network.deployment.city_registry, depth=3) as client:
        await ChainSender(sender._database, client, sender._key).run()


async def submit(database: Database, sender: ChainSender, call: tuple[str, str, tuple[object, ...]], key: str) -> None:
    async with database.unit_of_work() as session:
        await sender.submit(session, *call, key=key)


async def outcome(database: Database, key: str) -> TxOutcome:
    async with database.reading() as session:
        found = await ChainSender.outcome(session, key)
    assert found is not None
    return found


class TestSubmit:
    async def test_is_mined_and_final(self, database, sender, anchor, chain, network) -> None:
        await submit(database, sender, anchor, "a")
        assert await sender.run()
        found = await outcome(database, "a")
        assert (found.status, found.final, found.error) == (TxStatus.MINED, True, None)
        assert await chain.call("AnchorRegistry", "last", anchor[2][0]) == (5, ROOT)
        assert not await sender.run()

    async def test_same_key_and_call_is_sent_once(self, database, sender, anchor, chain) -> None:
        before = await chain.transaction_count(sender.address)
        for _ in range(2):
            await submit(database, sender, anchor, "a")
            await sender.run()
        assert await chain.transaction_count(sender.address) == before + 1

    async def test_another_call_under_the_key_is_refused(self, database, sender, anchor) -> None:
        await submit(database, sender, anchor, "a")
        origin, _, root, *rest = anchor[2]
        with pytest.raises(SenderError, match="one call"):
            await submit(database, sender, (*anchor[:2], (origin, 6, root, *rest)), "a")

    async def test_a_rolled_back_transaction_leaves_no_intent(self, database, sender, anchor) -> None:
        async def fail() -> None:
            async with database.unit_of_work() as session:
                await sender.submit(session, *anchor, key="a")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fail()
        async with database.reading() as session:
            assert await ChainSender.outcome(session, "a") is None

    async def test_a_call_larger_than_nodes_take_is_refused(self, database, sender, anchor) -> None:
        origin, size, root, _, signatures = anchor[2]
        with pytest.raises(SenderError, match="bytes"):
            await submit(database, sender, (*anchor[:2], (origin, size, root, (root,) * 4000, signatures)), "a")


class TestRefusal:
    async def test_the_contracts_reason_is_kept(self, database, sender, anchor) -> None:
        unknown = bytes([9]) * 32
        await submit(database, sender, (*anchor[:2], (unknown, *anchor[2][1:])), "a")
        await sender.run()
        found = await outcome(database, "a")
        assert (found.status, found.error) == (TxStatus.REVERTED, "OriginUnknown")
        assert found.error_args == {"origin": "0x" + unknown.hex()}

    async def test_submitted_again_it_is_tried_again(self, database, sender, anchor, network, devnet, chain) -> None:
        hefei = network.cities["hefei"].city.public_origin_id
        await submit(database, sender, (*anchor[:2], (hefei, *anchor[2][1:])), "a")
        await sender.run()
        assert (await outcome(database, "a")).error == "NotTheSubmitter"
        before = await chain.transaction_count(sender.address)
        await submit(database, sender, (*anchor[:2], (hefei, *anchor[2][1:])), "a")
        assert (await outcome(database, "a")).status is TxStatus.WAITING
        await sender.run()
        assert await chain.transaction_count(sender.address) == before + 1

    async def test_too_little_gas_has_no_reason_but_figures(self, database, sender, anchor) -> None:
        async with database.unit_of_work() as session:
            await sender.submit(session, *anchor, key="a", gas=60_000)
        await sender.run()
        found = await outcome(database, "a")
        assert (found.status, found.error) == (TxStatus.REVERTED, "Unknown")
        assert found.error_args["gas"] == 60_000

    async def test_what_a_node_will_not_take_is_kept_for_whoever_looks(self, database, sender, anchor) -> None:
        impatient = ChainSender(database, sender._client, sender._key)
        async with database.unit_of_work() as session:
            await sender.submit(session, *anchor, key="a", gas=2 * GAS_LIMIT)
        await impatient.run()
        found = await outcome(database, "a")
        assert found.status is TxStatus.SENT
        assert "gas" in found.refusal


class TestCrash:
    async def test_the_same_bytes_go_out_after_a_node_broke_off(self, database, sender, anchor, network) -> None:
        await submit(database, sender, anchor, "a")
        broken = with_client(sender, DeadNode, network)
        with pytest.raises(ChainUnreachableError):
            await broken.run()
        await broken._client.close()
        stuck = await outcome(database, "a")
        assert stuck.status is TxStatus.SENT
        await sender.run()
        mined = await outcome(database, "a")
        assert (mined.status, mined.tx_hash) == (TxStatus.MINED, stuck.tx_hash)

    async def test_accepted_is_not_mined(self, database, sender, anchor, network) -> None:
        await submit(database, sender, anchor, "a")
        forgetful = with_client(sender, ForgetfulNode, network)
        await forgetful.run()
        await forgetful._client.close()
        assert (await outcome(database, "a")).status is TxStatus.SENT
        await sender.run()
        assert (await outcome(database, "a")).status is TxStatus.MINED

    async def test_what_waits_in_the_pool_is_not_sent_again(self, database, sender, anchor, network, devnet) -> None:
        await submit(database, sender, anchor, "a")
        counting = with_client(sender, CountingNode, network)
        counting._look_seconds = 0.0
        async with devnet.hold():
            for _ in range(3):
                await counting.run()
        assert len(counting._client.handed) == 1
        await counting._client.close()
        await sender.run()
        assert (await outcome(database, "a")).status is TxStatus.MINED

    async def test_a_nonce_that_another_used_is_replaced(self, database, sender, anchor, network, chain) -> None:
        await submit(database, sender, anchor, "a")
        forgetful = with_client(sender, ForgetfulNode, network)
        await forgetful.run()
        await forgetful._client.close()
        lost = await outcome(database, "a")
        await send_all(chain, [await outgoing(chain, sender._key, *anchor[:2], *anchor[2], gas=5_000_000)])
        await sender.run()
        found = await outcome(database, "a")
        assert found.status is TxStatus.MINED
        assert found.tx_hash != lost.tx_hash


class TestReorganisation:
    async def test_what_the_chain_took_back_is_sent_again(self, database, sender, anchor, network, devnet) -> None:
        await devnet.mine(3)
        careful = with_client(sender, ChainClient, network, depth=2)
        await submit(database, careful, anchor, "a")
        await careful.run()
        first = await outcome(database, "a")
        assert (first.status, first.final) == (TxStatus.MINED, False)
        await devnet.reorg(1)
        assert (await careful._client.receipts([first.tx_hash]))[0] is None
        await careful.run()
        await devnet.mine(2)
        await careful.run()
        await careful._client.close()
        again = await outcome(database, "a")
        assert (again.status, again.final, again.tx_hash) == (TxStatus.MINED, True, first.tx_hash)

    async def test_what_ended_otherwise_in_another_block_is_noted_anew(
        self, database, sender, anchor, network, devnet, chain
    ) -> None:
        careful = with_client(sender, ChainClient, network, depth=2)
        mark = await devnet.snapshot()
        await submit(database, careful, anchor, "a")
        await careful.run()
        async with database.reading() as session:
            (row,) = await session.scalars(select(ChainTx))
        assert row.status == TxStatus.MINED
        await devnet.revert(mark)
        registry = await chain.contract("AnchorRegistry")
        await chain.rpc.request("anvil_setCode", to_hex(registry), "0xfe")  # INVALID: refuses every call
        await chain.broadcast([row.raw])
        await devnet.mine(3)
        await careful.run()
        await careful.run()
        await careful._client.close()
        found = await outcome(database, "a")
        assert (found.status, found.final, found.tx_hash) == (TxStatus.REVERTED, True, row.tx_hash)

    async def test_what_was_final_is_sent_again_when_the_index_went_back(
        self, database, sender, anchor, devnet, chain
    ) -> None:
        indexer = Indexer(database, chain)
        indexer.on_undo(sender.take_back)
        await submit(database, sender, anchor, "a")
        await sender.run()
        await indexer.run()
        first = await outcome(database, "a")
        assert first.final
        await devnet.reorg(1)
        assert not await sender.run()
        await indexer.run()
        await sender.run()
        again = await outcome(database, "a")
        assert (again.status, again.final, again.tx_hash) == (TxStatus.MINED, True, first.tx_hash)
        assert again.block > first.block

    async def test_a_chain_restored_from_an_older_state(self, database, sender, anchor, network, devnet, chain) -> None:
        mark = await devnet.snapshot()
        await submit(database, sender, anchor, "a")
        await sender.run()
        assert (await outcome(database, "a")).final
        await devnet.revert(mark)
        await submit(database, sender, anchor, "b")
        await sender.run()
        await sender.run()
        assert [(await outcome(database, key)).status for key in "ab"] == [TxStatus.MINED, TxStatus.MINED]
        assert (await chain.receipts([(await outcome(database, "a")).tx_hash]))[0].succeeded


class TestASplitNetwork:
    """What one node says of a block does not count for what another has in it."""

    async def test_a_block_counts_by_the_chain_that_it_is_in(
        self, database, sender, anchor, network, devnet, chain
    ) -> None:
        await submit(database, sender, anchor, "a")
        careful = with_client(sender, ChainClient, network, depth=3)
        await careful.run()
        async with open_elsewhere((await chain.block()).number + 3) as ahead:
            await run_split(sender, ahead, network.url, network)
        assert not (await outcome(database, "a")).final
        await devnet.mine(3)
        await careful.run()
        await careful._client.close()
        assert (await outcome(database, "a")).final

    async def test_a_nonce_is_not_lost_because_one_node_has_no_receipt(
        self, database, sender, anchor, network, devnet, chain
    ) -> None:
        await submit(database, sender, anchor, "a")
        forgetful = with_client(sender, ForgetfulNode, network)
        await forgetful.run()
        await forgetful._client.close()
        async with database.reading() as session:
            (row,) = await session.scalars(select(ChainTx))
        await chain.broadcast([row.raw])
        await devnet.mine(3)
        async with open_elsewhere((await chain.block()).number - 1) as behind:
            await run_split(sender, network.url, behind, network)
        assert (await outcome(database, "a")).tx_hash == row.tx_hash
        await sender.run()
        assert (await outcome(database, "a")).status is TxStatus.MINED


class TestManySubmits:
    async def test_window_and_order(self, database, sender, anchor, network, chain, devnet) -> None:
        count = MAX_UNMINED + 50
        async with database.unit_of_work() as session:
            for i in range(count):
                await sender.submit(session, *anchor, key=f"{i:03}")
        async with devnet.hold():
            await with_client_and_close(sender, network)
            async with database.reading() as session:
                sent = select(func.count()).where(ChainTx.status == TxStatus.SENT)
                assert await session.scalar(sent) == MAX_UNMINED
                assert await ChainSender.unmined(session) == count
        while await sender.run():
            pass
        async with database.reading() as session:
            rows = (await session.execute(select(ChainTx.key, ChainTx.status).order_by(ChainTx.nonce))).all()
        assert [row.key for row in rows] == sorted(row.key for row in rows)
        assert {row.status for row in rows} == {TxStatus.MINED}


async def with_client_and_close(sender: ChainSender, network: Network) -> None:
    impatient = with_client(sender, ChainClient, network)
    impatient._look_seconds = 0.0
    await impatient.run()
    await impatient.run()
    await impatient._client.close()


class TestTwoSenders:
    async def test_one_key_in_two_processes_shares_its_nonces(self, database, sender, anchor, network, chain) -> None:
        other = with_client(sender, ChainClient, network)
        for i in range(6):
            await submit(database, sender, anchor, str(i))
        await sender._assign()
        await submit(database, other, anchor, "last")
        await other.run()
        await sender.run()
        await other._client.close()
        assert {(await outcome(database, key)).status for key in (*"012345", "last")} == {TxStatus.MINED}

    async def test_another_key_is_another_sender(self, database, sender, anchor, chain) -> None:
        stranger = ChainSender(database, chain, key_named("stranger"), look_seconds=10.0)
        await submit(database, stranger, anchor, "a")
        assert not await sender.run()
        await stranger.run()
        assert (await outcome(database, "a")).error == "NotTheSubmitter"
