"""Bid headers: the label, the 162-byte core, and the full header whose every bit the proof binds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bidding.sealing.errors import FormatError
from bidding.sealing.group import POINT_SIZE, Point
from bidding.sealing.hashing import TDH2_SECP256K1, Suite
from bidding.sealing.proofs import PROOF_SIZE, Proof
from ledger.acts import Envelope
from ledger.encoding import EncodingError, dec, enc, u32, u64

CORE_SIZE = 162
BID_CHUNK_SIZE = 1 << 20
"""The chunk size of bids and key ceremonies; holders refuse any other."""

_ENVELOPES = {envelope.text.encode(): envelope for envelope in Envelope}
_LABEL_SIZES = (8, 20, 32, 4, None, 32, 32, 32)


def _items(data: bytes, sizes: tuple[int | None, ...], what: str) -> tuple[bytes, ...]:
    try:
        items = dec(data, len(sizes))
    except EncodingError as error:
        raise FormatError(f"{what} is not an encoded list of {len(sizes)} items") from error
    if any(size is not None and len(item) != size for item, size in zip(items, sizes, strict=True)):
        raise FormatError(f"an item of {what} has the wrong size")
    return items


@dataclass(frozen=True)
class Label:
    """What a header seals for: place, tender, lot, envelope, bidder, one attempt, and the key set."""

    chain_id: int
    contract: bytes
    tender: bytes
    lot: int
    envelope: Envelope
    bidder: bytes
    attempt_nonce: bytes
    key_id: bytes

    def encode(self) -> bytes:
        """Return L; refuse ids of the wrong size."""
        items = (
            u64(self.chain_id),
            self.contract,
            self.tender,
            u32(self.lot),
            self.envelope.text.encode(),
            self.bidder,
            self.attempt_nonce,
            self.key_id,
        )
        return enc(*_items(enc(*items), _LABEL_SIZES, "label"))

    @classmethod
    def decode(cls, data: bytes) -> Label:
        """Return the label of L; refuse other numbers of items, other sizes, an unknown envelope."""
        chain_id, contract, tender, lot, envelope, bidder, nonce, key_id = _items(data, _LABEL_SIZES, "label")
        if envelope not in _ENVELOPES:
            raise FormatError("the label names an unknown envelope")
        return cls(
            int.from_bytes(chain_id, "big"),
            contract,
            tender,
            int.from_bytes(lot, "big"),
            _ENVELOPES[envelope],
            bidder,
            nonce,
            key_id,
        )


@dataclass(frozen=True)
class Core:
    """U ‖ Ū ‖ e ‖ f ‖ com: the key encapsulation, its proof, and the commitment to the key."""

    u: Point
    u_bar: Point
    proof: Proof
    com: bytes

    def encode(self, suite: Suite) -> bytes:
        """Return the 162 bytes."""
        group = suite.group
        return group.encode(self.u) + group.encode(self.u_bar) + self.proof.encode(suite) + self.com

    @classmethod
    def decode(cls, suite: Suite, data: bytes) -> Core:
        """Return the core of exactly 162 bytes with two valid points and two scalars in [1, q−1]."""
        if len(data) != CORE_SIZE:
            raise FormatError("a core header is 162 bytes")
        u, rest = data[:POINT_SIZE], data[POINT_SIZE:]
        u_bar, rest = rest[:POINT_SIZE], rest[POINT_SIZE:]
        proof = Proof.decode(suite, rest[:PROOF_SIZE])
        return cls(suite.group.decode(u), suite.group.decode(u_bar), proof, rest[PROOF_SIZE:])


@dataclass(frozen=True)
class StreamShape:
    """Length of the payload in bytes and chunk size: with them the size of every stored chunk is fixed."""

    length: int
    chunk_size: int

    def __post_init__(self) -> None:
        power_of_two = self.chunk_size & (self.chunk_size - 1) == 0
        if not (1 << 4 <= self.chunk_size <= 1 << 24 and power_of_two):
            raise FormatError("the chunk size is a power of two from 2^4 to 2^24", chunk_size=self.chunk_size)
        if self.length < 0 or self.count > (1 << 32) - 1:
            raise FormatError("a payload has at most 2^32 - 1 chunks", length=self.length)

    @property
    def count(self) -> int:
        """The number of chunks: an empty payload is one empty chunk."""
        return max(1, -(-self.length // self.chunk_size))

    @property
    def stored_length(self) -> int:
        """The exact size of the stored stream in bytes."""
        return self.length + 16 * self.count


@dataclass(frozen=True)
class Header:
    """A full header as bytes that parsed: it says nothing yet about the label or the proof."""

    label: bytes
    core: bytes
    head: bytes
    shape: StreamShape
    suite: Suite = TDH2_SECP256K1

    def __post_init__(self) -> None:
        if len(self.head) != 32:
            raise FormatError("the head of the stream is 32 bytes")
        _ = self.parts

    @cached_property
    def parts(self) -> Core:
        """The core, decoded."""
        return Core.decode(self.suite, self.core)

    @cached_property
    def root(self) -> bytes:
        """H("root"; head, count, length, chunkSize), derived and never read."""
        shape = self.shape
        return self.suite.hash("root", self.head, u64(shape.count), u64(shape.length), u32(shape.chunk_size))

    @cached_property
    def hash(self) -> bytes:
        """headerHash, by which acts name the header."""
        return self.suite.digest(self.encode())

    def encode(self) -> bytes:
        """Return enc(tag, L, core, head, length, chunkSize)."""
        shape = self.shape
        tag = self.suite.tag("header")
        return enc(tag, self.label, self.core, self.head, u64(shape.length), u32(shape.chunk_size))

    @classmethod
    def decode(cls, data: bytes, suite: Suite = TDH2_SECP256K1) -> Header:
        """Return the header of `data`; refuse another suite, bytes left over, bad points, scalars and sizes."""
        sizes = (None, None, CORE_SIZE, 32, 8, 4)
        tag, label, core, head, length, chunk_size = _items(data, sizes, "header")
        if tag != suite.tag("header"):
            raise FormatError("the header is of another suite or version")
        shape = StreamShape(int.from_bytes(length, "big"), int.from_bytes(chunk_size, "big"))
        return cls(label, core, head, shape, suite)
