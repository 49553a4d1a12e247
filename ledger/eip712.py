"""EIP-712 hashing of frozen dataclasses: the class is the type, so Python and Solidity cannot drift apart.

Members are named in snake_case here and in camelCase in the signed type (`valid_from` is `validFrom`, `from_` is
`from`). They are annotated with the aliases below; `tuple[X, ...]` is a dynamic array and another `Struct` a nested
type. Hashes equal those of any EIP-712 implementation (tests compare them with eth-account's).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Self, TypeVar, get_args, get_origin, get_type_hints

from eth_hash.auto import keccak

from ledger.errors import SunbidError

B32 = Annotated[bytes, "bytes32"]
Address = Annotated[bytes, "address"]
Blob = Annotated[bytes, "bytes"]
Text = Annotated[str, "string"]
Flag = Annotated[bool, "bool"]
U8 = Annotated[int, "uint8"]
U32 = Annotated[int, "uint32"]
U64 = Annotated[int, "uint64"]

_T = TypeVar("_T")


def _once_per_type(compute: Callable[[type[Any]], _T]) -> Callable[[type[Struct]], _T]:
    """Cache by class; mypy does not take a dataclass type for hashable, so the cache hides behind a plain signature."""
    cached: Callable[[Any], _T] = cache(compute)
    return lambda struct: cached(struct)  # noqa: PLW0108 - `cached` itself takes only what mypy calls hashable


_BYTES_SIZE = {"bytes32": 32, "address": 20}


class StructError(SunbidError):
    """A value that its EIP-712 type cannot hold."""

    code = "act.malformed"


@dataclass(frozen=True)
class FieldType:
    """One member of a struct: its name here and in the signed type, its Solidity type, the nested struct if any.

    `base` is the Solidity type of one item; `fits` says whether a value is one.
    """

    name: str
    wire: str
    solidity: str
    nested: type[Struct] | None
    is_array: bool
    base: str
    fits: Callable[[object], bool]


@dataclass(frozen=True)
class Struct:
    """Base of every EIP-712 type; subclasses are frozen dataclasses whose name is the type's name."""

    type_name: ClassVar[str] = ""

    @classmethod
    def name(cls) -> str:
        """The EIP-712 type name."""
        return cls.type_name or cls.__name__

    def __post_init__(self) -> None:
        for member in fields_of(type(self)):
            value = getattr(self, member.name)
            for item in value if member.is_array else (value,):
                if not member.fits(item):
                    raise StructError(f"{self.name()}.{member.wire} is not a {member.base}", field=member.wire)

    def to_json(self) -> dict[str, Any]:
        """Return the members as JSON values: bytes as 0x hex, nested structs as objects."""
        return {m.wire: _to_json(m, getattr(self, m.name)) for m in fields_of(type(self))}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Return the struct that `to_json` wrote; refuse missing, extra and mistyped members."""
        if not isinstance(value, dict):
            raise StructError(f"{cls.name()} must be an object")
        members = fields_of(cls)
        if value.keys() != {m.wire for m in members}:
            raise StructError(f"{cls.name()} needs exactly: {', '.join(m.wire for m in members)}")
        return cls(**{m.name: _from_json(cls.name(), m, value[m.wire]) for m in members})


@_once_per_type
def fields_of(struct: type[Any]) -> tuple[FieldType, ...]:
    """Return the members of `struct` in order, with their Solidity types."""
    hints = get_type_hints(struct, include_extras=True)
    return tuple(_field_type(f.name, hints[f.name]) for f in dataclasses.fields(struct))


def _field_type(name: str, hint: Any) -> FieldType:
    is_array = get_origin(hint) is tuple
    item = get_args(hint)[0] if is_array else hint
    nested = item if isinstance(item, type) and issubclass(item, Struct) else None
    solidity = nested.name() if nested else item.__metadata__[0]
    fits = _is_a(nested) if nested else _fits(solidity)
    return FieldType(name, _camel(name), solidity + ("[]" if is_array else ""), nested, is_array, solidity, fits)


def _camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def _is_a(kind: type[Any]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kind)


def _fits(base: str) -> Callable[[object], bool]:
    """Return what says whether a value is one of this Solidity type."""
    match base:
        case "bytes32" | "address":
            size = _BYTES_SIZE[base]
            return lambda value: isinstance(value, bytes) and len(value) == size
        case "bytes":
            return _is_a(bytes)
        case "string":
            return _is_a(str)
        case "bool":
            return _is_a(bool)
        case _:
            end = 1 << int(base.removeprefix("uint"))
            return lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value < end


def _to_json(member: FieldType, value: Any) -> Any:
    if member.is_array:
        return [_item_to_json(item) for item in value]
    return _item_to_json(value)


def _item_to_json(value: Any) -> Any:
    if isinstance(value, Struct):
        return value.to_json()
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _from_json(owner: str, member: FieldType, value: Any) -> Any:
    if member.is_array:
        if not isinstance(value, list):
            raise StructError(f"{owner}.{member.wire} must be a list", field=member.wire)
        return tuple(_item_from_json(owner, member, item) for item in value)
    return _item_from_json(owner, member, value)


def _item_from_json(owner: str, member: FieldType, value: Any) -> Any:
    if member.nested:
        return member.nested.from_json(value)
    if member.base not in ("bytes32", "address", "bytes"):
        return value
    if not isinstance(value, str) or not value.startswith("0x"):
        raise StructError(f"{owner}.{member.wire} must be 0x-prefixed hex", field=member.wire)
    try:
        return bytes.fromhex(value[2:])
    except ValueError as error:
        raise StructError(f"{owner}.{member.wire} is not hex", field=member.wire) from error


def _own_type(struct: type[Struct]) -> str:
    return f"{struct.name()}({','.join(f'{m.solidity} {m.wire}' for m in fields_of(struct))})"


def _nested_structs(struct: type[Struct]) -> set[type[Struct]]:
    found: set[type[Struct]] = set()
    for member in fields_of(struct):
        if member.nested and member.nested not in found:
            found |= {member.nested} | _nested_structs(member.nested)
    return found


@_once_per_type
def encode_type(struct: type[Any]) -> str:
    """Return EIP-712's encodeType: the type, then the types it names, by name."""
    return _own_type(struct) + "".join(_own_type(s) for s in sorted(_nested_structs(struct), key=lambda s: s.name()))


@_once_per_type
def type_hash(struct: type[Any]) -> bytes:
    """Return keccak of `encode_type`."""
    return bytes(keccak(encode_type(struct).encode()))


def _word(member: FieldType, value: Any) -> bytes:
    match member.base:
        case "bytes32":
            return bytes(value)
        case "address":
            return bytes(12) + bytes(value)
        case "bytes":
            return bytes(keccak(value))
        case "string":
            return bytes(keccak(value.encode()))
        case _ if member.nested:
            return struct_hash(value)
        case _:
            return int(value).to_bytes(32, "big")


def struct_hash(value: Struct) -> bytes:
    """Return EIP-712's hashStruct of `value`, 32 bytes."""
    words = [type_hash(type(value))]
    for member in fields_of(type(value)):
        item = getattr(value, member.name)
        words.append(
            bytes(keccak(b"".join(_word(member, i) for i in item))) if member.is_array else _word(member, item)
        )
    return bytes(keccak(b"".join(words)))


@dataclass(frozen=True)
class Domain:
    """Where an act is valid: one chain and one verifying contract, under the name "Sunbid", version "1"."""

    chain_id: int
    contract: bytes

    def separator(self) -> bytes:
        """Return EIP-712's domainSeparator, 32 bytes."""
        return _separator(self.chain_id, self.contract)


@cache
def _separator(chain_id: int, contract: bytes) -> bytes:
    kind = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    parts = [kind, keccak(b"Sunbid"), keccak(b"1"), chain_id.to_bytes(32, "big"), bytes(12) + contract]
    return bytes(keccak(b"".join(parts)))


def digest(value: Struct, domain: Domain) -> bytes:
    """Return the 32 bytes that are signed for `value` under `domain`; an act's id."""
    return bytes(keccak(b"\x19\x01" + domain.separator() + struct_hash(value)))
