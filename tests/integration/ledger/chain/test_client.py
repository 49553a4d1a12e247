"""Reads by contract name, at a block, in batches and pages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ledger.chain import client as module
from ledger.chain.answers import ChainStateError
from ledger.chain.client import At, Call, ChainClient, ContractRevertedError, Finality
from ledger.chain.deploy import Deployment
from ledger.chain.devnet import CHAIN_ID, Devnet
from ledger.chain.direct import send
from ledger.chain.rpc import Rpc
from tests.fixtures.network import Network
from tests.fixtures.split import open_elsewhere


async def anchor(chain: ChainClient, network: Network, fill: int) -> None:
    one = network.cities["luan"]
    call = (one.city.public_origin_id, 5, bytes([fill]) * 32, (), ())
    await send(chain, one.keys.submitter, "AnchorRegistry", "anchor", *call)


class TestNames:
    async def test_at_names_a_contract_by_address(self, chain: ChainClient, deployment: Deployment) -> None:
        assert await chain.call(At("KeySets", deployment.key_sets), "registry") == deployment.city_registry

    async def test_an_unknown_name_is_refused(self, chain: ChainClient) -> None:
        with pytest.raises(ChainStateError, match="names no contract"):
            await chain.contract("Nothing")

    async def test_a_contract_that_is_not_named_yet(self, chain: ChainClient, deployment: Deployment) -> None:
        del deployment
        early = At("CityRegistry", b"\7" * 20)
        with pytest.raises(ChainStateError, match="no contract stands"):
            await chain.call(early, "cityCount")

    async def test_a_name_is_resolved_once(self, chain: ChainClient, monkeypatch: pytest.MonkeyPatch) -> None:
        address = await chain.contract("KeySets")

        async def fail(name: str) -> bytes:
            raise AssertionError(name)

        monkeypatch.setattr(chain, "_current", fail)
        assert await chain.contract("KeySets") == address


class TestCalls:
    async def test_a_batch_answers_in_order(self, chain: ChainClient, network: Network) -> None:
        calls = [Call("CityRegistry", "city", (one.city.id32,)) for one in network.cities.values()]
        count, *cities = await chain.call_many([Call("CityRegistry", "cityCount"), *calls])
        assert count == 3
        assert len({city.endpoint for city in cities}) == 3

    async def test_at_an_earlier_block(self, chain: ChainClient, network: Network, devnet: Devnet) -> None:
        before = await chain.block()
        await anchor(chain, network, 1)
        origin = network.cities["luan"].city.public_origin_id
        assert await chain.call("AnchorRegistry", "count", origin) == 1
        assert await chain.call("AnchorRegistry", "count", origin, block=before.number) == 0

    async def test_the_first_refusal_of_a_batch_is_raised(self, chain: ChainClient) -> None:
        refused = Call("CityRegistry", "standingOrigin", (b"\5" * 32,))
        with pytest.raises(ContractRevertedError, match="OriginUnknown"):
            await chain.call_many([Call("CityRegistry", "cityCount"), refused])


class TestLogs:
    async def test_pages_are_joined(
        self, chain: ChainClient, network: Network, devnet: Devnet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        head = (await chain.block()).number
        whole = await chain.logs(["CityRegistry", "KeySets"], 0, head)
        monkeypatch.setattr(module, "MAX_LOG_BLOCKS", 2)
        assert await chain.logs(["CityRegistry", "KeySets"], 0, head) == whole

    async def test_events_are_limited_by_name(self, chain: ChainClient) -> None:
        head = (await chain.block()).number
        found = await chain.logs(["CityRegistry"], 0, head, events=["CityJoined", "VersionNamed"])
        assert [log.event for log in found] == ["CityJoined"] * 3 + ["VersionNamed"] * 4
        with pytest.raises(ChainStateError, match="Nothing"):
            await chain.logs(["CityRegistry"], 0, head, events=["Nothing"])


class TestNodesThatAreBehind:
    @pytest.fixture
    async def empty(self) -> AsyncIterator[str]:
        """A node of the same chain that lost its disk."""
        async with open_elsewhere(0) as url:
            yield url

    @pytest.fixture
    async def both(self, empty: str, network: Network, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChainClient]:
        monkeypatch.setattr(module, "LAG_BLOCKS", 1)
        async with ChainClient([empty, network.url], CHAIN_ID, network.deployment.city_registry) as client:
            yield client

    async def test_one_without_a_block_is_passed_over(self, both: ChainClient, chain: ChainClient) -> None:
        await both.check()
        assert both.rpc.is_away
        assert await both.final_block() == await chain.final_block()

    async def test_so_is_one_far_behind_what_was_seen(self, both: ChainClient, chain: ChainClient) -> None:
        assert (await both.final_block()).number == 0
        both.expect((await chain.block()).number)
        assert await both.final_block() == await chain.final_block()

    async def test_it_is_asked_again_when_it_has_caught_up(
        self, both: ChainClient, chain: ChainClient, empty: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "RETURN_SECONDS", 0.0)
        await both.check()
        await both.final_block()
        assert both.rpc.is_away
        async with Rpc([empty]) as rpc:
            await rpc.batch([("evm_mine", ())] * (await chain.block()).number)
        await both.final_block()
        assert not both.rpc.is_away

    async def test_when_all_are_behind_the_chain_is_an_older_one(self, empty: str, network: Network) -> None:
        async with ChainClient([empty, "http://127.0.0.1:1"], CHAIN_ID, network.deployment.city_registry) as client:
            client.expect(1_000)
            assert (await client.final_block()).number == 0


class TestFinality:
    async def test_the_final_block_lies_behind_the_head(self, network: Network, devnet: Devnet) -> None:
        await devnet.mine(5)
        finality = Finality.parse("depth:3")
        async with ChainClient([network.url], CHAIN_ID, bytes(20), finality=finality) as client:
            assert (await client.final_block()).number == (await client.block()).number - 3

    @pytest.mark.parametrize("text", ["bft", "depth:3"])
    def test_reads_what_it_writes(self, text: str) -> None:
        assert str(Finality.parse(text)) == text

    def test_anything_else_is_refused(self) -> None:
        with pytest.raises(ChainStateError):
            Finality.parse("depth:0")
