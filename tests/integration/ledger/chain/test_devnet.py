"""The development chain's clock is moved by its owner only, and its state outlives the process."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ledger.chain import devnet as devnet_module
from ledger.chain.answers import ChainStateError
from ledger.chain.client import ChainClient
from ledger.chain.clock import ChainClock
from ledger.chain.devnet import CHAIN_ID, Devnet, DevnetError
from ledger.chain.direct import send
from ledger.chain.node import NodeError
from ledger.chain.rpc import ChainUnreachableError, Rpc, RpcError
from ledger.clock import from_unix
from ledger.errors import SunbidError
from tests.fixtures.network import START, Network


class TestClock:
    async def test_moves_to_a_moment_and_by_a_second_a_block(self, devnet: Devnet) -> None:
        await devnet.advance_to(START + 5_000)
        assert await devnet.now() == START + 5_000
        await devnet.mine(3)
        assert await devnet.now() == START + 5_003
        assert await devnet.advance(86_400) == START + 5_003 + 86_400
        await devnet.advance_to(START)
        assert await devnet.now() == START + 5_003 + 86_400

    async def test_a_transaction_takes_a_second(self, devnet: Devnet, chain: ChainClient, network: Network) -> None:
        await devnet.advance_to(START + 5_000)
        one = network.cities["luan"]
        arguments = (one.city.public_origin_id, 5, b"\1" * 32, (), ())
        await send(chain, one.keys.submitter, "AnchorRegistry", "anchor", *arguments)
        assert await devnet.now() == START + 5_001

    async def test_time_goes_back_only_with_the_chain(self, devnet: Devnet) -> None:
        before = await devnet.now()
        mark = await devnet.snapshot()
        await devnet.advance(1_000)
        await devnet.revert(mark)
        assert await devnet.now() == before
        with pytest.raises(DevnetError, match="used up"):
            await devnet.revert(mark)

    async def test_a_moment_that_a_transaction_reaches_first_has_passed(
        self, devnet: Devnet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever moves the clock looks at it, and then somebody's transaction makes the block of that second."""
        before, told = await devnet.now(), Devnet.now

        async def late(asked: Devnet) -> int:
            seen = await told(asked)
            monkeypatch.undo()
            await devnet.mine()
            return seen

        monkeypatch.setattr(Devnet, "now", late)
        await devnet.advance_to(before + 1)
        assert await devnet.now() == before + 1

    async def test_a_moment_that_no_chain_reaches_is_refused(self, devnet: Devnet) -> None:
        with pytest.raises(RpcError):
            await devnet.advance_to(2**64)

    async def test_less_than_a_second_is_refused(self, devnet: Devnet) -> None:
        with pytest.raises(DevnetError):
            await devnet.advance(0)


class TestChainClock:
    async def test_tells_the_latest_block_s_time_as_of_the_last_refresh(
        self, devnet: Devnet, chain: ChainClient
    ) -> None:
        clock = ChainClock(chain)
        with pytest.raises(SunbidError, match="refresh"):
            clock.now()
        await clock.refresh()
        first = clock.now()
        await devnet.advance(60)
        assert clock.now() == first
        await clock.refresh()
        assert clock.now() == first + timedelta(seconds=60)

    async def test_never_goes_back(self, devnet: Devnet, chain: ChainClient) -> None:
        clock = ChainClock(chain)
        mark = await devnet.snapshot()
        await devnet.advance(60)
        await clock.refresh()
        late = clock.now()
        await devnet.revert(mark)
        await clock.refresh()
        assert clock.now() == late


class TestProcess:
    async def test_state_and_time_outlive_the_process(self, tmp_path: Path) -> None:
        first = Devnet.start(folder=tmp_path, timestamp=START)
        await first.advance_to(START + 777)
        await first.stop()
        second = Devnet.start(folder=tmp_path)
        assert await second.now() == START + 777
        await second.mine()
        assert await second.now() == START + 778
        await second.stop()

    def test_a_port_that_is_taken_is_said(self, network: Network) -> None:
        with pytest.raises(NodeError, match="is the port free"):
            Devnet.start(port=int(network.url.rsplit(":", 1)[1]), chain_id=CHAIN_ID + 1)

    def test_without_the_binary_the_remedy_is_said(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(devnet_module, "__file__", str(tmp_path / "a" / "b" / "devnet.py"))
        with pytest.raises(DevnetError, match="make setup"):
            Devnet.start()

    async def test_a_killed_process_is_dead(self) -> None:
        chain = Devnet.start()
        assert chain.process
        chain.process.kill()
        with pytest.raises(ChainUnreachableError):
            await chain.now()
        await chain.stop()

    async def test_a_node_of_another_chain_is_refused(self, network: Network) -> None:
        async with ChainClient([network.url], CHAIN_ID + 1, network.deployment.city_registry) as client:
            with pytest.raises(ChainStateError, match="is on chain"):
                await client.check()

    async def test_a_chain_without_the_registry_is_refused(self, network: Network) -> None:
        async with ChainClient([network.url], CHAIN_ID, bytes(20)) as client:
            with pytest.raises(ChainStateError, match="no CityRegistry"):
                await client.check()


class TestFailOver:
    async def test_the_next_node_is_asked_and_remembered(self, network: Network) -> None:
        async with Rpc(["http://127.0.0.1:1", network.url]) as rpc:
            assert await rpc.request("eth_chainId") == hex(CHAIN_ID)
            assert rpc._first == 1
            assert await rpc.batch([("eth_chainId", ())] * 3) == [hex(CHAIN_ID)] * 3

    async def test_nobody_answers(self) -> None:
        async with Rpc(["http://127.0.0.1:1", "http://127.0.0.1:2"]) as rpc:
            with pytest.raises(ChainUnreachableError) as refused:
                await rpc.request("eth_chainId")
        assert len(refused.value.facts["nodes"]) == 2

    async def test_an_error_is_an_answer(self, network: Network) -> None:
        async with Rpc([network.url, "http://127.0.0.1:1"]) as rpc:
            with pytest.raises(RpcError):
                await rpc.request("eth_nothing")
            good, bad = await rpc.batch([("eth_chainId", ()), ("eth_nothing", ())])
        assert good == hex(CHAIN_ID)
        assert isinstance(bad, RpcError)

    async def test_many_requests_go_in_several_batches(self, network: Network) -> None:
        async with Rpc([network.url]) as rpc:
            assert len(await rpc.batch([("eth_chainId", ())] * 450)) == 450

    async def test_large_requests_go_in_several_batches(self, network: Network) -> None:
        async with Rpc([network.url]) as rpc:
            calls = [("eth_call", ({"to": "0x" + "99" * 20}, "latest")), ("web3_sha3", ("0x" + "7f" * 400_000,))] * 4
            answers = await rpc.batch(calls)
        assert answers[0::2] == ["0x"] * 4
        assert len(set(answers[1::2])) == 1

    def test_no_node_at_all(self) -> None:
        with pytest.raises(ChainUnreachableError, match="rpc_urls"):
            Rpc([])


class TestProofs:
    async def test_slots_come_in_the_order_asked_for(self, chain: ChainClient, network: Network) -> None:
        """Slot 0 of CityRegistry is the number of cities, slot 2 the revocation delay."""
        slots = [number.to_bytes(32, "big") for number in (2, 99, 0)]
        proof = await chain.get_proof(network.deployment.city_registry, slots)
        assert [entry.value for entry in proof.storage] == [60, 0, 3]
        assert [entry.slot for entry in proof.storage] == slots
        assert proof.nodes
        assert await chain.storage(network.deployment.city_registry, slots[2]) == 3

    async def test_a_block_knows_its_parent(self, chain: ChainClient) -> None:
        second, first = await chain.blocks([2, 1])
        assert second.parent == first.hash
        assert from_unix(first.timestamp) < from_unix(second.timestamp)
        assert await chain.find_block(10**6) is None
        with pytest.raises(ChainStateError, match="no block"):
            await chain.block(10**6)
