from __future__ import annotations

from typing import Any

import pytest
from eth_hash.auto import keccak

from ledger import canonical
from ledger.canonical import JsonObject
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.facts import MAX_ELEMENTS, ProvenState, RecordingState, StateProof, StateReader
from ledger.chain.evidence.layout import LayoutError, PathElement, StorageLayout
from ledger.chain.evidence.mpt import MissingNodeError, nodes_of
from ledger.json_fields import FieldError

Vectors = dict[str, Any]


def key(text: str) -> bytes:
    return bytes(keccak(text.encode()))


def packed(number: int) -> dict[str, Any]:
    """The struct that grow() pushed as number 1, 2, 3."""
    opened = number % 2 == 0
    return {
        "from": number,
        "to": number * 10,
        "open": opened,
        "key": number.to_bytes(20, "big"),
        "phase": number % 3,
    }


ALICE = bytes.fromhex(f"{0xA11CE:040x}")
LONG_TEXT = "a text that is longer than thirty-one bytes and so lies elsewhere"

CONSTRUCTED: list[tuple[tuple[PathElement, ...], Any]] = [
    (("count",), 7),
    (("small",), 200),
    (("negative",), -5),
    (("flag",), True),
    (("owner",), ALICE),
    (("selector",), b"\xde\xad\xbe\xef"),
    (("word",), key("word")),
    (("shortText",), "六安"),
    (("longText",), LONG_TEXT),
    (("blob",), bytes.fromhex("00112233445566778899aabbccddeeff" * 2)),
    (("fixedNumbers",), (1, 2, 3, 4, 5)),
]
GROWN: list[tuple[tuple[PathElement, ...], Any]] = [
    (("list",), (packed(1), packed(2), packed(3))),
    (("list", "length"), 3),
    (("list", 1, "key"), (2).to_bytes(20, "big")),
    (("hashes", 2), bytes(keccak((3).to_bytes(32, "big")))),
    (("matrix",), (tuple(range(9)), tuple(range(18)), tuple(range(27)))),
    (("matrix", 2, 20), 20),
    (
        ("nested", key("key")),
        {"id": key("id"), "packed": packed(2), "numbers": tuple(i * i for i in range(10)), "name": "nested"},
    ),
    (("nested", key("key"), "byIndex", 4, "phase"), 0),
    (("nested", key("key"), "byIndex", 4, "key"), (3).to_bytes(20, "big")),
    (("amounts", ALICE, key("asset")), 1 << 200),
    (("marks", 9), True),
    (("byName", "name"), 11),
    (("byFlag", True), 12),
    (("byPhase", 2), 13),
    (("bySelector", b"\xde\xad\xbe\xef"), 14),
    (("byBlob", b"\x01\x02"), 15),
]
NEVER_WRITTEN: list[tuple[tuple[PathElement, ...], Any]] = [
    (("nested", key("other"), "id"), bytes(32)),
    (("marks", 8), False),
]


class Chain:
    """A contract at one block: the vectors' answers of `eth_getProof` as proof, and their words as a live node."""

    def __init__(self, probe: Vectors, number: int) -> None:
        entry = probe["blocks"][number]
        self.contract = bytes.fromhex(probe["contract"][2:])
        self.layout = StorageLayout.from_json(probe["storageLayout"])
        self.root = bytes.fromhex(entry["block"]["stateRoot"][2:])
        self.answer = entry["proof"]
        self.account_only = {**self.answer, "storageProof": []}
        self.words = {int(item["key"], 16): int(item["value"], 16) for item in self.answer["storageProof"]}

    def get_storage(self, address: bytes, slot: int) -> bytes:
        assert address == self.contract
        value = self.words[slot]
        return value.to_bytes((value.bit_length() + 7) // 8, "big")

    def proven(self) -> ProvenState:
        return ProvenState(self.root, nodes_of(self.answer))

    def read(self, state: StateReader, *path: PathElement) -> Any:
        return state.read(self.contract, self.layout, *path)


@pytest.fixture
def before(probe: Vectors) -> Chain:
    return Chain(probe, 0)


@pytest.fixture
def after(probe: Vectors) -> Chain:
    return Chain(probe, 1)


class TestRead:
    @pytest.mark.parametrize(("path", "value"), CONSTRUCTED + GROWN + NEVER_WRITTEN)
    def test_values_as_the_contract_wrote_them(self, after: Chain, path: tuple[PathElement, ...], value: Any) -> None:
        assert after.read(after.proven(), *path) == value
        assert after.read(RecordingState(after.get_storage), *path) == value

    @pytest.mark.parametrize(("path", "value"), CONSTRUCTED)
    def test_values_at_the_block_before(self, before: Chain, path: tuple[PathElement, ...], value: Any) -> None:
        assert before.read(before.proven(), *path) == value

    def test_what_is_not_yet_written_is_proven_absent(self, before: Chain) -> None:
        state = before.proven()
        assert before.read(state, "list") == ()
        assert before.read(state, "amounts", ALICE, key("asset")) == 0

    def test_a_mapping_is_read_by_key(self, after: Chain) -> None:
        with pytest.raises(LayoutError, match="read by key"):
            after.read(after.proven(), "nested")

    @pytest.mark.parametrize("path", [("list",), ("longText",)])
    def test_absurd_lengths_are_refused(self, after: Chain, path: tuple[str]) -> None:
        state = RecordingState(lambda _, __: ((MAX_ELEMENTS + 1) * 2 + 1).to_bytes(32, "big"))
        with pytest.raises(LayoutError, match="at most"):
            after.read(state, *path)


class TestMissing:
    def test_the_error_names_contract_and_slot(self, after: Chain) -> None:
        with pytest.raises(MissingNodeError) as caught:
            after.read(ProvenState(after.root, nodes_of(after.account_only)), "count")
        assert caught.value.code == "evidence.missing"
        assert caught.value.facts == {"address": "0x" + after.contract.hex(), "slot": "0x0"}

    def test_an_account_without_proof(self, after: Chain) -> None:
        with pytest.raises(MissingNodeError, match="no proof of the account"):
            ProvenState(after.root, []).account(after.contract)

    def test_an_address_without_a_contract(self, probe: Vectors) -> None:
        entry = probe["blocks"][1]
        root = bytes.fromhex(entry["block"]["stateRoot"][2:])
        state = ProvenState(root, nodes_of(entry["absentAccount"]))
        with pytest.raises(EvidenceError) as caught:
            state.word(bytes.fromhex(entry["absentAccount"]["address"][2:]), 0)
        assert caught.value.code == "evidence.no_contract"

    def test_a_proof_under_another_block_proves_nothing(self, before: Chain, after: Chain) -> None:
        with pytest.raises(EvidenceError):
            ProvenState(after.root, nodes_of(before.answer)).word(before.contract, 0)


def computation(chain: Chain, state: StateReader) -> list[Any]:
    """Something that reads: what follows depends on what came before."""
    length = chain.read(state, "list", "length")
    return [chain.read(state, "list", i, "to") for i in range(length)] + [chain.read(state, "longText")]


class TestRecordThenProve:
    def test_the_same_computation_runs_live_and_offline(self, after: Chain) -> None:
        live = RecordingState(after.get_storage)
        result = computation(after, live)
        proof = StateProof.collect(after.root, nodes_of(after.answer), live.slots)
        carried = StateProof.from_json(
            canonical.loads(canonical.dumps(proof.to_json(), max_size=1 << 20), max_size=1 << 20)
        )
        assert carried == proof
        assert computation(after, carried.open(after.root)) == result == [10, 20, 30, LONG_TEXT]

    def test_just_the_slots_that_were_read_are_recorded_once(self, after: Chain) -> None:
        asked: list[int] = []

        def get_storage(address: bytes, slot: int) -> bytes:
            asked.append(slot)
            return after.get_storage(address, slot)

        live = RecordingState(get_storage)
        computation(after, live)
        computation(after, live)
        assert live.slots == {after.contract: sorted(asked)}
        assert len(asked) == len(set(asked)) == 1 + 3 + 4

    def test_what_is_expected_is_looked_up_ahead_and_not_recorded(self, after: Chain) -> None:
        ahead: list[int] = []
        live = RecordingState(after.get_storage, lambda address, slots: ahead.extend(slots))
        live.expect(after.contract, after.layout, [("count",), ("list", 1)])
        assert live.slots == {}
        assert ahead[0] == after.layout.locate("count").slot
        assert after.layout.locate("list", 1, "to").slot in ahead[1:]
        computation(after, live)
        assert set(live.slots) == {after.contract}

    def test_the_proof_holds_no_superfluous_nodes(self, after: Chain) -> None:
        live = RecordingState(after.get_storage)
        after.read(live, "count")
        proof = StateProof.collect(after.root, nodes_of(after.answer), live.slots)
        assert set(proof.nodes) < set(nodes_of(after.answer))
        with pytest.raises(MissingNodeError):
            after.read(proof.open(after.root), "nested", key("key"))

    def test_an_answer_that_does_not_prove_every_slot_is_refused(self, after: Chain) -> None:
        with pytest.raises(MissingNodeError):
            StateProof.collect(after.root, nodes_of(after.account_only), {after.contract: [0]})
        with pytest.raises(MissingNodeError):
            StateProof.collect(after.root, [], {after.contract: [0]})


class TestStateProof:
    def proof(self, chain: Chain) -> StateProof:
        live = RecordingState(chain.get_storage)
        computation(chain, live)
        return StateProof.collect(chain.root, nodes_of(chain.answer), live.slots)

    def test_every_flipped_bit_is_refused(self, after: Chain) -> None:
        proof = self.proof(after)
        for place, node in enumerate(proof.nodes):
            for bit in (0, len(node) * 4, len(node) * 8 - 1):
                damaged = bytearray(node)
                damaged[bit // 8] ^= 1 << bit % 8
                nodes = (*proof.nodes[:place], bytes(damaged), *proof.nodes[place + 1 :])
                with pytest.raises(EvidenceError):
                    StateProof(proof.slots, nodes).open(after.root)

    def test_missing_extra_and_reordered_nodes_are_refused(self, after: Chain) -> None:
        proof = self.proof(after)
        unused = next(node for node in nodes_of(after.answer) if node not in proof.nodes)
        for nodes in (proof.nodes[1:], (*proof.nodes, unused), proof.nodes[::-1], (*proof.nodes, proof.nodes[0]), ()):
            with pytest.raises(EvidenceError):
                StateProof(proof.slots, nodes).open(after.root)

    def test_it_opens_under_its_own_root_only(self, before: Chain, after: Chain) -> None:
        with pytest.raises(EvidenceError):
            self.proof(after).open(before.root)

    def test_other_json_is_refused(self, after: Chain) -> None:
        value = self.proof(after).to_json()
        contract = value["slots"][0]  # type: ignore[index,call-overload]
        other: list[JsonObject] = [
            {},
            {**value, "extra": 1},
            {**value, "nodes": ["00"]},
            {**value, "nodes": None},
            {**value, "slots": [{}]},
            {**value, "slots": [contract, contract]},
            {**value, "slots": [{**contract, "slots": contract["slots"][::-1]}]},  # type: ignore[dict-item,index,call-overload]
            {**value, "slots": [{**contract, "slots": contract["slots"] * 2}]},  # type: ignore[dict-item,index,call-overload,operator]
            {**value, "slots": [{**contract, "address": "0x00"}]},  # type: ignore[dict-item]
        ]
        for damaged in other:
            with pytest.raises((EvidenceError, FieldError)):
                StateProof.from_json(damaged)
