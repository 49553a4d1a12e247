"""Streams open to what was sealed, in constant memory, and damage is laid at the right door."""

from __future__ import annotations

import io
import random
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidding.sealing.errors import FormatError, StoreDamageError, VoidBidError
from bidding.sealing.hashing import TDH2_SECP256K1 as SUITE
from bidding.sealing.header import StreamShape
from bidding.sealing.stream import (
    PRICE_BLOCK,
    PricePadder,
    PriceUnpadder,
    StreamHead,
    StreamSummary,
    check_stream,
    decrypt_stream,
    file_key,
    price_payload_length,
    seal_stream,
)
from ledger.encoding import u32, u64

KEY = bytes(range(32))
CHUNK = 64


def seal(payload: bytes, chunk_size: int = CHUNK) -> tuple[bytes, StreamSummary]:
    sink = io.BytesIO()
    summary = seal_stream(SUITE, KEY, chunk_size, io.BytesIO(payload), sink)
    return sink.getvalue(), summary


def decrypt(stream: bytes, summary: StreamSummary, key: bytes = KEY) -> bytes:
    sink = io.BytesIO()
    check_stream(SUITE, summary.head, summary.shape, io.BytesIO(stream))
    decrypt_stream(SUITE, key, summary.head, summary.shape, io.BytesIO(stream), sink)
    return sink.getvalue()


class Dribble(io.BytesIO):
    """A source that gives a few bytes at a time, as sockets and raw files may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 7))


class TestRoundTrip:
    @given(st.binary(max_size=300), st.sampled_from([16, 32, 64, 128]))
    def test_any_payload(self, payload: bytes, chunk_size: int) -> None:
        stream, summary = seal(payload, chunk_size)
        assert len(stream) == summary.shape.stored_length
        assert summary.shape == StreamShape(len(payload), chunk_size)
        assert decrypt(stream, summary) == payload

    @pytest.mark.parametrize("chunks", range(5))
    @pytest.mark.parametrize("off", [-1, 0, 1])
    def test_chunk_boundaries(self, chunks: int, off: int) -> None:
        payload = bytes(max(0, chunks * CHUNK + off))
        stream, summary = seal(payload)
        assert len(stream) == len(payload) + 16 * max(1, -(-len(payload) // CHUNK))
        assert decrypt(stream, summary) == payload

    def test_sources_may_give_a_few_bytes_at_a_time(self) -> None:
        payload, sink, opened = bytes(range(200)), io.BytesIO(), io.BytesIO()
        summary = seal_stream(SUITE, KEY, CHUNK, Dribble(payload), sink)
        assert (sink.getvalue(), summary) == seal(payload)
        check_stream(SUITE, summary.head, summary.shape, Dribble(sink.getvalue()))
        decrypt_stream(SUITE, KEY, summary.head, summary.shape, Dribble(sink.getvalue()), opened)
        assert opened.getvalue() == payload

    @pytest.mark.parametrize("size", [0, 15, 1 << 25])
    def test_chunk_sizes_out_of_range_are_refused(self, size: int) -> None:
        with pytest.raises(FormatError):
            seal(b"", size)

    def test_memory_does_not_grow_with_the_file(self) -> None:
        size = 1 << 16

        def peak(megabytes: int) -> int:
            source = PricePadder(_Zeros(), megabytes << 20)
            tracemalloc.start()
            seal_stream(SUITE, KEY, size, source, _Nothing())
            result = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return result

        peak(1)  # the first run pays for what is made once a process
        assert peak(16) < peak(1) + size
        assert peak(16) < 8 * size


class _Nothing:
    def write(self, data: bytes | memoryview, /) -> None:
        """Forget it."""


class _Zeros:
    """An endless document; the padder reads as much as it was told, then looks for the end."""

    def __init__(self) -> None:
        self.is_over = False

    def read(self, size: int, /) -> bytes:
        return b"" if size == 1 else bytes(size)


class TestStoreDamage:
    """Chunks of 64 + 16 bytes: 200 bytes of payload are three full ones and one of 8 + 16."""

    STREAM, SUMMARY = seal(bytes(range(200)))

    @pytest.mark.parametrize(
        "damage",
        [
            lambda s: b"",
            lambda s: s[:-1],
            lambda s: s[:-24],
            lambda s: s + b"\x00",
            lambda s: s + s[-24:],
            lambda s: s[80:160] + s[:80] + s[160:],
            lambda s: s[:80] + s[:80] + s[160:],
            lambda s: s[:80] + s[160:],
            lambda s: bytes([s[0] ^ 1]) + s[1:],
        ],
    )
    def test_is_the_stores(self, damage: Callable[[bytes], bytes]) -> None:
        with pytest.raises(StoreDamageError):
            decrypt(damage(self.STREAM), self.SUMMARY)

    @given(st.integers(0, 8 * len(STREAM) - 1))
    def test_any_flipped_bit_is_the_stores(self, bit: int) -> None:
        stream = bytearray(self.STREAM)
        stream[bit // 8] ^= 1 << bit % 8
        with pytest.raises(StoreDamageError):
            decrypt(bytes(stream), self.SUMMARY)

    def test_empty_chunk_after_a_full_last_one_is_the_stores(self) -> None:
        stream, summary = seal(bytes(128))
        empty = SUITE.aead(file_key(SUITE, KEY, CHUNK)).encrypt(bytes(7) + u32(2) + b"\x01", b"", None)
        with pytest.raises(StoreDamageError):
            decrypt(stream + empty, summary)

    def test_stream_that_changes_after_the_check_is_still_the_stores(self) -> None:
        """Also if the changed chunk decrypts: after an opening everybody has the key."""
        other, _ = seal(bytes(200))
        for changed in (self.STREAM[:-1] + b"\x00", other):
            with pytest.raises(StoreDamageError):
                decrypt_stream(SUITE, KEY, self.SUMMARY.head, self.SUMMARY.shape, io.BytesIO(changed), io.BytesIO())


class TestVoid:
    """What a bidder can do wrong: the head holds, and the chunks do not open."""

    @staticmethod
    def chunks(*parts: tuple[bytes, int, int], key: bytes = KEY, chunk_size: int = CHUNK) -> tuple[bytes, bytes]:
        aead, head, stream = SUITE.aead(file_key(SUITE, key, chunk_size)), StreamHead(SUITE), b""
        for plain, index, flag in parts:
            chunk = aead.encrypt(bytes(7) + u32(index) + bytes([flag]), plain, None)
            head.append(chunk)
            stream += chunk
        return stream, head.value()

    FULL = bytes(CHUNK)

    @pytest.mark.parametrize(
        "parts",
        [
            ((FULL, 1, 0), (b"end", 0, 1)),
            ((FULL, 0, 0), (b"end", 1, 0)),
            ((FULL, 0, 1), (b"end", 1, 1)),
            ((FULL, 1, 0), (b"end", 2, 1)),
        ],
        ids=["reordered", "no last flag", "last flag first", "counter from 1"],
    )
    def test_is_the_bidders(self, parts: tuple[tuple[bytes, int, int], ...]) -> None:
        stream, head = self.chunks(*parts)
        with pytest.raises(VoidBidError):
            decrypt(stream, StreamSummary(head, StreamShape(CHUNK + 3, CHUNK)))

    def test_another_key_or_chunk_size_is_the_bidders(self) -> None:
        parts = ((self.FULL, 0, 0), (b"end", 1, 1))
        for stream, head in (self.chunks(*parts, key=bytes(32)), self.chunks(*parts, chunk_size=2 * CHUNK)):
            with pytest.raises(VoidBidError):
                decrypt(stream, StreamSummary(head, StreamShape(CHUNK + 3, CHUNK)))

    def test_sound_chunks_of_the_same_maker_do_open(self) -> None:
        stream, head = self.chunks((self.FULL, 0, 0), (b"end", 1, 1))
        assert decrypt(stream, StreamSummary(head, StreamShape(CHUNK + 3, CHUNK))) == self.FULL + b"end"


def pad(document: bytes) -> bytes:
    padder, parts = PricePadder(io.BytesIO(document), len(document)), []
    while part := padder.read(1000):
        parts.append(part)
    return b"".join(parts)


def unpad(payload: bytes, piece: int = 1 << 16) -> bytes:
    sink = io.BytesIO()
    unpadder = PriceUnpadder(sink, len(payload))
    for start in range(0, len(payload), piece):
        unpadder.write(payload[start : start + piece])
    unpadder.finish()
    return sink.getvalue()


class TestPricePadding:
    @pytest.mark.parametrize("length", [0, 1, PRICE_BLOCK - 9, PRICE_BLOCK - 8, PRICE_BLOCK - 7, 3 * PRICE_BLOCK - 8])
    def test_round_trip(self, length: int) -> None:
        document = random.Random(length).randbytes(length)
        payload = pad(document)
        assert len(payload) % PRICE_BLOCK == 0
        assert len(payload) == price_payload_length(length)
        assert payload == u64(length) + document + bytes(len(payload) - length - 8)
        for piece in (3, 16, 1000, PRICE_BLOCK):
            assert unpad(payload, piece) == document

    @pytest.mark.parametrize("stated", [2, 4])
    def test_document_of_another_length_is_refused(self, stated: int) -> None:
        padder = PricePadder(io.BytesIO(b"abc"), stated)
        assert (padder.read(100), padder.read(100)) == (u64(stated), b"abc"[:stated])
        with pytest.raises(FormatError):
            padder.read(100)

    @pytest.mark.parametrize(
        "payload",
        [
            b"",
            bytes(7),
            bytes(PRICE_BLOCK - 1),
            bytes(PRICE_BLOCK + 1),
            bytes(2 * PRICE_BLOCK),
            u64(PRICE_BLOCK - 7) + bytes(PRICE_BLOCK - 8),
            b"\xff" * 8 + bytes(PRICE_BLOCK - 8),
            u64(1) + b"a" + bytes(PRICE_BLOCK - 10) + b"\x01",
            u64(1) + b"aa" + bytes(PRICE_BLOCK - 10),
        ],
        ids=["empty", "cut", "short", "long", "a block too many", "a block too few", "huge", "last byte", "first byte"],
    )
    def test_any_other_form_is_the_bidders(self, payload: bytes) -> None:
        for piece in (5, PRICE_BLOCK):
            with pytest.raises(VoidBidError):
                unpad(payload, piece)

    def test_payload_that_ends_within_the_document_is_void(self) -> None:
        unpadder = PriceUnpadder(io.BytesIO(), PRICE_BLOCK)
        unpadder.write(u64(5) + b"abc")
        with pytest.raises(VoidBidError):
            unpadder.finish()
