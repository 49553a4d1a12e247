"""TDH2, the threshold key encapsulation (Shoup and Gennaro 1998/2002): seal, verify, share, combine, open.

A header is verified once, into a `VerifiedHeader`; everything that touches a secret share takes only that, so nobody
can release a share for a header whose proof was not checked (it would make the holder a decryption oracle).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from bidding.sealing import shares as shares_of
from bidding.sealing.errors import (
    BidderOpeningError,
    FormatError,
    HeaderProofError,
    LabelError,
    ShareError,
    VoidBidError,
)
from bidding.sealing.group import Point, decode_scalar, encode_scalar
from bidding.sealing.hashing import TDH2_SECP256K1, Suite
from bidding.sealing.header import Core, Header, Label
from bidding.sealing.keyset import KeySet
from bidding.sealing.proofs import Proof, prove, verify
from bidding.sealing.shares import Context, VerifiedShare
from bidding.sealing.stream import (
    PriceUnpadder,
    SeekableSource,
    Sink,
    Source,
    check_stream,
    decrypt_stream,
    seal_stream,
)
from ledger.acts import Envelope
from ledger.encoding import enc

SEED_SIZE = 32


@dataclass(frozen=True)
class Encapsulation:
    """The secrets of one sealing: r and what follows from it. It never leaves the bidder's device."""

    r: int = field(repr=False)
    u: Point
    u_bar: Point
    z: bytes = field(repr=False)
    key: bytes = field(repr=False)
    com: bytes


@dataclass(frozen=True)
class VerifiedHeader:
    """A header whose proof holds under `joint_key`; made by `verify_proof` and `verify_header` only."""

    header: Header
    joint_key: bytes


def derive_keys(suite: Suite, joint_key: bytes, u: bytes, label: bytes, z: bytes) -> tuple[bytes, bytes]:
    """Return K and com, functions of Y, U, L and Z alone."""
    prk = suite.extract(suite.tag("kdf"), z)
    context = enc(joint_key, u, label)
    return suite.expand(prk, context + b"key", 32), suite.expand(prk, context + b"commit", 32)


def encapsulate(joint_key: bytes, label: bytes, seed: bytes, suite: Suite = TDH2_SECP256K1) -> Encapsulation:
    """Return r, U, Ū, Z, K and com for this seed and label; another payload needs another attempt nonce in the label.

    `joint_key` is Y, `label` L, `seed` the bidder's 32 random bytes for this tender.
    """
    if len(seed) != SEED_SIZE:
        raise FormatError("a bidder's seed is 32 random bytes")
    group = suite.group
    r = suite.to_scalar("r", seed, label)
    u, u_bar = group.mul_base(r), group.mul_secret(r, suite.gbar)
    z = group.encode(group.mul_secret(r, group.decode(joint_key)))
    key, com = derive_keys(suite, joint_key, group.encode(u), label, z)
    return Encapsulation(r, u, u_bar, z, key, com)


def seal(
    joint_key: bytes,
    label: bytes,
    seed: bytes,
    source: Source,
    sink: Sink,
    *,
    chunk_size: int,
    rnd: bytes,
    suite: Suite = TDH2_SECP256K1,
) -> Header:
    """Write the sealed stream of `source` to `sink` and return its full header, in one pass and constant memory.

    The label's attempt nonce must be fresh and random at every call, also for the same file: the same r with another
    payload would use one AEAD key and nonce twice. `rnd` is 32 fresh random bytes for the proof.
    """
    secret = encapsulate(joint_key, label, seed, suite)
    summary = seal_stream(suite, secret.key, chunk_size, source, sink)
    unproven = Core(secret.u, secret.u_bar, Proof(1, 1), secret.com)
    draft = Header(label, unproven.encode(suite), summary.head, summary.shape, suite)
    statement = ct_statement(draft, joint_key)
    proof = prove(suite, "ct", secret.r, statement, (suite.group.base, suite.gbar), rnd)
    core = Core(secret.u, secret.u_bar, proof, secret.com).encode(suite)
    return Header(label, core, summary.head, summary.shape, suite)


def ct_statement(header: Header, joint_key: bytes) -> tuple[bytes, ...]:
    """Return the statement of the header's proof `ct`: Y, L, root, com, U, Ū."""
    encode, core = header.suite.group.encode, header.parts
    return joint_key, header.label, header.root, core.com, encode(core.u), encode(core.u_bar)


def verify_proof(header: Header, joint_key: bytes) -> VerifiedHeader:
    """Return the header as verified, or raise `HeaderProofError`; the label is the caller's to judge."""
    suite, core = header.suite, header.parts
    pairs = ((suite.group.base, core.u), (suite.gbar, core.u_bar))
    if not verify(suite, "ct", ct_statement(header, joint_key), pairs, core.proof):
        raise HeaderProofError("the header's proof does not hold: it was altered, copied or sealed to another key")
    return VerifiedHeader(header, joint_key)


def verify_header(data: bytes, key_set: KeySet, expected: Label | None = None) -> VerifiedHeader:
    """Return the bid header in `data` as verified under `key_set`; checks in the order form, label, proof.

    With `expected` every field of the label must be the caller's own record of it. Raises `FormatError`, `LabelError`
    or `HeaderProofError`.
    """
    header = Header.decode(data, key_set.suite)
    label = Label.decode(header.label)
    if label.key_id != key_set.key_id:
        raise LabelError("the header is sealed to another key set", key_id=label.key_id.hex())
    if expected is not None and label != expected:
        raise LabelError("the header is labelled for another tender, lot, envelope, bidder or attempt")
    return verify_proof(header, key_set.joint_key)


def _context(verified: VerifiedHeader, key_set: KeySet) -> Context:
    header = verified.header
    if key_set.joint_key != verified.joint_key:
        raise ShareError("this key set is not the one that the header was verified under")
    u = header.parts.u
    return Context("share", (header.label, header.root, key_set.suite.group.encode(u)), u)


def make_share(verified: VerifiedHeader, key_set: KeySet, index: int, secret: int, rnd: bytes) -> bytes:
    """Return holder `index`'s share of the header with its proof: u32 i ‖ Uᵢ ‖ e ‖ f, 101 bytes.

    Making it is releasing it: all other checks of sealing.md, "Opening", come first. `rnd` is 32 fresh random bytes.
    """
    return shares_of.make_share(key_set, _context(verified, key_set), index, secret, rnd)


def verify_share(verified: VerifiedHeader, key_set: KeySet, share: bytes) -> VerifiedShare:
    """Return the share as verified for this header and epoch; raises `FormatError` or `ShareError`."""
    return shares_of.verify_share(key_set, _context(verified, key_set), share)


def combine(verified: VerifiedHeader, key_set: KeySet, shares: Sequence[VerifiedShare]) -> bytes:
    """Return Z, 33 bytes, from exactly k shares of one epoch; the same for every choice of holders."""
    return shares_of.combine_shares(key_set, _context(verified, key_set), shares)


def z_of_bidder(verified: VerifiedHeader, r: bytes) -> bytes:
    """Return Z from the r that the bidder published; raises `FormatError` or `BidderOpeningError`."""
    suite = verified.header.suite
    group = suite.group
    scalar = decode_scalar(group, r)
    if group.encode(group.mul_base(scalar)) != group.encode(verified.header.parts.u):
        raise BidderOpeningError("this r is not the header's: let the bidder derive it from its recovery file")
    return group.encode(group.mul(scalar, group.decode(verified.joint_key)))


def derive_r(seed: bytes, label: bytes, suite: Suite = TDH2_SECP256K1) -> bytes:
    """Return the 32 bytes of r by which a bidder opens its own bid, from its seed and the label L."""
    return encode_scalar(suite.group, suite.to_scalar("r", seed, label))


def unlock(verified: VerifiedHeader, z: bytes) -> bytes:
    """Return K from Z; raises `VoidBidError` if the header committed to another key."""
    header = verified.header
    suite = header.suite
    key, com = derive_keys(suite, verified.joint_key, suite.group.encode(header.parts.u), header.label, z)
    if com != header.parts.com:
        raise VoidBidError("the header committed to another key: the bid is void")
    return key


def open_payload(verified: VerifiedHeader, z: bytes, source: SeekableSource, sink: Sink) -> None:
    """Check the stream, then com, then decrypt the payload into `sink`; on any error discard what `sink` got.

    Raises `StoreDamageError` before anything is laid at the bidder's door, then `VoidBidError`. The source is read
    twice from where it stands.
    """
    header, start = verified.header, source.tell()
    check_stream(header.suite, header.head, header.shape, source)
    key = unlock(verified, z)
    source.seek(start)
    decrypt_stream(header.suite, key, header.head, header.shape, source, sink)


def open_document(verified: VerifiedHeader, z: bytes, source: SeekableSource, sink: Sink) -> None:
    """Like `open_payload` for a bid: of a price envelope the document comes out, without its padding."""
    if Label.decode(verified.header.label).envelope is not Envelope.PRICE:
        open_payload(verified, z, source, sink)
        return
    unpadder = PriceUnpadder(sink, verified.header.shape.length)
    open_payload(verified, z, source, unpadder)
    unpadder.finish()


def open_document_bytes(verified: VerifiedHeader, z: bytes, stream: bytes) -> bytes:
    """Return the document of a bid whose stored stream is at hand as bytes."""
    sink = io.BytesIO()
    open_document(verified, z, io.BytesIO(stream), sink)
    return sink.getvalue()
