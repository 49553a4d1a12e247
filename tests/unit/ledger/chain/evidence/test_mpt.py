from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.mpt import EMPTY_CODE, EMPTY_ROOT, Account, MissingNodeError, NodeSet, nodes_of
from ledger.chain.evidence.rlp_codec import RlpItem, encode_rlp, from_integer

Vectors = dict[str, Any]


def trie_of(words: dict[int, int]) -> tuple[bytes, list[bytes]]:
    """Return root and all nodes of a storage trie, made by py-trie."""
    database: dict[bytes, bytes] = {}
    trie = HexaryTrie(database, prune=True)
    for slot, value in words.items():
        trie[keccak(slot.to_bytes(32, "big"))] = encode_rlp(from_integer(value))
    return bytes(trie.root_hash), list(database.values())


def number(word: bytes) -> int:
    return int.from_bytes(word, "big")


words = st.dictionaries(st.integers(0, 40), st.integers(1, 2**256 - 1), max_size=25)


class TestAgainstAnIndependentTrie:
    @settings(deadline=None)
    @given(words)
    def test_every_slot_is_read_and_every_other_is_absent(self, stored: dict[int, int]) -> None:
        root, nodes = trie_of(stored)
        found = NodeSet(nodes)
        for slot in range(45):
            assert number(found.word(root, slot)) == stored.get(slot, 0)

    @settings(deadline=None)
    @given(words.filter(bool), st.data())
    def test_a_missing_node_is_an_error_never_an_absence(self, stored: dict[int, int], data: st.DataObject) -> None:
        root, nodes = trie_of(stored)
        lost = data.draw(st.integers(0, len(nodes) - 1))
        found = NodeSet(nodes[:lost] + nodes[lost + 1 :])
        slot = data.draw(st.integers(0, 44))
        with suppress(MissingNodeError):
            assert number(found.word(root, slot)) == stored.get(slot, 0)

    @settings(deadline=None)
    @given(words.filter(bool), st.data())
    def test_a_flipped_bit_never_yields_another_value(self, stored: dict[int, int], data: st.DataObject) -> None:
        root, nodes = trie_of(stored)
        place = data.draw(st.integers(0, len(nodes) - 1))
        damaged = bytearray(nodes[place])
        bit = data.draw(st.integers(0, len(damaged) * 8 - 1))
        damaged[bit // 8] ^= 1 << bit % 8
        found = NodeSet([*nodes[:place], bytes(damaged), *nodes[place + 1 :]])
        slot = data.draw(st.sampled_from(sorted(stored)))
        with suppress(MissingNodeError):
            assert number(found.word(root, slot)) == stored[slot]

    def test_short_nodes_inside_their_parents(self) -> None:
        """Small values under a shared prefix give leaves below 32 bytes, which stand inline."""
        database: dict[bytes, bytes] = {}
        trie = HexaryTrie(database, prune=True)
        key = keccak((0).to_bytes(32, "big"))
        twin = key[:31] + bytes([key[31] ^ 1])
        trie[key], trie[twin] = b"\x05", b"\x06"
        assert number(NodeSet(database.values()).word(bytes(trie.root_hash), 0)) == 5

    def test_only_used_nodes_are_recorded(self) -> None:
        root, nodes = trie_of({slot: slot + 1 for slot in range(30)})
        found = NodeSet([*nodes, b"junk"])
        found.word(root, 3)
        assert root in found.used
        assert set(found.used.values()) < set(nodes)


class TestEmpty:
    def test_an_empty_trie_proves_every_absence_without_nodes(self) -> None:
        assert NodeSet([]).word(EMPTY_ROOT, 7) == bytes(32)
        assert NodeSet([]).account(EMPTY_ROOT, bytes(20)) == Account()
        assert Account() == Account(0, 0, EMPTY_ROOT, EMPTY_CODE)

    def test_any_other_root_needs_nodes(self) -> None:
        with pytest.raises(MissingNodeError) as caught:
            NodeSet([]).word(bytes(32), 7)
        assert caught.value.code == "evidence.missing"


def leaf_of(slot: int, value: bytes) -> bytes:
    return encode_rlp([b"\x20" + keccak(slot.to_bytes(32, "big")), value])


class TestMalformedNodes:
    """Nodes that hash to the root that is asked for, so that only their form is wrong."""

    @pytest.mark.parametrize(
        "node",
        [
            [],
            [b""],
            [b"", b""],
            [b"", b"", b""],
            [b"\x40", b"x"],
            [b"\x21" + bytes(31), b"x", b""],
            [b"\x01" + bytes(2), b"x"],
            [b"\x00", bytes(32)],
            [[], b""],
            [b""] * 16,
            [b""] * 16 + [b"value"],
            [b"short"] * 16 + [b""],
            [[b"\x20" + bytes(30), b"long"]] * 16 + [b""],
        ],
    )
    def test_are_refused(self, node: list[RlpItem]) -> None:
        data = encode_rlp(node)
        with pytest.raises(EvidenceError):
            NodeSet([data]).word(bytes(keccak(data)), 0)

    @pytest.mark.parametrize("value", [b"", b"\x00", encode_rlp(b"\x00\x01"), encode_rlp(bytes(33)), b"\xc0"])
    def test_values_have_one_form(self, value: bytes) -> None:
        data = leaf_of(0, value)
        with pytest.raises(EvidenceError):
            NodeSet([data]).word(bytes(keccak(data)), 0)

    def test_a_zero_that_anvil_leaves_in_the_trie_is_zero(self) -> None:
        data = leaf_of(0, b"\x80")
        assert NodeSet([data]).word(bytes(keccak(data)), 0) == bytes(32)

    def test_a_branch_does_not_end_a_path(self) -> None:
        key = keccak((0).to_bytes(32, "big"))
        branch = encode_rlp([b""] * 17)
        extension = encode_rlp([b"\x00" + key, keccak(branch)])
        with pytest.raises(EvidenceError, match="ends a path"):
            NodeSet([branch, extension]).word(bytes(keccak(extension)), 0)

    def test_a_node_that_is_no_rlp_list(self) -> None:
        for data in (b"\x81\x80", b"\xff", b"text"):
            with pytest.raises(EvidenceError):
                NodeSet([data]).word(bytes(keccak(data)), 0)

    def test_an_account_has_four_members(self) -> None:
        address = bytes(20)
        for value in (encode_rlp([b"", b"", EMPTY_ROOT]), encode_rlp([b"", b"", b"", EMPTY_CODE]), b"\x80"):
            data = encode_rlp([b"\x20" + keccak(address), value])
            with pytest.raises(EvidenceError):
                NodeSet([data]).account(bytes(keccak(data)), address)


class TestRealAnswers:
    def test_besu(self, besu: Vectors) -> None:
        headers = {block["number"]: block for block in besu["headers"]}
        contract = bytes.fromhex(besu["contract"][2:])
        for entry in besu["proofs"]:
            found = NodeSet(nodes_of(entry["proof"]))
            account = found.account(bytes.fromhex(headers[entry["block"]]["stateRoot"][2:]), contract)
            assert "0x" + account.storage_root.hex() == entry["proof"]["storageHash"]
            assert "0x" + account.code_hash.hex() == entry["proof"]["codeHash"]
            assert account.nonce == int(entry["proof"]["nonce"], 16)
            assert number(found.word(account.storage_root, 1)) == entry["count"]
            for key, expected in entry["expect"].items():
                slot = int.from_bytes(keccak(bytes.fromhex(key[2:]) + bytes(32)), "big")
                assert found.word(account.storage_root, slot).hex() == expected[2:]

    def test_geth(self, geth: Vectors) -> None:
        block = next(b for b in geth["headers"] if b["number"] == geth["proof"]["block"])
        found = NodeSet(nodes_of(geth["proof"]["answer"]))
        account = found.account(bytes.fromhex(block["stateRoot"][2:]), bytes.fromhex(geth["contract"][2:]))
        assert [number(found.word(account.storage_root, slot)) for slot in (1, 3, 99)] == [2, 10, 0]

    def test_accounts_that_never_were(self, probe: Vectors) -> None:
        for entry in probe["blocks"]:
            found = NodeSet(nodes_of(entry["absentAccount"]))
            root = bytes.fromhex(entry["block"]["stateRoot"][2:])
            assert found.account(root, bytes.fromhex(entry["absentAccount"]["address"][2:])) == Account()

    @pytest.mark.parametrize(
        "answer",
        [
            {},
            {"accountProof": [], "storageProof": None},
            {"accountProof": ["0xzz"], "storageProof": []},
            {"accountProof": [], "storageProof": [{}]},
            {"accountProof": [1], "storageProof": []},
            {"accountProof": [], "storageProof": [{"proof": 1}]},
        ],
    )
    def test_what_is_no_answer_is_refused(self, answer: dict[str, Any]) -> None:
        with pytest.raises(EvidenceError):
            list(nodes_of(answer))
