from __future__ import annotations

import json
from contextlib import suppress
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import MAX_DEPTH, MAX_INTEGER, CanonicalError, dumps, loads, loads_object

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
keys = st.text(st.characters(max_codepoint=127), max_size=6)
scalars = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | text
values = st.recursive(scalars, lambda v: st.lists(v, max_size=4) | st.dictionaries(keys, v, max_size=4), max_leaves=12)


class Colour(StrEnum):
    RED = "red"


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


class TestDumps:
    @given(values)
    def test_reads_back_as_the_same_value(self, value: Any) -> None:
        assert loads(dumps(value)) == value

    @given(values)
    def test_equals_an_independent_writer_of_rfc_8785(self, value: Any) -> None:
        expected = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        assert dumps(value) == expected

    def test_escapes_as_rfc_8785_section_3_2_2_2_says(self) -> None:
        value = {"string": '€$\x0f\nA\'B"\\\\"/', "literals": [None, True, False]}
        expected = '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        assert dumps(value) == expected.encode()

    @pytest.mark.parametrize(
        "value",
        [
            1.0,
            float("nan"),
            MAX_INTEGER + 1,
            -MAX_INTEGER - 1,
            10**30,
            b"bytes",
            (1, 2),
            {1: "key"},
            {"é": 1},
            {"a": {"b": [0.5]}},
            Colour.RED,
            {Colour.RED: 1},
            "\ud800",
            {1, 2},
        ],
    )
    def test_refuses_what_is_outside_the_domain(self, value: Any) -> None:
        with pytest.raises(CanonicalError) as caught:
            dumps(value)
        assert caught.value.code == "canonical.refused"

    def test_refuses_more_bytes_than_allowed(self) -> None:
        assert len(dumps("x" * 8, max_size=10)) == 10
        with pytest.raises(CanonicalError, match="11 bytes") as caught:
            dumps("x" * 9, max_size=10)
        assert caught.value.code == "canonical.too_large"

    def test_bounds_the_depth(self) -> None:
        assert dumps(nested(MAX_DEPTH))
        with pytest.raises(CanonicalError) as caught:
            dumps(nested(MAX_DEPTH + 1))
        assert caught.value.code == "canonical.too_deep"


class TestLoads:
    @pytest.mark.parametrize(
        "data",
        [
            b'{"b":1,"a":2}',
            b'{"a":1, "b":2}',
            b'{"a":1,"a":1}',
            b'"\\u0041"',
            b'"\\/"',
            b"-0",
            b"[1]\n",
            b'"\\u001F"',
        ],
    )
    def test_refuses_another_spelling_of_the_same_value(self, data: bytes) -> None:
        with pytest.raises(CanonicalError) as caught:
            loads(data)
        assert caught.value.code == "canonical.not_canonical"

    @pytest.mark.parametrize("data", [b"", b"{", b"nul", b"NaN", b'"\xff"', b'"\\ud800"', b"{'a':1}", b"[1,]", b"01"])
    def test_refuses_what_is_not_json(self, data: bytes) -> None:
        with pytest.raises(CanonicalError) as caught:
            loads(data)
        assert caught.value.code == "canonical.not_json"

    @pytest.mark.parametrize("data", [b"1.0", b"1e2", b"9007199254740992", b'{"\xc3\xa9":1}'])
    def test_refuses_values_outside_the_domain(self, data: bytes) -> None:
        with pytest.raises(CanonicalError):
            loads(data)

    def test_refuses_more_bytes_than_allowed_before_reading_them(self) -> None:
        with pytest.raises(CanonicalError) as caught:
            loads(b"{" * 11, max_size=10)
        assert caught.value.code == "canonical.too_large"

    @given(values, st.data())
    def test_a_flipped_bit_never_reads_as_the_same_value(self, value: Any, data: st.DataObject) -> None:
        encoded = bytearray(dumps(value))
        bit = data.draw(st.integers(0, len(encoded) * 8 - 1))
        encoded[bit // 8] ^= 1 << bit % 8
        with suppress(CanonicalError):
            assert dumps(loads(bytes(encoded))) != dumps(value)


class TestLoadsObject:
    def test_returns_objects_only(self) -> None:
        assert loads_object(b'{"a":1}') == {"a": 1}
        with pytest.raises(CanonicalError) as caught:
            loads_object(b"[1]")
        assert caught.value.code == "canonical.not_object"
