"""Where a contract's variables lie, from the compiler's `storageLayout`, so that slots are never counted by hand.

A path names a variable and then, as its type asks: a mapping's key, a struct's member, an array's index or "length".
Keys are bytes (bytesN, address), integers, booleans or text. Source: Solidity documentation, "Layout of State
Variables in Storage".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from eth_hash.auto import keccak

from ledger.chain.evidence.errors import EvidenceError

PathElement: TypeAlias = str | bytes | int
_SLOT_MODULUS = 1 << 256


class LayoutError(EvidenceError):
    """A path that the contract's storage does not have, or a type that is not read here."""

    code = "evidence.layout"


@dataclass(frozen=True)
class StorageType:
    """A type as the compiler describes it; `length` is that of an array of fixed length."""

    name: str
    encoding: str
    size: int
    key: str | None
    value: str | None
    base: str | None
    length: int | None
    members: tuple[Variable, ...]


@dataclass(frozen=True)
class Variable:
    """A variable or member: its label, its slot (within its struct, for a member), the offset in bytes, its type."""

    label: str
    slot: int
    offset: int
    type_name: str


@dataclass(frozen=True)
class Location:
    """A value's place: slot, offset in bytes from the low end, type."""

    slot: int
    offset: int
    type: StorageType


def hash_slot(*parts: bytes) -> int:
    """Return keccak of the parts as a slot number."""
    return int.from_bytes(keccak(b"".join(parts)), "big")


@dataclass(frozen=True)
class StorageLayout:
    """A contract's storage: its variables by label, and the types they use."""

    variables: Mapping[str, Variable]
    types: Mapping[str, StorageType]

    @classmethod
    def from_json(cls, layout: Mapping[str, Any]) -> StorageLayout:
        """Return the layout in solc's output `storageLayout`."""
        try:
            types = {name: _type(name, entry) for name, entry in (layout["types"] or {}).items()}
            variables = {entry["label"]: _variable(entry) for entry in layout["storage"]}
        except (KeyError, TypeError, ValueError) as error:
            raise LayoutError("not a storageLayout of the Solidity compiler") from error
        return cls(variables, types)

    def locate(self, *path: PathElement) -> Location:
        """Return the place of the value at `path`; refuse a path that the contract does not have."""
        if not path or path[0] not in self.variables:
            raise LayoutError(f"the contract has no variable {path[0] if path else ''!r}")
        variable = self.variables[str(path[0])]
        place = Location(variable.slot, variable.offset, self.types[variable.type_name])
        for element in path[1:]:
            place = self.step(place, element)
        return place

    def step(self, place: Location, element: PathElement) -> Location:
        """Return the place one element further down."""
        kind = place.type
        if kind.encoding == "mapping" and kind.key and kind.value:
            key = encode_key(self.types[kind.key], element)
            return Location(hash_slot(key, _word(place.slot)), 0, self.types[kind.value])
        if kind.base is not None:
            return self._element(place, self.types[kind.base], element)
        for label, found in self.members(place):
            if label == element:
                return found
        raise LayoutError(f"{kind.name} has no {element!r}")

    def members(self, place: Location) -> Iterator[tuple[str, Location]]:
        """Yield the members of a struct with their places, in order; nothing for any other type."""
        for member in place.type.members:
            slot = (place.slot + member.slot) % _SLOT_MODULUS
            yield member.label, Location(slot, member.offset, self.types[member.type_name])

    def _element(self, place: Location, base: StorageType, element: PathElement) -> Location:
        is_dynamic = place.type.encoding == "dynamic_array"
        if element == "length" and is_dynamic:
            return Location(place.slot, 0, UINT256)
        if not isinstance(element, int) or isinstance(element, bool) or element < 0:
            raise LayoutError(f"{place.type.name} is indexed by numbers from 0")
        if place.type.length is not None and element >= place.type.length:
            raise LayoutError(f"{place.type.name} has no element {element}")
        first = hash_slot(_word(place.slot)) if is_dynamic else place.slot
        if base.size <= 16:
            slot, position = divmod(element, 32 // base.size)
            return Location((first + slot) % _SLOT_MODULUS, position * base.size, base)
        return Location((first + element * -(-base.size // 32)) % _SLOT_MODULUS, 0, base)


UINT256 = StorageType("t_uint256", "inplace", 32, None, None, None, None, ())


def encode_key(kind: StorageType, key: PathElement) -> bytes:
    """Return a mapping's key as it is hashed: padded to 32 bytes, text and `bytes` as they are."""
    match key:
        case str() if kind.name.startswith("t_string"):
            return key.encode()
        case bytes() if kind.name.startswith("t_bytes") and kind.encoding == "bytes":
            return key
        case bytes() if kind.name.startswith("t_bytes") and len(key) == kind.size:
            return key.ljust(32, b"\x00")
        case bytes() if kind.name.startswith(("t_address", "t_contract")) and len(key) == 20:
            return key.rjust(32, b"\x00")
        case bool():
            if kind.name == "t_bool":
                return _word(key)
        case int() if kind.name.startswith(("t_uint", "t_enum")) and 0 <= key < 1 << 8 * kind.size:
            return _word(key)
    raise LayoutError(f"{key!r} is no key of type {kind.name}")


def decode_value(kind: StorageType, data: bytes) -> int | bool | bytes:
    """Return the value of an elementary type from its `size` bytes: integers, booleans, or bytes as they stand."""
    if kind.name.startswith("t_bytes") or kind.name.startswith(("t_address", "t_contract")):
        return data
    if kind.name == "t_bool":
        return bool(data[0])
    if kind.name.startswith(("t_uint", "t_enum")):
        return int.from_bytes(data, "big")
    if kind.name.startswith("t_int"):
        return int.from_bytes(data, "big", signed=True)
    raise LayoutError(f"values of type {kind.name} are not read")


def _word(value: int) -> bytes:
    return int(value).to_bytes(32, "big")


def _variable(entry: Mapping[str, Any]) -> Variable:
    return Variable(entry["label"], int(entry["slot"]), int(entry["offset"]), entry["type"])


def _length(label: str) -> int:
    """Return n of a type `T[n]`; of nested arrays the last bracket is the outer one."""
    return int(label.rpartition("[")[2].removesuffix("]"))


def _type(name: str, entry: Mapping[str, Any]) -> StorageType:
    members = tuple(_variable(member) for member in entry.get("members", ()))
    return StorageType(
        name=name,
        encoding=entry["encoding"],
        size=int(entry["numberOfBytes"]),
        key=entry.get("key"),
        value=entry.get("value"),
        base=entry.get("base"),
        length=_length(entry["label"]) if entry["encoding"] == "inplace" and "base" in entry else None,
        members=members,
    )
