from __future__ import annotations

from typing import Any

import pytest
from eth_hash.auto import keccak

from ledger.chain.evidence.layout import (
    LayoutError,
    Location,
    PathElement,
    StorageLayout,
    StorageType,
    decode_value,
    encode_key,
    hash_slot,
)

Vectors = dict[str, Any]


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


@pytest.fixture(scope="module")
def layout(probe: Vectors) -> StorageLayout:
    return StorageLayout.from_json(probe["storageLayout"])


def place(layout: StorageLayout, *path: PathElement) -> tuple[int, int]:
    found = layout.locate(*path)
    return found.slot, found.offset


class TestLocate:
    """Slots computed by hand from the rules of the Solidity documentation."""

    def test_packed_variables(self, layout: StorageLayout) -> None:
        assert place(layout, "count") == (0, 0)
        assert place(layout, "small") == (1, 0)
        assert place(layout, "negative") == (1, 1)
        assert place(layout, "flag") == (1, 5)
        assert place(layout, "owner") == (1, 6)

    def test_mappings(self, layout: StorageLayout) -> None:
        slot = layout.variables["amounts"].slot
        owner, asset = bytes(19) + b"\x01", b"\x02" * 32
        inner = keccak(bytes(12) + owner + word(slot))
        assert place(layout, "amounts", owner, asset) == (int.from_bytes(keccak(asset + inner), "big"), 0)
        assert place(layout, "byName", "name") == (hash_slot(b"name", word(layout.variables["byName"].slot)), 0)

    def test_arrays(self, layout: StorageLayout) -> None:
        slot = layout.variables["hashes"].slot
        assert place(layout, "hashes", 5) == (hash_slot(word(slot)) + 5, 0)
        assert place(layout, "hashes", "length") == (slot, 0)
        first = layout.variables["fixedNumbers"].slot
        assert place(layout, "fixedNumbers", 4) == (first + 1, 0)
        assert place(layout, "fixedNumbers", 3) == (first, 24)
        rows = hash_slot(word(layout.variables["matrix"].slot))
        assert place(layout, "matrix", 2, 17) == (hash_slot(word(rows + 2)) + 1, 2)

    def test_structs(self, layout: StorageLayout) -> None:
        first = hash_slot(word(layout.variables["list"].slot))
        assert place(layout, "list", 2, "to") == (first + 4, 8)
        assert place(layout, "list", 2, "key") == (first + 5, 0)
        key = b"\x03" * 32
        base = hash_slot(key, word(layout.variables["nested"].slot))
        assert place(layout, "nested", key, "packed", "open") == (base + 1, 16)
        by_index = hash_slot(word(4), word(base + 4))
        assert place(layout, "nested", key, "byIndex", 4, "to") == (by_index, 8)

    @pytest.mark.parametrize(
        "path",
        [
            (),
            ("unknown",),
            (b"count",),
            (0,),
            ("count", "x"),
            ("list", 0, "unknown"),
            ("list", "size"),
            ("list", -1),
            ("list", True),
            ("list", b"\x00"),
            ("fixedNumbers", 5),
            ("fixedNumbers", "length"),
            ("nested", 1),
            ("nested", b"\x03" * 31),
            ("nested", "text"),
            ("amounts", b"\x03" * 32),
            ("marks", -1),
            ("marks", 2**32),
            ("marks", True),
            ("byFlag", 1),
            ("byName", b"name"),
            ("byName", 1),
            ("bySelector", b"\x01" * 5),
            ("flag", "x"),
            ("byPhase", 256),
        ],
    )
    def test_paths_that_do_not_exist(self, layout: StorageLayout, path: tuple[Any, ...]) -> None:
        with pytest.raises(LayoutError):
            layout.locate(*path)

    def test_type_names_without_the_compiler_s_numbers(self, probe: Vectors) -> None:
        """Artifacts may strip those numbers: they change with every unrelated edit of the sources."""
        named = {"label": "numbers", "slot": "0", "offset": 0, "type": "t_array(t_uint64)_storage"}
        types = {
            "t_array(t_uint64)_storage": {
                "base": "t_uint64",
                "encoding": "inplace",
                "label": "uint64[5]",
                "numberOfBytes": "64",
            },
            "t_uint64": {"encoding": "inplace", "label": "uint64", "numberOfBytes": "8"},
        }
        stripped = StorageLayout.from_json({"storage": [named], "types": types})
        assert place(stripped, "numbers", 4) == (1, 0)
        with pytest.raises(LayoutError):
            stripped.locate("numbers", 5)

    def test_nested_fixed_arrays(self) -> None:
        types = {
            "outer": {"base": "inner", "encoding": "inplace", "label": "uint8[40][3]", "numberOfBytes": "192"},
            "inner": {"base": "t_uint8", "encoding": "inplace", "label": "uint8[40]", "numberOfBytes": "64"},
            "t_uint8": {"encoding": "inplace", "label": "uint8", "numberOfBytes": "1"},
        }
        grid = {"label": "grid", "slot": "7", "offset": 0, "type": "outer"}
        layout = StorageLayout.from_json({"storage": [grid], "types": types})
        assert place(layout, "grid", 2, 39) == (7 + 4 + 1, 7)
        for path in (("grid", 3, 0), ("grid", 0, 40)):
            with pytest.raises(LayoutError):
                layout.locate(*path)

    @pytest.mark.parametrize(
        "damage",
        [{}, {"storage": [], "types": {"x": {}}}, {"storage": [{}], "types": {}}, {"storage": None, "types": {}}],
    )
    def test_what_is_no_layout(self, damage: dict[str, Any]) -> None:
        with pytest.raises(LayoutError):
            StorageLayout.from_json(damage)

    def test_a_contract_without_storage(self) -> None:
        with pytest.raises(LayoutError):
            StorageLayout.from_json({"storage": [], "types": None}).locate("anything")


def elementary(name: str, size: int, encoding: str = "inplace") -> StorageType:
    return StorageType(name, encoding, size, None, None, None, None, ())


class TestValues:
    @pytest.mark.parametrize(
        ("name", "data", "value"),
        [
            ("t_uint64", b"\x00" * 7 + b"\x05", 5),
            ("t_int32", b"\xff\xff\xff\xfb", -5),
            ("t_bool", b"\x01", True),
            ("t_bool", b"\x00", False),
            ("t_address", b"\x01" * 20, b"\x01" * 20),
            ("t_contract(Token)7", b"\x01" * 20, b"\x01" * 20),
            ("t_bytes4", b"\xde\xad\xbe\xef", b"\xde\xad\xbe\xef"),
            ("t_enum(Phase)3", b"\x02", 2),
        ],
    )
    def test_elementary_types(self, name: str, data: bytes, value: object) -> None:
        found = decode_value(elementary(name, len(data)), data)
        assert found == value
        assert type(found) is type(value)

    def test_types_that_are_not_read(self) -> None:
        with pytest.raises(LayoutError):
            decode_value(elementary("t_function_external_nonpayable", 24), bytes(24))

    def test_short_bytes_keys_are_padded_on_the_right_and_addresses_on_the_left(self) -> None:
        assert encode_key(elementary("t_bytes4", 4), b"\x01\x02\x03\x04") == b"\x01\x02\x03\x04" + bytes(28)
        assert encode_key(elementary("t_address", 20), b"\x01" * 20) == bytes(12) + b"\x01" * 20
        assert encode_key(elementary("t_bytes_memory_ptr", 32, "bytes"), b"\x01\x02") == b"\x01\x02"

    def test_a_location_knows_its_type(self, layout: StorageLayout) -> None:
        assert layout.locate("small") == Location(1, 0, layout.types["t_uint8"])
