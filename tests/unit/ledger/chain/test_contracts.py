"""ABI values are Python values on both ways, and every refusal has a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from eth_abi.abi import encode

from ledger.acts import Lot, TenderAnnouncement
from ledger.authority import ActChain
from ledger.chain.client import CONTRACTS, ChainClient, Finality
from ledger.chain.contracts import AbiError, Revert, artifact, decode_revert, parse
from ledger.chain.rpc import RpcError
from ledger.eip712 import encode_type, fields_of
from tests.fixtures.people import key_named


def entry(kind: str, name: str, *inputs: dict[str, Any], outputs: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"type": kind, "name": name, "inputs": list(inputs), "outputs": list(outputs)}


def arg(solidity: str, name: str, *, indexed: bool = False, components: tuple[dict[str, Any], ...] = ()) -> Any:
    return {"type": solidity, "name": name, "indexed": indexed, "components": list(components)}


POINT = (arg("address", "from"), arg("uint64", "validTo"))
WHO = (arg("bytes32", "who", indexed=True), arg("string", "x", indexed=True))
TOY = parse(
    "Toy",
    {
        "bytecode": "0x6001",
        "abi": [
            {"type": "constructor", "inputs": [arg("uint256", "size")]},
            entry("function", "many", arg("tuple[]", "points", components=POINT), outputs=(arg("bool", ""),)),
            entry("function", "pair", outputs=(arg("uint64", "a"), arg("bytes32", "b"))),
            entry("function", "record", outputs=(arg("tuple", "", components=POINT),)),
            entry("function", "nothing"),
            entry("event", "Happened", *WHO, arg("uint256", "n")),
            entry("error", "TooSmall", arg("uint256", "leastSize")),
        ],
    },
)  # fmt: skip


@dataclass(frozen=True)
class Point:
    start: bytes
    end: int


class TestFunctions:
    @pytest.mark.parametrize("value", [(b"\1" * 20, 5), [b"\1" * 20, 5], Point(b"\1" * 20, 5)])
    def test_structs_come_from_tuples_and_dataclasses(self, value: object) -> None:
        data = TOY.function("many").encode_call([[value]])
        assert data[4:] == encode(["(address,uint64)[]"], [[(b"\1" * 20, 5)]])
        assert TOY.function("many").decode_args(data[4:]) == (((b"\1" * 20, 5),),)

    def test_structs_go_to_named_tuples(self) -> None:
        found = TOY.function("record").decode_result(encode(["(address,uint64)"], [(b"\1" * 20, 5)]))
        assert (found.from_, found.valid_to) == (b"\1" * 20, 5)

    def test_several_results_are_a_named_tuple(self) -> None:
        found = TOY.function("pair").decode_result(encode(["uint64", "bytes32"], [5, b"\2" * 32]))
        assert (found.a, found.b) == (5, b"\2" * 32)

    def test_no_result_is_none(self) -> None:
        assert TOY.function("nothing").decode_result(b"") is None

    @pytest.mark.parametrize("args", [[], [1, 2], [5], [[(b"\1" * 20, -1)]], [[(b"\1" * 19, 1)]], [[(b"\1" * 20,)]]])
    def test_what_the_types_do_not_take_is_refused(self, args: list[Any]) -> None:
        with pytest.raises(AbiError):
            TOY.function("many").encode_call(args)

    def test_an_unknown_function_is_refused(self) -> None:
        with pytest.raises(AbiError, match="no function none"):
            TOY.function("none")

    def test_creation_is_code_and_arguments(self) -> None:
        assert TOY.creation((5,)) == b"\x60\x01" + bytes(31) + b"\x05"

    def test_overloads_are_refused(self) -> None:
        with pytest.raises(AbiError, match="overloads"):
            parse("Toy", {"bytecode": "", "abi": [entry("function", "f"), entry("function", "f", arg("bool", "a"))]})


class TestEvents:
    def test_members_by_name_dynamic_ones_as_hashes(self) -> None:
        (event,) = TOY.events.values()
        found = event.decode([event.topic, b"\3" * 32, b"\4" * 32], encode(["uint256"], [7]))
        assert found == {"who": b"\3" * 32, "x": b"\4" * 32, "n": 7}


class TestReverts:
    def test_custom_errors_by_name(self) -> None:
        data = next(iter(TOY.errors)) + encode(["uint256"], [9])
        assert decode_revert(data, [TOY]) == Revert("TooSmall", {"least_size": 9})
        assert str(decode_revert(data, [TOY])) == "TooSmall(least_size=9)"

    def test_solidity_s_own_errors(self) -> None:
        assert decode_revert(bytes.fromhex("08c379a0") + encode(["string"], ["no"]), []).args == {"message": "no"}
        assert decode_revert(bytes.fromhex("4e487b71") + encode(["uint256"], [17]), []) == Revert("Panic", {"code": 17})

    @pytest.mark.parametrize("data", [b"", b"\1\2\3\4", b"\1\2\3\4" + bytes(32)])
    def test_the_unknown_stays_unknown(self, data: bytes) -> None:
        assert decode_revert(data, [TOY]) == Revert("Unknown", {"data": data})

    def test_a_known_selector_with_too_little_behind_it(self) -> None:
        assert decode_revert(next(iter(TOY.errors)), [TOY]).name == "Malformed"

    @pytest.mark.parametrize(
        "error",
        [
            RpcError("eth_call", 3, "execution reverted", "0x01020304"),
            RpcError("eth_call", -32000, "VM Exception while processing transaction: revert", {"data": "0x01020304"}),
        ],
    )
    def test_nodes_put_the_data_in_different_places(self, error: RpcError) -> None:
        assert ChainClient.decode_error(error) == Revert("Unknown", {"data": b"\1\2\3\4"})

    def test_a_node_s_own_error_is_no_revert(self) -> None:
        assert ChainClient.decode_error(RpcError("eth_call", -32000, "header not found")) is None
        assert ChainClient.decode_error(RpcError("eth_call", 3, "execution reverted")) is not None


class TestShipped:
    @pytest.mark.parametrize("name", CONTRACTS)
    def test_every_contract_has_an_artifact(self, name: str) -> None:
        shipped = artifact(name)
        assert shipped.bytecode
        assert shipped.storage_layout["storage"] is not None

    def test_an_unknown_one_is_refused(self) -> None:
        with pytest.raises(AbiError, match="make contracts"):
            artifact("Nothing")

    def test_acts_are_the_structs_of_the_contracts(self) -> None:
        announce = artifact("TenderBook").function("announce")
        assert [m.name for m in announce.inputs[0].members] == [f.wire for f in fields_of(TenderAnnouncement)]
        assert announce.inputs[0].canonical.startswith("(bytes32,bytes32,")
        assert "Lot[] lots" in encode_type(TenderAnnouncement)

    def test_an_act_with_its_papers_is_encoded(self) -> None:
        credential = ActChain(_credential(), bytes(65))
        act = TenderAnnouncement(*(bytes(32),) * 9, (bytes(32),), (Lot(1, 4),), 5, 6, 7, 8, 1, 0, 0)
        announce = artifact("TenderBook").function("announce")
        data = announce.encode_call([act, bytes(65), credential, bytes(65), credential])
        found = announce.decode_args(data[4:])
        assert found[0].lots == ((1, 4),)
        assert found[2].credential.key == key_named("a").address
        assert found[2].delegation == (bytes(32), bytes(20), 0, bytes(32), 0)


def _credential() -> Any:
    from ledger.acts import Credential

    return Credential(key_named("a").address, bytes(32), bytes(32), 1, 0, 9)


class TestFinality:
    @pytest.mark.parametrize(("text", "head", "final"), [("bft", 9, 9), ("depth:3", 9, 6), ("depth:3", 2, 0)])
    def test_the_last_block_that_counts(self, text: str, head: int, final: int) -> None:
        assert Finality.parse(text).final(head) == final
