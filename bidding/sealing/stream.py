"""Payload streams: chunked AEAD under a Merkle head, in constant memory (sealing.md, "Payload stream").

A reader tells the store's damage (`StoreDamageError`: the bytes are not those that were sealed) from the bidder's
(`VoidBidError`: they are, and do not decrypt).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag

from bidding.sealing.errors import FormatError, StoreDamageError, VoidBidError
from bidding.sealing.hashing import Suite
from bidding.sealing.header import StreamShape
from bidding.sealing.merkle import Frontier
from ledger.encoding import u32, u64

TAG_SIZE = 16
PRICE_BLOCK = 64 * 1024
_ZEROS = bytes(PRICE_BLOCK)


class Source(Protocol):
    """Where bytes are read from, as from any binary file."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, nothing at the end."""
        ...


class SeekableSource(Source, Protocol):
    """A source that can be read twice."""

    def seek(self, offset: int, whence: int = ..., /) -> int:
        """Move to `offset`."""
        ...

    def tell(self) -> int:
        """Return where the next read begins."""
        ...


class Sink(Protocol):
    """Where bytes are written to, as to any binary file."""

    def write(self, data: bytes | memoryview, /) -> object:
        """Take `data`, which is valid during the call only: whoever keeps it copies it."""
        ...


@dataclass(frozen=True)
class StreamSummary:
    """What sealing a payload yields beside the stored bytes."""

    head: bytes
    shape: StreamShape


def file_key(suite: Suite, key: bytes, chunk_size: int) -> bytes:
    """Return the cipher key of a stream from K: no chunk of one size opens as a chunk of another."""
    return suite.expand(key, suite.tag("file") + u32(chunk_size), suite.key_length)


def _nonce(index: int, is_last: bool) -> bytes:
    return bytes(7) + u32(index) + (b"\x01" if is_last else b"\x00")


class StreamHead:
    """Hash stored chunks, in order, into the head of their Merkle tree."""

    def __init__(self, suite: Suite) -> None:
        self._hash_name = suite.hash_name
        tag = suite.tag("leaf")
        self._prefix = u32(len(tag)) + tag + u32(8)
        self._frontier = Frontier(lambda left, right: suite.hash("node", left, right))

    def append(self, chunk: bytes | memoryview) -> bytes:
        """Add the next chunk (ciphertext ‖ tag) and return its leaf hash H("leaf"; u64 i, chunk)."""
        hasher = hashlib.new(self._hash_name, self._prefix + u64(self._frontier.count) + u32(len(chunk)))
        hasher.update(chunk)
        leaf = hasher.digest()
        self._frontier.append(leaf)
        return leaf

    def value(self) -> bytes:
        """Return the head over the chunks so far."""
        return self._frontier.head()


def _read_full(source: Source, size: int) -> bytes:
    """Read until `size` bytes or the end: a raw file or socket may give fewer at a time."""
    data = source.read(size)
    while len(data) < size:
        more = source.read(size - len(data))
        if not more:
            break
        data += more
    return data


def _payload_chunks(source: Source, size: int) -> Iterator[tuple[bytes, bool]]:
    current = _read_full(source, size)
    while len(current) == size:
        following = _read_full(source, size)
        if not following:
            break
        yield current, False
        current = following
    yield current, True


def seal_stream(suite: Suite, key: bytes, chunk_size: int, source: Source, sink: Sink) -> StreamSummary:
    """Write the sealed chunks of everything in `source` to `sink`; `key` is K, fresh for this payload.

    Memory use is three chunks, whatever the payload's size.
    """
    StreamShape(0, chunk_size)
    aead = suite.aead(file_key(suite, key, chunk_size))
    head = StreamHead(suite)
    length, buffer = 0, memoryview(bytearray(chunk_size + TAG_SIZE))
    for index, (plain, is_last) in enumerate(_payload_chunks(source, chunk_size)):
        chunk = buffer[: len(plain) + TAG_SIZE]
        aead.encrypt_into(_nonce(index, is_last), plain, None, chunk)
        head.append(chunk)
        sink.write(chunk)
        length += len(plain)
    return StreamSummary(head.value(), StreamShape(length, chunk_size))


def _stored_chunks(source: Source, shape: StreamShape) -> Iterator[tuple[int, bool, bytes]]:
    full = shape.chunk_size + TAG_SIZE
    last = shape.count - 1
    for index in range(shape.count):
        size = full if index < last else shape.stored_length - last * full
        chunk = _read_full(source, size)
        if len(chunk) != size:
            raise StoreDamageError("the stored stream is too short", chunk=index)
        yield index, index == last, chunk
    if source.read(1):
        raise StoreDamageError("the stored stream has bytes after its last chunk", expected=shape.stored_length)


def _check_head(actual: StreamHead, expected: bytes) -> None:
    if actual.value() != expected:
        raise StoreDamageError("the stored stream does not match its head: fetch it from another city")


def check_stream(suite: Suite, head: bytes, shape: StreamShape, source: Source) -> None:
    """Refuse with `StoreDamageError` a stream of another length or head; needs no key."""
    actual = StreamHead(suite)
    for _, _, chunk in _stored_chunks(source, shape):
        actual.append(chunk)
    _check_head(actual, head)


def decrypt_stream(suite: Suite, key: bytes, head: bytes, shape: StreamShape, source: Source, sink: Sink) -> None:
    """Decrypt into `sink` a stream that `check_stream` passed; on any error discard what `sink` got.

    `key` is K. The stream is hashed again on the way, so that a store that changed it between the two passes is still
    told from a bidder who sealed it wrong. Memory use is one chunk.
    """
    aead = suite.aead(file_key(suite, key, shape.chunk_size))
    actual, is_sound = StreamHead(suite), True
    for index, is_last, chunk in _stored_chunks(source, shape):
        actual.append(chunk)
        if is_sound:
            try:
                sink.write(aead.decrypt(_nonce(index, is_last), chunk, None))
            except InvalidTag:
                is_sound = False
    _check_head(actual, head)
    if not is_sound:
        raise VoidBidError("the stream is as sealed, but a chunk does not decrypt: the bid is void")


def price_payload_length(document_length: int) -> int:
    """Return the length of the padded payload of a price document: the next multiple of 64 KiB above length + 8."""
    return -(-(8 + document_length) // PRICE_BLOCK) * PRICE_BLOCK


class PricePadder:
    """A source that gives u64(len) ‖ document ‖ zero bytes, so that a price envelope's length tells nothing."""

    def __init__(self, document: Source, length: int) -> None:
        self._document = document
        self._prefix = u64(length)
        self._left = length
        self._zeros = price_payload_length(length) - 8 - length

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes of the payload; refuse a document that is not as long as stated."""
        if self._prefix:
            data, self._prefix = self._prefix[:size], self._prefix[size:]
            return data
        if self._left:
            data = self._document.read(min(size, self._left))
            if not data:
                raise FormatError("the document is shorter than stated", missing=self._left)
            self._left -= len(data)
            return data
        if self._document.read(1):
            raise FormatError("the document is longer than stated")
        data = _ZEROS[: min(size, self._zeros)]
        self._zeros -= len(data)
        return data


class PriceUnpadder:
    """A sink that passes on the document inside a price payload; `finish` refuses any other form of padding."""

    def __init__(self, sink: Sink, payload_length: int) -> None:
        self._sink = sink
        self._length = payload_length
        self._prefix = b""
        self._left = 0
        self._is_sound = True

    def write(self, data: bytes | memoryview, /) -> None:
        """Take the next bytes of the payload."""
        if len(self._prefix) < 8:
            taken = 8 - len(self._prefix)
            self._prefix, data = self._prefix + bytes(data[:taken]), data[taken:]
            if len(self._prefix) == 8:
                self._left = int.from_bytes(self._prefix, "big")
                self._is_sound = price_payload_length(self._left) == self._length
        if self._is_sound and data:
            document, padding = data[: self._left], data[self._left :]
            self._left -= len(document)
            self._is_sound = bytes(padding) == bytes(len(padding))
            self._sink.write(document)

    def finish(self) -> None:
        """Refuse with `VoidBidError` a payload that was not padded exactly as the rule says."""
        if not self._is_sound or len(self._prefix) < 8 or self._left:
            raise VoidBidError("the price payload is not padded as it must be: the bid is void")
