"""Labels and headers in exactly one form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidding.sealing.errors import FormatError
from bidding.sealing.hashing import TDH2_SECP256K1 as SUITE
from bidding.sealing.header import BID_CHUNK_SIZE, Core, Header, Label, StreamShape
from ledger.acts import Envelope
from ledger.encoding import EncodingError, dec, enc, u32, u64
from tests.unit.bidding.sealing.world import Bidder

BID = Bidder("ann").sealed()
HEADER = BID.header
LABEL = Label.decode(HEADER.label)

ids = st.binary(min_size=32, max_size=32)
labels = st.builds(
    Label,
    st.integers(0, 2**64 - 1),
    st.binary(min_size=20, max_size=20),
    ids,
    st.integers(0, 2**32 - 1),
    st.sampled_from(Envelope),
    ids,
    ids,
    ids,
)


class TestLabel:
    @given(labels)
    def test_round_trip(self, label: Label) -> None:
        assert Label.decode(label.encode()) == label

    @given(labels, labels)
    def test_different_labels_encode_differently(self, one: Label, other: Label) -> None:
        assert (one == other) == (one.encode() == other.encode())

    @pytest.mark.parametrize("name", ["contract", "tender", "bidder", "attempt_nonce", "key_id"])
    def test_ids_of_another_size_are_refused(self, name: str) -> None:
        for value in (b"", getattr(LABEL, name)[:-1], getattr(LABEL, name) + b"\x00"):
            changes: dict[str, Any] = {name: value}
            with pytest.raises(FormatError):
                replace(LABEL, **changes).encode()

    @pytest.mark.parametrize("changes", [{"chain_id": 1 << 64}, {"lot": -1}, {"lot": 1 << 32}])
    def test_numbers_that_do_not_fit_are_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(EncodingError):
            replace(LABEL, **changes).encode()

    @pytest.mark.parametrize("envelope", [b"", b"Price", b"price\x00", b"prices"])
    def test_unknown_envelopes_are_refused(self, envelope: bytes) -> None:
        items = list(dec(HEADER.label, 8))
        items[4] = envelope
        with pytest.raises(FormatError):
            Label.decode(enc(*items))

    @pytest.mark.parametrize("change", [b"\x00", enc(b"")])
    def test_bytes_left_over_and_missing_are_refused(self, change: bytes) -> None:
        for data in (HEADER.label + change, HEADER.label[: -len(change)]):
            with pytest.raises(FormatError):
                Label.decode(data)


class TestStreamShape:
    @pytest.mark.parametrize(
        ("length", "count", "stored"), [(0, 1, 16), (1, 1, 17), (64, 1, 80), (65, 2, 97), (128, 2, 160), (129, 3, 177)]
    )
    def test_counts_chunks(self, length: int, count: int, stored: int) -> None:
        shape = StreamShape(length, 64)
        assert (shape.count, shape.stored_length) == (count, stored)

    @pytest.mark.parametrize("size", [0, 1, 8, 15, 17, 1 << 25, (1 << 20) + 1])
    def test_chunk_sizes_are_powers_of_two_in_range(self, size: int) -> None:
        with pytest.raises(FormatError):
            StreamShape(1, size)

    def test_ends_of_the_range(self) -> None:
        assert StreamShape(((1 << 32) - 1) * 16, 16).count == (1 << 32) - 1
        assert StreamShape(0, 1 << 24).count == 1
        for length in (-1, ((1 << 32) - 1) * 16 + 1):
            with pytest.raises(FormatError):
                StreamShape(length, 16)


class TestHeader:
    def test_price_header_has_449_bytes_and_round_trips(self) -> None:
        data = HEADER.encode()
        assert len(data) == 449
        assert Header.decode(data) == HEADER
        assert HEADER.hash == SUITE.digest(data)

    def test_hash_equals_the_role_hash(self) -> None:
        items = (HEADER.label, HEADER.core, HEADER.head, u64(HEADER.shape.length), u32(BID_CHUNK_SIZE))
        assert HEADER.hash == SUITE.hash("header", *items)

    def test_core_round_trips(self) -> None:
        assert len(HEADER.core) == 162
        assert Core.decode(SUITE, HEADER.core).encode(SUITE) == HEADER.core

    @pytest.mark.parametrize("core", [b"", HEADER.core[:-1], HEADER.core + b"\x00"])
    def test_core_of_another_size_is_refused(self, core: bytes) -> None:
        with pytest.raises(FormatError):
            Core.decode(SUITE, core)

    @pytest.mark.parametrize("head", [b"", bytes(31), bytes(33)])
    def test_head_of_another_size_is_refused(self, head: bytes) -> None:
        with pytest.raises(FormatError):
            replace(HEADER, head=head)

    def test_another_suite_is_refused(self) -> None:
        tag, *rest = dec(HEADER.encode(), 6)
        with pytest.raises(FormatError, match="suite"):
            Header.decode(enc(tag[:-1] + b"\x81", *rest))

    @settings(max_examples=50)
    @given(st.integers(0, 448))
    def test_truncated_headers_are_refused(self, size: int) -> None:
        with pytest.raises(FormatError):
            Header.decode(HEADER.encode()[:size])
