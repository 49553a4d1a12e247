"""What the product asks of a chain node, and that every node answers it in the same way."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from eth_hash.auto import keccak

from ledger.chain.answers import ChainStateError
from ledger.chain.client import Call, ChainClient, ContractRevertedError
from ledger.chain.contracts import artifact
from ledger.chain.direct import NotMinedError, Outgoing, outgoing, send, send_all
from ledger.chain.evidence.blocks import BlockEvidence, header_from_rpc, verify_block
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.facts import StateReader
from ledger.chain.evidence.trust import BlockEvidenceKind
from ledger.chain.prove import Proven, prove, storage_layout
from ledger.chain.rpc import MAX_BATCH, ChainUnreachableError, Rpc, RpcError, to_bytes, to_hex, to_int
from ledger.chain.sender import MAX_CALLDATA, _is_known
from ledger.chain.transactions import created_address, sign_transaction
from ledger.keys import SigningKey
from tests.chains.nets import Net
from tests.chains.pace import final, mined
from tests.chains.site import Site

ASKED = {
    *("eth_call", "eth_chainId", "eth_getBlockByNumber", "eth_getCode", "eth_getLogs", "eth_getProof"),
    *("eth_getStorageAt", "eth_getTransactionByHash", "eth_getTransactionCount", "eth_getTransactionReceipt"),
    "eth_sendRawTransaction",
}
"""All that the product asks; each has a test here. More needs one, and a look at what nodes lack (docs/chains.md)."""

NOWHERE = bytes(19) + b"\x99"


def to_nobody(net: Net, key: SigningKey, nonce: int, data: bytes = b"", gas: int = 60_000) -> Any:
    """Return a signed transaction that only uses up its nonce."""
    return sign_transaction(key, nonce=nonce, to=NOWHERE, data=data, gas=gas, chain_id=net.chain_id)


def test_the_product_asks_for_nothing_else() -> None:
    root = Path(__file__).parents[2]
    packages = ("api", "bidding", "credit", "ledger", "witness")
    sources = [path for package in packages for path in (root / package).rglob("*.py") if path.name != "devnet.py"]
    found = {
        name for path in sources for name in re.findall(r'"((?:eth|net|web3|txpool|debug)_\w+)"', path.read_text())
    }
    assert found == ASKED


class TestBlocks:
    async def test_the_node_is_on_the_chain_with_the_registry(self, chain: ChainClient) -> None:
        await chain.check()

    async def test_a_header_hashes_to_the_name_that_the_node_gives_it(self, chain: ChainClient, net: Net) -> None:
        head = await chain.block()
        numbers = range(max(1, head.number - 20), head.number + 1)
        blocks = await chain.blocks(list(numbers))
        headers = [header_from_rpc(net.evidence, block.raw) for block in blocks]
        assert [header.number for header in headers] == list(numbers)
        assert [block.parent for block in blocks[1:]] == [block.hash for block in blocks[:-1]]
        assert [header.timestamp for header in headers] == sorted(header.timestamp for header in headers)

    async def test_a_block_that_is_not_there_yet(self, chain: ChainClient) -> None:
        beyond = (await chain.block()).number + 1_000_000
        assert await chain.find_block(beyond) is None
        with pytest.raises(ChainStateError, match="no block"):
            await chain.block(beyond)

    async def test_blocks_count_by_depth_or_at_once(self, chain: ChainClient, net: Net) -> None:
        head, counted = (await chain.block()).number, (await chain.final_block()).number
        assert head - net.finality.depth <= counted <= (await chain.block()).number - net.finality.depth

    async def test_all_nodes_have_the_same_final_block(self, chain: ChainClient, net: Net, site: Site) -> None:
        """Those that are up, and have come as far: somebody may be killing validators."""
        block, same = await chain.final_block(), 0
        for url in net.urls:
            async with ChainClient([url], net.chain_id, site.deployment.city_registry) as one:
                with suppress(ChainUnreachableError):
                    found = await one.find_block(block.number)
                    assert found is None or found.hash == block.hash
                    same += found is not None
        assert same


class TestBatches:
    async def test_as_many_as_we_send_are_answered_in_order(self, net: Net) -> None:
        async with Rpc(net.urls) as rpc:
            numbers = [hex(number % 2) for number in range(MAX_BATCH)]
            answers = await rpc.batch([("eth_getBlockByNumber", (number, False)) for number in numbers])
        assert [answer["number"] for answer in answers] == numbers

    async def test_an_unknown_method_spoils_nothing_else(self, net: Net) -> None:
        async with Rpc(net.urls) as rpc:
            first, unknown, last = await rpc.batch([("eth_chainId", ()), ("eth_nothing", ()), ("eth_chainId", ())])
        assert first == last == hex(net.chain_id)
        assert isinstance(unknown, RpcError)


class TestTransactions:
    async def test_at_no_price_from_a_key_without_funds(self, net: Net, chain: ChainClient) -> None:
        key = SigningKey.generate()
        signed = to_nobody(net, key, 0)
        assert await chain.broadcast([signed.raw]) == [None]
        (receipt,) = await mined(chain, [signed])
        assert (receipt.tx_hash, receipt.succeeded, receipt.gas_used) == (signed.hash, True, 21_000)
        assert receipt.block_hash == (await chain.block(receipt.block)).hash
        before, after = [await chain.transaction_count(key.address, n) for n in (receipt.block - 1, receipt.block)]
        assert (before, after) == (0, 1)

    async def test_the_node_knows_it_by_our_hash(self, net: Net, chain: ChainClient) -> None:
        signed = to_nobody(net, SigningKey.generate(), 0, b"\x01\x02")
        await chain.broadcast([signed.raw])
        await mined(chain, [signed])
        found = await chain.rpc.request("eth_getTransactionByHash", to_hex(signed.hash))
        assert (to_bytes(found["hash"]), to_bytes(found["input"]), to_int(found["gasPrice"])) == (
            signed.hash,
            b"\x01\x02",
            0,
        )
        assert await chain.rpc.request("eth_getTransactionByHash", to_hex(bytes(32))) is None

    async def test_the_same_bytes_again_do_no_harm(self, net: Net, chain: ChainClient) -> None:
        """Not with a key's first transaction: Ganache takes nonce 0 for none, and executes the bytes again."""
        key = SigningKey.generate()
        first, signed = to_nobody(net, key, 0), to_nobody(net, key, 1)
        answers = await chain.broadcast([first.raw, signed.raw, signed.raw])
        await mined(chain, [signed])
        answers += await chain.broadcast([signed.raw])
        assert all(answer is None or _is_known(answer) for answer in answers), answers
        assert await chain.transaction_count(key.address) == 2

    async def test_a_nonce_ahead_waits_for_those_before_it(self, net: Net, chain: ChainClient) -> None:
        key = SigningKey.generate()
        signed = [to_nobody(net, key, nonce) for nonce in range(3)]
        for one in reversed(signed):
            assert await chain.broadcast([one.raw]) == [None]
        receipts = await mined(chain, signed)
        assert [r.block for r in receipts] == sorted(r.block for r in receipts)

    async def test_as_large_as_we_ever_send(self, net: Net, chain: ChainClient) -> None:
        signed = to_nobody(net, SigningKey.generate(), 0, b"\x7f" * MAX_CALLDATA, 6_000_000)
        assert await chain.broadcast([signed.raw]) == [None]
        (receipt,) = await mined(chain, [signed])
        assert receipt.succeeded

    async def test_many_as_large_as_that_at_once(self, net: Net, chain: ChainClient) -> None:
        """More than a node takes with one request."""
        key, data = SigningKey.generate(), b"\x7f" * MAX_CALLDATA
        signed = [to_nobody(net, key, nonce, data, 6_000_000) for nonce in range(24)]
        assert await chain.broadcast([one.raw for one in signed]) == [None] * len(signed)
        assert all(await chain.knows([one.hash for one in signed]))
        assert all(receipt.succeeded for receipt in await mined(chain, signed))

    async def test_what_it_accepted_it_knows(self, net: Net, chain: ChainClient) -> None:
        signed = to_nobody(net, SigningKey.generate(), 0)
        assert await chain.knows([signed.hash]) == [False]
        await chain.broadcast([signed.raw])
        assert await chain.knows([signed.hash, bytes(32)]) == [True, False]
        await mined(chain, [signed])
        assert await chain.knows([signed.hash]) == [True]

    async def test_a_contract_stands_at_the_address_that_follows_from_key_and_nonce(
        self, chain: ChainClient, site: Site
    ) -> None:
        key = SigningKey.generate()
        data = artifact("CreditLedger").creation((site.deployment.city_registry,))
        (receipt,) = await send_all(chain, [Outgoing(key, None, data, 6_000_000, "CreditLedger.create")])
        assert receipt.created == created_address(key.address, 0)
        code = to_bytes(await chain.rpc.request("eth_getCode", to_hex(receipt.created), "latest"))
        assert 0 < len(code) <= 24_576

    async def test_what_was_never_sent_has_no_receipt(self, chain: ChainClient) -> None:
        assert await chain.receipts([bytes(32), b"\x01" * 32]) == [None, None]

    async def test_what_is_not_mined_is_said(self, net: Net, chain: ChainClient) -> None:
        """A gas limit above any block's: some nodes refuse it, some accept it and never mine it."""
        greedy = Outgoing(SigningKey.generate(), NOWHERE, b"", 10**12, "Nowhere.nothing")
        with pytest.raises(NotMinedError, match="1 transactions"):
            await send_all(chain, [greedy], patience_seconds=1.0)


class TestRefusals:
    async def test_a_call_tells_the_contracts_own_reason(self, chain: ChainClient) -> None:
        unknown = b"\x05" * 32
        with pytest.raises(ContractRevertedError) as refused:
            await chain.call("CityRegistry", "standingOrigin", unknown)
        assert refused.value.revert.name == "OriginUnknown"
        assert refused.value.revert.args == {"origin": unknown}

    async def test_so_does_a_call_as_somebody(self, chain: ChainClient, site: Site) -> None:
        call, _ = await site.growth(chain, "luan")
        stranger = SigningKey.generate().address
        with pytest.raises(ContractRevertedError) as refused:
            await chain.call("AnchorRegistry", "anchor", *call, sender=stranger)
        assert refused.value.revert.args == {"sender": stranger}
        submitter = site.cities["luan"].keys.submitter.address
        await chain.call("AnchorRegistry", "anchor", *call, sender=submitter)

    async def test_a_mined_refusal_has_a_receipt_and_a_reason(self, chain: ChainClient, site: Site) -> None:
        call, _ = await site.growth(chain, "luan")
        stranger = SigningKey.generate()
        with pytest.raises(ContractRevertedError) as refused:
            await send(chain, stranger, "AnchorRegistry", "anchor", *call)
        assert refused.value.revert.name == "NotTheSubmitter"
        assert await chain.transaction_count(stranger.address) == 1

    async def test_too_little_gas_uses_it_up(self, chain: ChainClient, site: Site) -> None:
        call, _ = await site.growth(chain, "hefei")
        submitter = site.cities["hefei"].keys.submitter
        poor = await outgoing(chain, submitter, "AnchorRegistry", "anchor", *call, gas=60_000)
        with pytest.raises(ContractRevertedError) as refused:
            await send_all(chain, [poor])
        assert refused.value.revert.name == "Unknown"
        assert refused.value.revert.args["gas"] == 60_000

    async def test_one_refusal_in_a_batch_leaves_the_others(self, chain: ChainClient) -> None:
        count = Call("CityRegistry", "cityCount")
        assert await chain.call_many([count] * 50) == [3] * 50
        with pytest.raises(ContractRevertedError, match="OriginUnknown"):
            await chain.call_many([count, Call("CityRegistry", "standingOrigin", (b"\x05" * 32,)), count])

    async def test_where_no_contract_stands_nothing_answers(self, net: Net) -> None:
        async with net.client(NOWHERE) as client:
            with pytest.raises(ChainStateError, match="no contract stands"):
                await client.call("CityRegistry", "cityCount")
            with pytest.raises(ChainStateError, match="no CityRegistry"):
                await client.check()


class TestState:
    async def test_an_earlier_block_is_answered_as_it_was(self, chain: ChainClient, site: Site) -> None:
        origin = site.cities["nanjing"].city.public_origin_id
        before = await chain.block()
        count = await chain.call("AnchorRegistry", "count", origin, block=before.number)
        await site.grow(chain, "nanjing")
        assert await chain.call("AnchorRegistry", "count", origin, block=before.number) == count
        assert await chain.call("AnchorRegistry", "count", origin) == count + 1

    async def test_slots_are_proven_under_the_state_root_of_a_block_that_counts(
        self, chain: ChainClient, site: Site
    ) -> None:
        proven = await registry_facts(chain, site)
        block = verify_block(site.trust, await site.evidence(chain, proven.header))
        state = proven.proof.open(block.state_root)
        facts = facts_of(site, state)
        assert facts == proven.result
        assert (facts["count"], facts["delay"], facts["stranger"]["kind"]) == (3, 60, 0)
        assert facts["keys"] == dict.fromkeys(site.cities, 3)

    async def test_a_slot_is_read_as_it_is_proven(self, chain: ChainClient, site: Site) -> None:
        """Slots 0 and 2 of CityRegistry are small numbers, 99 is absent; nodes list proofs in an order of their own."""
        slots = [number.to_bytes(32, "big") for number in (2, 99, 0)]
        block = (await chain.final_block()).number
        proof = await chain.get_proof(site.deployment.city_registry, slots, block)
        assert [entry.slot for entry in proof.storage] == slots
        assert [entry.value for entry in proof.storage] == [60, 0, 3]
        for slot, value in zip(slots, (60, 0, 3), strict=True):
            assert await chain.storage(site.deployment.city_registry, slot, block) == value
        code = to_bytes(
            await chain.rpc.request("eth_getCode", to_hex(site.deployment.city_registry), "latest"),
        )
        assert proof.code_hash == keccak(code)

    async def test_a_block_that_nobody_vouches_for_does_not_count(self, chain: ChainClient, site: Site) -> None:
        proven = await registry_facts(chain, site)
        evidence = await site.evidence(chain, proven.header)
        header, trust = evidence.header, site.trust
        if site.net.evidence is BlockEvidenceKind.QBFT:  # a header carries just the seals that it needs
            header = header.with_extra_data(header.extra_data[:-65] + bytes(65))
        poorer = BlockEvidence(header, evidence.followers[:-1], evidence.attestations[:1])
        verify_block(trust, evidence)
        with pytest.raises(EvidenceError):
            verify_block(trust, poorer)


class TestLogs:
    async def test_events_come_in_order_with_their_place(self, chain: ChainClient, site: Site) -> None:
        start = (await chain.block()).number
        grown = [await site.grow(chain, "luan", 2) for _ in range(2)]
        head = (await chain.block()).number
        found = await chain.logs(["AnchorRegistry"], start, head, events=["Anchored"])
        origin = site.cities["luan"].city.public_origin_id
        ours = [log for log in found if log.args["origin"] == origin]
        assert [(log.args["size"], log.args["root"]) for log in ours] == grown
        for log in ours:
            assert (await chain.block(log.block)).hash == log.block_hash
            (receipt,) = await chain.receipts([log.tx_hash])
            assert receipt is not None
            assert receipt.block == log.block

    async def test_all_contracts_from_the_beginning(self, chain: ChainClient, site: Site) -> None:
        head = (await chain.block()).number
        found = await chain.logs(["CityRegistry", "KeySets"], 0, head, events=["CityJoined", "VersionNamed"])
        assert [log.event for log in found] == ["CityJoined"] * 3 + ["VersionNamed"] * 4
        assert [(log.block, log.index) for log in found] == sorted((log.block, log.index) for log in found)

    async def test_a_range_without_events(self, chain: ChainClient) -> None:
        assert await chain.logs(["CreditLedger"], 0, 0) == []


def facts_of(site: Site, state: StateReader) -> dict[str, Any]:
    registry, layout = site.deployment.city_registry, storage_layout("CityRegistry")
    keys = {name: one.keys.witness.address for name, one in site.cities.items()}
    return {
        "count": state.read(registry, layout, "_cityCount"),
        "delay": int.from_bytes(state.word(registry, 2), "big"),
        "keys": {name: state.read(registry, layout, "_keys", address)["kind"] for name, address in keys.items()},
        "stranger": state.read(registry, layout, "_keys", NOWHERE),
    }


async def registry_facts(chain: ChainClient, site: Site) -> Proven[dict[str, Any]]:
    block = await final(chain, (await chain.block()).number)
    return await prove(chain, site.net.evidence, block, lambda state: facts_of(site, state))
