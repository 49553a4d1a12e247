from __future__ import annotations

from typing import Any

import pytest

from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.rlp_codec import encode_rlp
from ledger.chain.evidence.rlp_header import BlockHeader

Vectors = dict[str, Any]


def test_headers_of_every_fork_hash_to_what_their_nodes_say(geth: Vectors, probe: Vectors) -> None:
    blocks = [*geth["headers"], *(entry["block"] for entry in probe["blocks"])]
    for block in blocks:
        header = BlockHeader.from_rpc(block)
        assert "0x" + header.keccak.hex() == block["hash"]
        assert header.number == int(block["number"], 16)
        assert header.timestamp == int(block["timestamp"], 16)
        assert "0x" + header.state_root.hex() == block["stateRoot"]
        assert "0x" + header.parent_hash.hex() == block["parentHash"]
        assert BlockHeader.decode(header.encode()) == header


def test_forks_differ_in_length(geth: Vectors, besu: Vectors) -> None:
    assert len(BlockHeader.from_rpc(geth["headers"][0]).members) == 15
    assert len(BlockHeader.from_rpc(besu["headers"][0]).members) == 16


def test_any_flipped_bit_gives_another_header_or_none(geth: Vectors) -> None:
    header = BlockHeader.from_rpc(geth["headers"][3])
    data = header.encode()
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        try:
            other = BlockHeader.decode(bytes(damaged))
        except EvidenceError:
            continue
        assert other.keccak != header.keccak


@pytest.mark.parametrize(
    ("index", "value"), [(0, bytes(31)), (2, bytes(21)), (6, bytes(255)), (8, b"\x00\x01"), (14, b"")]
)
def test_members_have_their_sizes(geth: Vectors, index: int, value: bytes) -> None:
    members = list(BlockHeader.from_rpc(geth["headers"][0]).members)
    members[index] = value
    with pytest.raises(EvidenceError):
        BlockHeader.decode(encode_rlp(list(members)))


@pytest.mark.parametrize("length", [0, 14, 18, 22])
def test_no_other_number_of_members(geth: Vectors, length: int) -> None:
    members = (BlockHeader.from_rpc(geth["headers"][0]).members + (b"",) * 8)[:length]
    with pytest.raises(EvidenceError) as caught:
        BlockHeader(members)
    assert caught.value.code == "evidence.header"


def test_a_member_is_no_list(geth: Vectors) -> None:
    members: list[Any] = list(BlockHeader.from_rpc(geth["headers"][0]).members)
    members[12] = [members[12]]
    with pytest.raises(EvidenceError):
        BlockHeader.decode(encode_rlp(members))


@pytest.mark.parametrize("damage", [{"number": None}, {"number": "x"}, {"extraData": 5}, {"stateRoot": "0x0"}])
def test_incomplete_answers_of_a_node_are_refused(geth: Vectors, damage: dict[str, Any]) -> None:
    block = {**geth["headers"][0], **damage}
    with pytest.raises(EvidenceError):
        BlockHeader.from_rpc({name: value for name, value in block.items() if value is not None})
    with pytest.raises(EvidenceError):
        BlockHeader.from_rpc({})
