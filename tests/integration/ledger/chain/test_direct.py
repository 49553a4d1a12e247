"""Tools send at once, in order, and hear why a contract refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ledger.chain import direct
from ledger.chain.client import ChainClient, ContractRevertedError
from ledger.chain.devnet import Devnet
from ledger.chain.direct import NotMinedError, Outgoing, outgoing, send, send_all
from ledger.chain.rpc import RpcError
from tests.fixtures.network import Network


@pytest.fixture
def arguments(network: Network) -> tuple[Any, ...]:
    return (network.cities["luan"].city.public_origin_id, 5, b"\1" * 32, (), ())


class TestSendAll:
    async def test_transactions_of_several_keys_with_one_request(
        self, chain: ChainClient, network: Network, devnet: Devnet
    ) -> None:
        wanted = []
        for _ in range(2):
            for one in network.cities.values():
                call = (one.city.public_origin_id, 5, b"\1" * 32, (), ())
                wanted.append(await outgoing(chain, one.keys.submitter, "AnchorRegistry", "anchor", *call))
        receipts = await send_all(chain, wanted)
        assert all(receipt.succeeded for receipt in receipts)
        for one in network.cities.values():
            assert await chain.call("AnchorRegistry", "count", one.city.public_origin_id) == 1

    async def test_a_refusal_carries_the_contract_s_reason(
        self, chain: ChainClient, network: Network, devnet: Devnet, arguments: tuple[Any, ...]
    ) -> None:
        with pytest.raises(ContractRevertedError) as refused:
            await send(chain, network.cities["hefei"].keys.submitter, "AnchorRegistry", "anchor", *arguments)
        assert refused.value.revert.name == "NotTheSubmitter"
        assert refused.value.facts["contract"] == "AnchorRegistry"
        assert refused.value.facts["args"] == {"sender": "0x" + network.cities["hefei"].keys.submitter.address.hex()}

    async def test_too_little_gas_is_said(
        self, chain: ChainClient, network: Network, devnet: Devnet, arguments: tuple[Any, ...]
    ) -> None:
        key = network.cities["luan"].keys.submitter
        poor = await outgoing(chain, key, "AnchorRegistry", "anchor", *arguments, gas=60_000)
        with pytest.raises(ContractRevertedError) as refused:
            await send_all(chain, [poor])
        assert refused.value.facts["args"]["gas"] == 60_000

    async def test_what_is_not_mined_in_time_is_said(
        self, chain: ChainClient, network: Network, devnet: Devnet, arguments: tuple[Any, ...]
    ) -> None:
        call = await outgoing(chain, network.cities["luan"].keys.submitter, "AnchorRegistry", "anchor", *arguments)
        async with devnet.hold():
            with pytest.raises(NotMinedError, match="1 transactions"):
                await send_all(chain, [call], patience_seconds=0.05)

    async def test_what_the_node_dropped_is_sent_again(
        self,
        chain: ChainClient,
        network: Network,
        devnet: Devnet,
        arguments: tuple[Any, ...],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        handed: list[list[bytes]] = []
        keep = chain.broadcast

        async def forget(raws: Sequence[bytes]) -> list[RpcError | None]:
            handed.append(list(raws))
            return [None] * len(raws) if len(handed) == 1 else await keep(raws)

        monkeypatch.setattr(chain, "broadcast", forget)
        monkeypatch.setattr(direct, "_RESEND_AFTER", 0.0)
        key = network.cities["luan"].keys.submitter
        await send(chain, key, "AnchorRegistry", "anchor", *arguments)
        assert [raws for raws in handed if raws] == [handed[0]] * 2

    async def test_a_contract_that_cannot_be_created(
        self, chain: ChainClient, network: Network, devnet: Devnet
    ) -> None:
        broken = Outgoing(network.plan.deployer, None, b"\xfe", 100_000, "Broken.create")
        with pytest.raises(ContractRevertedError, match=r"Broken\.create"):
            await send_all(chain, [broken])
