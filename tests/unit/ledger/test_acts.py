"""The acts against an independent implementation of EIP-712, and against the shared vectors."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak

from ledger.acts import (
    ACTS,
    Act,
    BidSubmission,
    Contract,
    CreditDecision,
    Envelope,
    Lot,
    StreamReceipt,
    TenderAnnouncement,
)
from ledger.eip712 import Domain, FieldType, Struct, StructError, digest, encode_type, fields_of

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "tdh2-0x01.json").read_text())
DOMAIN = Domain(31337, bytes.fromhex("d1661ac5360120feb68b51ab719b21c1c7c09ba7"))


def sample(struct: type[Struct], salt: int = 1) -> Any:
    """Return an instance with a different value in every member."""
    return struct(**{m.name: _value(m, salt + i) for i, m in enumerate(fields_of(struct))})


def _value(member: FieldType, salt: int) -> Any:
    if member.is_array:
        return (_single(member, salt), _single(member, salt + 100))
    return _single(member, salt)


def _single(member: FieldType, salt: int) -> Any:
    if member.nested:
        return sample(member.nested, salt)
    match member.solidity.removesuffix("[]"):
        case "bytes32":
            return salt.to_bytes(32, "big")
        case "address":
            return salt.to_bytes(20, "big")
        case "bytes":
            return bytes([salt % 256]) * 101
        case "string":
            return f"-{salt}.5 分"
        case "bool":
            return True
        case _:
            return salt


def _typed_data(act: Act) -> dict[str, Any]:
    structs: dict[str, type[Struct]] = {act.name(): type(act)}
    for member in fields_of(type(act)):
        if member.nested:
            structs[member.nested.name()] = member.nested
    domain = ["name string", "version string", "chainId uint256", "verifyingContract address"]
    types = {"EIP712Domain": [dict(zip(("name", "type"), d.split(), strict=True)) for d in domain]}
    types |= {n: [{"name": m.wire, "type": m.solidity} for m in fields_of(s)] for n, s in structs.items()}
    return {
        "types": types,
        "primaryType": act.name(),
        "domain": {
            "name": "Sunbid",
            "version": "1",
            "chainId": DOMAIN.chain_id,
            "verifyingContract": "0x" + DOMAIN.contract.hex(),
        },
        "message": act.to_json(),
    }


@pytest.mark.parametrize("name", sorted(ACTS))
def test_digest_equals_another_implementation(name: str) -> None:
    act = sample(ACTS[name])
    signable = encode_typed_data(full_message=_typed_data(act))
    expected = keccak(b"\x19" + signable.version + signable.header + signable.body)
    assert digest(act, DOMAIN) == expected


@pytest.mark.parametrize("name", sorted(ACTS))
def test_json_form_comes_back(name: str) -> None:
    act = sample(ACTS[name])
    assert ACTS[name].from_json(json.loads(json.dumps(act.to_json()))) == act


def test_shared_vectors_agree() -> None:
    box = VECTORS["box"]
    registry = Domain(int(box["list"]["chainId"]), bytes.fromhex(box["list"]["cityRegistry"]))
    fields = box["slips"][0]["fields"]
    receipt = StreamReceipt(bytes.fromhex(fields["head"]), int(fields["length"], 16))
    assert digest(receipt, registry).hex() == box["slips"][0]["receipt"]


def test_type_strings_are_those_of_the_design() -> None:
    assert encode_type(BidSubmission) == (
        "BidSubmission(bytes32 tender,uint32 lot,uint8 envelope,bytes32 bidder,uint32 sequence,"
        "bytes32 headerHash,bytes32 notice,uint64 at)"
    )
    assert encode_type(TenderAnnouncement).endswith("Lot(uint32 number,uint8 envelopes)")
    assert "uint64 from,uint64 to" in encode_type(CreditDecision)


def test_every_act_names_its_contract() -> None:
    assert {act.contract for act in ACTS.values()} == set(Contract)


def test_an_act_is_valid_on_one_chain_and_contract_only() -> None:
    act = StreamReceipt(bytes(32), 1)
    others = [Domain(1, DOMAIN.contract), Domain(DOMAIN.chain_id, bytes(20))]
    assert len({digest(act, domain) for domain in (DOMAIN, *others)}) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"head": b"short"},
        {"head": "0x00"},
        {"length": -1},
        {"length": 1 << 64},
        {"length": True},
    ],
)
def test_values_that_the_type_cannot_hold_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(StructError):
        dataclasses.replace(StreamReceipt(bytes(32), 1), **change)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"head": "0x" + "00" * 32},
        {"head": "0x" + "00" * 32, "length": 1, "more": 1},
        {"head": "00" * 32, "length": 1},
        {"head": "0xzz", "length": 1},
        {"head": "0x" + "00" * 32, "length": "1"},
    ],
)
def test_malformed_json_is_refused(value: object) -> None:
    with pytest.raises(StructError):
        StreamReceipt.from_json(value)


def test_a_list_must_be_a_list() -> None:
    value = sample(TenderAnnouncement).to_json() | {"lots": 5}
    with pytest.raises(StructError, match="must be a list"):
        TenderAnnouncement.from_json(value)


def test_nested_members_are_checked() -> None:
    with pytest.raises(StructError):
        dataclasses.replace(sample(TenderAnnouncement), lots=(b"no lot",))
    assert isinstance(sample(TenderAnnouncement).lots[0], Lot)


def test_envelopes_know_their_label_and_bit() -> None:
    assert [(e.text, e.bit) for e in Envelope] == [("qualification", 1), ("technical", 2), ("price", 4)]
