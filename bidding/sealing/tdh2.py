"""TDH2, the threshold key encapsulation (Shoup and Gennaro 1998/2002): seal, verify, share, combine, open.

A header is verified once, into a `VerifiedHeader`; everything that touches a secret share takes only that, so nobody
can release a share for a header whose proof was not checked (it would make the holder a decryption oracle).
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from bidding.sealing.errors import (
    BidderOpeningError,
    CombineError,
    FormatError,
    HeaderProofError,
    LabelError,
    ShareError,
    VoidBidError,
)
from bidding.sealing.group import POINT_SIZE, Point, decode_scalar, encode_scalar, lagrange, weighted_sum
from bidding.sealing.hashing import TDH2_SECP256K1, Suite
from bidding.sealing.header import Core, Header, Label
from bidding.sealing.keyset import KeySet
from bidding.sealing.proofs import Proof, prove, verify
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
from ledger.encoding import enc, u32

SEED_SIZE = 32
SHARE_SIZE = 4 + POINT_SIZE + 64


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


@dataclass(frozen=True)
class VerifiedShare:
    """A share that its holder of this epoch made for this header; made by `verify_share` only."""

    index: int
    point: Point
    header_hash: bytes
    set_hash: bytes


def _derive(suite: Suite, joint_key: bytes, u: bytes, label: bytes, z: bytes) -> tuple[bytes, bytes]:
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
    key, com = _derive(suite, joint_key, group.encode(u), label, z)
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


def _share_statement(verified: VerifiedHeader, key_set: KeySet, index: int, point: Point) -> tuple[bytes, ...]:
    header, encode = verified.header, key_set.suite.group.encode
    if key_set.joint_key != verified.joint_key:
        raise ShareError("this key set is not the one that the header was verified under")
    holder_key = key_set.holder_keys[index - 1]
    u = encode(header.parts.u)
    return key_set.joint_key, header.label, header.root, u, u32(index), holder_key, encode(point)


def make_share(verified: VerifiedHeader, key_set: KeySet, index: int, secret: int, rnd: bytes) -> bytes:
    """Return holder `index`'s share of the header with its proof: u32 i ‖ Uᵢ ‖ e ‖ f, 101 bytes.

    Making it is releasing it: all other checks of sealing.md, "Opening", come first. `rnd` is 32 fresh random bytes.
    """
    suite = key_set.suite
    group = suite.group
    if not 1 <= index <= key_set.n or group.encode(group.mul_base(secret)) != key_set.holder_keys[index - 1]:
        raise ShareError("this secret is not that of the key set's holder at this index", index=index)
    u = verified.header.parts.u
    point = group.mul_secret(secret, u)
    statement = _share_statement(verified, key_set, index, point)
    proof = prove(suite, "share", secret, statement, (group.base, u), rnd)
    return u32(index) + group.encode(point) + proof.encode(suite)


def verify_share(verified: VerifiedHeader, key_set: KeySet, share: bytes) -> VerifiedShare:
    """Return the share as verified for this header and epoch; raises `FormatError` or `ShareError`."""
    suite = key_set.suite
    if len(share) != SHARE_SIZE:
        raise FormatError("a share is 101 bytes")
    index = int.from_bytes(share[:4], "big")
    point = suite.group.decode(share[4 : 4 + POINT_SIZE])
    proof = Proof.decode(suite, share[4 + POINT_SIZE :])
    if not 1 <= index <= key_set.n:
        raise ShareError("no holder has this index", index=index)
    statement = _share_statement(verified, key_set, index, point)
    pairs = ((suite.group.base, key_set.holder_points[index - 1]), (verified.header.parts.u, point))
    if not verify(suite, "share", statement, pairs, proof):
        raise ShareError("the share's proof does not hold: evidence against its holder", index=index)
    return VerifiedShare(index, point, verified.header.hash, key_set.set_hash)


def combine(verified: VerifiedHeader, key_set: KeySet, shares: tuple[VerifiedShare, ...]) -> bytes:
    """Return Z, 33 bytes, from exactly k shares of one epoch; the same for every choice of holders."""
    group = key_set.suite.group
    indices = tuple(share.index for share in shares)
    if len(shares) != key_set.k or len(set(indices)) != key_set.k:
        raise CombineError("an opening takes exactly k shares of different holders", k=key_set.k, got=len(shares))
    if any((s.header_hash, s.set_hash) != (verified.header.hash, key_set.set_hash) for s in shares):
        raise CombineError("these shares are not all for this header and epoch")
    return group.encode(weighted_sum(group, lagrange(group, indices), tuple(share.point for share in shares)))


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
    key, com = _derive(suite, verified.joint_key, suite.group.encode(header.parts.u), header.label, z)
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
