"""Slips: 896 bytes in a public list that all look alike until the tender's box key is published (sealing.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from cryptography.exceptions import InvalidTag

from bidding.sealing.errors import FormatError, SlipError
from bidding.sealing.group import POINT_SIZE, Point
from bidding.sealing.hashing import TDH2_SECP256K1, Suite
from bidding.sealing.header import CORE_SIZE
from ledger.acts import Envelope
from ledger.encoding import enc
from ledger.keys import SIGNATURE_SIZE, is_canonical

SLIP_SIZE = 896
BODY_SIZE = 829
PADDED_BODY_SIZE = 847
RECEIPTS = 4
NO_SIGNATURE = bytes(SIGNATURE_SIZE)
ZERO32 = bytes(32)
NO_CORE = bytes(CORE_SIZE)

KIND_BID, KIND_WITHDRAWAL, KIND_EVENT = 1, 2, 3
DELEGATION_NONE, DELEGATION_ALL, DELEGATION_THIS = 0, 1, 2

_NONCE = bytes(12)
_FIELDS = (
    ("kind", 1),
    ("lot", 4),
    ("envelope", 1),
    ("bidder", 32),
    ("sequence", 4),
    ("signed_at", 8),
    ("attempt_nonce", 32),
    ("core", CORE_SIZE),
    ("head", 32),
    ("length", 8),
    ("notice", 32),
    ("signature", SIGNATURE_SIZE),
    ("subject", 32),
    ("valid_from", 8),
    ("valid_to", 8),
    ("credential_signature", SIGNATURE_SIZE),
    ("delegation_tender", 1),
    ("delegation_to", 8),
    ("delegation_scope", 1),
    ("delegation_signature", SIGNATURE_SIZE),
)


@dataclass(frozen=True)
class SlipBody:
    """What a slip says, field by field; whether that is well-formed, `form_fault` tells.

    `head` is the commitment in an event. `delegation_tender` is 0 none, 1 all tenders, 2 this one. The receipts stand
    in any of four places, zeros in the others.
    """

    kind: int
    lot: int
    envelope: int
    bidder: bytes
    sequence: int
    signed_at: int
    attempt_nonce: bytes
    core: bytes
    head: bytes
    length: int
    notice: bytes
    signature: bytes
    subject: bytes = ZERO32
    valid_from: int = 0
    valid_to: int = 0
    credential_signature: bytes = NO_SIGNATURE
    delegation_tender: int = DELEGATION_NONE
    delegation_to: int = 0
    delegation_scope: int = 0
    delegation_signature: bytes = NO_SIGNATURE
    receipts: tuple[bytes, ...] = (NO_SIGNATURE,) * RECEIPTS
    padding: bytes = bytes(PADDED_BODY_SIZE - BODY_SIZE)

    def encode(self) -> bytes:
        """Return the 847 bytes that are sealed; refuse values that their fields cannot hold."""
        if len(self.receipts) != RECEIPTS or len(self.padding) != PADDED_BODY_SIZE - BODY_SIZE:
            raise SlipError("a slip has four places for receipts, unused ones zero, and 18 bytes after them")
        parts = [_part(name, getattr(self, name), size) for name, size in _FIELDS]
        parts += [_part("receipts", receipt, SIGNATURE_SIZE) for receipt in self.receipts]
        return b"".join((*parts, self.padding))

    @classmethod
    def decode(cls, data: bytes) -> SlipBody:
        """Return the fields of 847 bytes, however odd their values; refuse another length."""
        if len(data) != PADDED_BODY_SIZE:
            raise FormatError("the body of a slip is 847 bytes")
        values: dict[str, Any] = {}
        offset = 0
        for name, size in _FIELDS:
            part = data[offset : offset + size]
            values[name] = part if size >= 32 else int.from_bytes(part, "big")
            offset += size
        receipts = tuple(data[at : at + SIGNATURE_SIZE] for at in range(offset, BODY_SIZE, SIGNATURE_SIZE))
        return cls(**values, receipts=receipts, padding=data[BODY_SIZE:])


def _part(name: str, value: int | bytes, size: int) -> bytes:
    if isinstance(value, int) and 0 <= value < 1 << 8 * size:
        return value.to_bytes(size, "big")
    if isinstance(value, bytes) and len(value) == size:
        return value
    raise SlipError(f"the slip's {name} does not hold this value", field=name)


def form_fault(body: SlipBody) -> str | None:
    """Say what is malformed in `body`, or return None: code outside the table, non-zero zeros, a bad signature."""
    if any(body.padding):
        return "the bytes after the body are not zero"
    match body.kind:
        case 1:
            return _bidder_fault(body) or _receipts_fault(body)
        case 2:
            return _bidder_fault(body) or _zeros_fault(body, _ZERO_IN_WITHDRAWAL)
        case 3:
            return _signature_fault(body.signature) or _zeros_fault(body, _ZERO_IN_EVENT)
        case _:
            return "the kind is none of bid, withdrawal and event"


_EMPTY = SlipBody(0, 0, 0, ZERO32, 0, 0, ZERO32, NO_CORE, ZERO32, 0, ZERO32, NO_SIGNATURE)
_ZERO_IN_WITHDRAWAL = ("attempt_nonce", "core", "head", "length", "notice", "receipts")
_ZERO_IN_EVENT = tuple(
    f.name for f in fields(SlipBody) if f.name not in {"kind", "sequence", "signed_at", "head", "signature", "padding"}
)


def _zeros_fault(body: SlipBody, names: tuple[str, ...]) -> str | None:
    for name in names:
        if getattr(body, name) != getattr(_EMPTY, name):
            return f"{name} is not zero"
    return None


def _signature_fault(*signatures: bytes) -> str | None:
    return None if all(map(is_canonical, signatures)) else "a signature is not canonical (r, low s, v 27 or 28)"


def _bidder_fault(body: SlipBody) -> str | None:
    if body.envelope not in list(Envelope):
        return "the envelope is none of qualification, technical and price"
    match body.delegation_tender:
        case 0:
            fault = _zeros_fault(body, ("delegation_to", "delegation_scope", "delegation_signature"))
        case 1 | 2:
            fault = _signature_fault(body.delegation_signature)
        case _:
            fault = "the delegation is none of no, all and this tender"
    return fault or _signature_fault(body.signature, body.credential_signature)


def _receipts_fault(body: SlipBody) -> str | None:
    return _signature_fault(*(receipt for receipt in body.receipts if receipt != NO_SIGNATURE))


@dataclass(frozen=True)
class SlipKeys:
    """The box key of a tender, decoded once: with it slips are sealed, and with its secret opened."""

    box_key: bytes
    point: Point
    suite: Suite

    @classmethod
    def of(cls, box_key: bytes, suite: Suite = TDH2_SECP256K1) -> SlipKeys:
        """Return the keys for Y_b, 33 bytes."""
        return cls(box_key, suite.group.decode(box_key), suite)

    def cipher_key(self, u: bytes, z: bytes) -> bytes:
        """Return K of the slip with U and Z."""
        suite = self.suite
        prk = suite.extract(suite.tag("slip"), z)
        return suite.expand(prk, enc(self.box_key, u) + b"key", suite.key_length)


def seal_slip(body: bytes, keys: SlipKeys, seed: bytes) -> bytes:
    """Return the 896 bytes of the slip with this 847-byte body: one body and seed give one slip, so a retry is safe."""
    if len(body) != PADDED_BODY_SIZE:
        raise SlipError("the body of a slip is 847 bytes")
    if len(seed) != 32:
        raise SlipError("a bidder's seed is 32 random bytes")
    suite = keys.suite
    group = suite.group
    secret = suite.to_scalar("eph", seed, keys.box_key, body)
    u = group.encode(group.mul_base(secret))
    key = keys.cipher_key(u, group.encode(group.mul_secret(secret, keys.point)))
    return u + suite.aead(key).encrypt(_NONCE, body, None)


def open_slip(slip: bytes, keys: SlipKeys, box_secret: int) -> bytes | None:
    """Return the 847-byte body of a slip of this box, None for any other slip and for padding.

    `box_secret` is x_b, public by then, so the fast variable-time product serves.
    """
    group, u = keys.suite.group, slip[:POINT_SIZE]
    try:
        point = group.decode(u)
        key = keys.cipher_key(u, group.encode(group.mul(box_secret, point)))
        return keys.suite.aead(key).decrypt(_NONCE, slip[POINT_SIZE:], None)
    except (FormatError, InvalidTag):
        return None


def padding_slip(random: Callable[[int], bytes], suite: Suite = TDH2_SECP256K1) -> bytes:
    """Return 896 bytes that nobody can tell from a slip: a uniformly random point, then random bytes."""
    while True:
        head = random(POINT_SIZE)
        candidate = bytes([2 + (head[0] & 1)]) + head[1:]
        try:
            suite.group.decode(candidate)
        except FormatError:
            continue
        return candidate + random(SLIP_SIZE - POINT_SIZE)
