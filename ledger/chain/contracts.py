"""The shipped contract artifacts, and their ABI turned into Python values and back.

Python side of every value: `bytes` for bytes32, bytes and addresses (20 bytes), `int`, `bool`, `str`, a tuple for a
list, a named tuple with snake_case members for a struct. On the way in, acts and other dataclasses stand for structs.
"""

from __future__ import annotations

import dataclasses
import json
import keyword
import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_hash.auto import keccak

from ledger.authority import ActChain
from ledger.eip712 import Struct
from ledger.errors import SunbidError

ARTIFACTS = Path(__file__).parent / "artifacts"
PANIC, ERROR = bytes.fromhex("4e487b71"), bytes.fromhex("08c379a0")
_NO_DELEGATION = (bytes(32), bytes(20), 0, bytes(32), 0)


class AbiError(SunbidError):
    """A contract, function or value that the shipped artifacts do not know."""

    code = "chain.abi"


@dataclass(frozen=True)
class Revert:
    """Why a contract refused: the custom error's name (or `Error`, `Panic`, `Unknown`) and its members."""

    name: str
    args: Mapping[str, Any]

    def __str__(self) -> str:
        shown = ", ".join(f"{k}={'0x' + v.hex() if isinstance(v, bytes) else v}" for k, v in self.args.items())
        return f"{self.name}({shown})"


@dataclass(frozen=True)
class Member:
    """One input, output or event member of an ABI."""

    name: str
    solidity: str
    members: tuple[Member, ...] = ()
    indexed: bool = False
    struct: str = ""

    @cached_property
    def canonical(self) -> str:
        """The type as selectors and the codec write it."""
        if not self.solidity.startswith("tuple"):
            return self.solidity
        return f"({','.join(m.canonical for m in self.members)}){self.solidity.removeprefix('tuple')}"

    @cached_property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return self.solidity.endswith("]")

    @cached_property
    def item(self) -> Member:
        """The member that each item of a list is."""
        return dataclasses.replace(self, solidity=self.solidity[: self.solidity.rindex("[")])

    @cached_property
    def record(self) -> Callable[..., Any]:
        """The named tuple that stands for this struct."""
        names = [_python_name(m.name) for m in self.members]
        return namedtuple(self.struct or "Record", names)  # noqa: PYI024 - the members come from the ABI


@dataclass(frozen=True)
class Function:
    """A function, custom error or constructor with its codec."""

    name: str
    inputs: tuple[Member, ...]
    outputs: tuple[Member, ...] = ()

    @cached_property
    def selector(self) -> bytes:
        """The first four bytes of the signature's hash."""
        return bytes(keccak(_signature(self.name, self.inputs))[:4])

    def encode_args(self, args: Sequence[Any]) -> bytes:
        """Return the encoded arguments without selector; refuse what the types do not take."""
        if len(args) != len(self.inputs):
            raise AbiError(f"{self.name} takes {len(self.inputs)} arguments, got {len(args)}")
        try:
            return encode(_types(self.inputs), [_to_abi(m, a) for m, a in zip(self.inputs, args, strict=True)])
        except (EncodingError, TypeError, ValueError) as error:
            raise AbiError(f"{self.name} does not take these arguments: {error}") from error

    def encode_call(self, args: Sequence[Any]) -> bytes:
        """Return a transaction's data."""
        return self.selector + self.encode_args(args)

    def decode_args(self, data: bytes) -> tuple[Any, ...]:
        """Return the arguments of a call's or an error's data, selector left off."""
        return _decode(self.inputs, data)

    def decode_result(self, data: bytes) -> Any:
        """Return nothing, the one value, or a named tuple of the values."""
        values = _decode(self.outputs, data)
        if len(values) < 2:
            return values[0] if values else None
        if not all(m.name for m in self.outputs):
            return values
        return Member("", "tuple", self.outputs, struct=_struct_name(self.name)).record(*values)


@dataclass(frozen=True)
class EventType:
    """An event with its codec; indexed members of dynamic types arrive as their hashes."""

    name: str
    inputs: tuple[Member, ...]

    @cached_property
    def topic(self) -> bytes:
        """The hash of its signature, the log's first topic."""
        return bytes(keccak(_signature(self.name, self.inputs)))

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Return the members by snake_case name."""
        indexed = [m for m in self.inputs if m.indexed]
        plain = [m for m in self.inputs if not m.indexed]
        values = {m.name: _from_topic(m, topic) for m, topic in zip(indexed, topics[1:], strict=True)}
        values |= {m.name: value for m, value in zip(plain, _decode(plain, data), strict=True)}
        return {_python_name(m.name): values[m.name] for m in self.inputs}


@dataclass(frozen=True)
class Artifact:
    """A compiled contract: its ABI by name, its creation code, its storage layout as solc writes it."""

    name: str
    bytecode: bytes
    functions: Mapping[str, Function]
    events: Mapping[bytes, EventType]
    errors: Mapping[bytes, Function]
    constructor: Function
    storage_layout: Mapping[str, Any]

    def function(self, name: str) -> Function:
        """Return a function by its name; refuse an unknown one."""
        try:
            return self.functions[name]
        except KeyError as error:
            raise AbiError(f"{self.name} has no function {name}") from error

    def creation(self, args: Sequence[Any]) -> bytes:
        """Return the data of the transaction that creates the contract."""
        return self.bytecode + self.constructor.encode_args(args)


@cache
def artifact(name: str) -> Artifact:
    """Return the shipped artifact of a contract; refuse a name that has none."""
    path = ARTIFACTS / f"{name}.json"
    try:
        return parse(name, json.loads(path.read_text()))
    except FileNotFoundError as error:
        raise AbiError(f"no artifact of {name} is shipped: build it with `make contracts`") from error


def parse(name: str, source: Mapping[str, Any]) -> Artifact:
    """Return the artifact of a JSON object with `abi`, `bytecode` and `storageLayout`."""
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for entry in source["abi"]:
        kinds.setdefault(entry["type"], []).append(entry)
    functions = [_function(entry) for entry in kinds.get("function", [])]
    if len({f.name for f in functions}) != len(functions):
        raise AbiError(f"{name} overloads a function: every name may stand once")
    events = [EventType(e["name"], _members(e["inputs"])) for e in kinds.get("event", [])]
    constructor = kinds.get("constructor", [{"inputs": []}])[0]
    return Artifact(
        name=name,
        bytecode=bytes.fromhex(source["bytecode"].removeprefix("0x")),
        functions={f.name: f for f in functions},
        events={e.topic: e for e in events},
        errors={e.selector: e for e in map(_function, kinds.get("error", []))},
        constructor=Function("constructor", _members(constructor["inputs"])),
        storage_layout=source.get("storageLayout", {}),
    )


def decode_revert(data: bytes, artifacts: Iterable[Artifact]) -> Revert:
    """Return what revert data say, by the errors of these contracts."""
    selector, rest = data[:4], data[4:]
    try:
        if selector == ERROR:
            return Revert("Error", {"message": decode(["string"], rest)[0]})
        if selector == PANIC:
            return Revert("Panic", {"code": decode(["uint256"], rest)[0]})
        for one in artifacts:
            if selector in one.errors:
                error = one.errors[selector]
                names = [_python_name(m.name) or f"_{i}" for i, m in enumerate(error.inputs)]
                return Revert(error.name, dict(zip(names, error.decode_args(rest), strict=True)))
    except (DecodingError, OverflowError, UnicodeDecodeError):
        return Revert("Malformed", {"data": data})
    return Revert("Unknown", {"data": data})


def _function(entry: Mapping[str, Any]) -> Function:
    return Function(entry["name"], _members(entry["inputs"]), _members(entry.get("outputs", [])))


def _members(entries: Iterable[Mapping[str, Any]]) -> tuple[Member, ...]:
    return tuple(
        Member(
            entry["name"],
            entry["type"],
            _members(entry.get("components", [])),
            entry.get("indexed", False),
            _struct_name(entry.get("internalType", "")),
        )
        for entry in entries
    )


def _struct_name(internal_type: str) -> str:
    found = re.match(r"(?:struct )?(?:\w+\.)?(\w+)", internal_type)
    return found[1][0].upper() + found[1][1:] if found else ""


def _python_name(name: str) -> str:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip("_")).lower()
    return snake + "_" if keyword.iskeyword(snake) else snake


def _types(members: Iterable[Member]) -> list[str]:
    return [m.canonical for m in members]


def _signature(name: str, members: Iterable[Member]) -> bytes:
    return f"{name}({','.join(_types(members))})".encode()


def _to_abi(member: Member, value: Any) -> Any:
    if member.is_list:
        return [_to_abi(member.item, item) for item in value]
    if not member.members:
        return value
    return tuple(_to_abi(m, v) for m, v in zip(member.members, _values(value), strict=True))


def _values(value: Any) -> tuple[Any, ...]:
    if isinstance(value, ActChain):
        delegation = value.delegation or _NO_DELEGATION
        return (value.credential, value.credential_signature, delegation, value.delegation_signature)
    if isinstance(value, Struct) or dataclasses.is_dataclass(value):
        return tuple(getattr(value, f.name) for f in dataclasses.fields(value))
    return tuple(value)


def _decode(members: Sequence[Member], data: bytes) -> tuple[Any, ...]:
    values = decode(_types(members), data)
    return tuple(_from_abi(m, v) for m, v in zip(members, values, strict=True))


def _from_abi(member: Member, value: Any) -> Any:
    if member.is_list:
        return tuple(_from_abi(member.item, item) for item in value)
    if member.members:
        return member.record(*(_from_abi(m, v) for m, v in zip(member.members, value, strict=True)))
    return bytes.fromhex(value[2:]) if member.solidity == "address" else value


def _from_topic(member: Member, topic: bytes) -> Any:
    is_dynamic = member.is_list or bool(member.members) or member.solidity in ("string", "bytes")
    return topic if is_dynamic else _decode([member], topic)[0]
