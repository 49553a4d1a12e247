"""Paths that are arithmetic alone, each with the bare work that it cannot do without."""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Callable

import coincurve
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bidding.sealing.ceremony import deal_development_set
from bidding.sealing.device import seal_bid
from bidding.sealing.hashing import TDH2_SECP256K1
from bidding.sealing.header import BID_CHUNK_SIZE, Label
from bidding.sealing.keyset import KeySet
from bidding.sealing.slip import SlipKeys, open_slip, padding_slip
from bidding.sealing.tdh2 import make_share, verify_header, verify_share
from ledger.acts import Envelope
from scripts.bench.measure import Case, Comparison, compare
from witness.log.merkle import Frontier, leaf_hash

_SLIPS = 400
_STREAM = 16 * BID_CHUNK_SIZE
_ENTRIES = 20_000


def all_paths(rounds: int = 7) -> list[Comparison]:
    """Measure every path in so many rounds and return what was measured."""
    return [measure(rounds) for measure in (_scan, _stream, _shares, _tree)]


def _label(keys: KeySet) -> Label:
    return Label(1, bytes(20), bytes(32), 0, Envelope.TECHNICAL, bytes(32), secrets.token_bytes(32), keys.key_id)


def _scan(rounds: int) -> Comparison:
    """Opening a box: every slip of a tender's time is tried, one point product each."""
    secret = secrets.randbelow(1 << 250) + 1
    box = TDH2_SECP256K1.group
    keys = SlipKeys.of(box.encode(box.mul_base(secret)))
    slips = [padding_slip(secrets.token_bytes) for _ in range(_SLIPS)]
    scalar = secret.to_bytes(32, "big")

    def products() -> None:
        for slip in slips:
            coincurve.PublicKey(slip[:33]).multiply(scalar)

    def scan() -> None:
        for slip in slips:
            open_slip(slip, keys, secret)

    return compare(Case("box.scan", f"try to open {_SLIPS} slips", "one point product a slip"), scan, products, rounds)


def _stream(rounds: int) -> Comparison:
    """Sealing a large technical envelope against its cipher and its hashes alone."""
    keys, _ = deal_development_set(3, 2, secrets.token_bytes)
    payload = secrets.token_bytes(_STREAM)
    cipher, chunk = AESGCM(bytes(32)), BID_CHUNK_SIZE

    def seal() -> None:
        source, sink = io.BytesIO(payload), io.BytesIO()
        seal_bid(source, len(payload), _label(keys), keys, secrets.token_bytes(32), secrets.token_bytes(32), sink)

    def bare() -> None:
        sink = io.BytesIO()
        for i in range(0, _STREAM, chunk):
            sealed = cipher.encrypt(i.to_bytes(12, "big"), payload[i : i + chunk], None)
            hashlib.sha256(sealed).digest()
            sink.write(sealed)

    case = Case("bid.seal", f"seal {_STREAM >> 20} MiB", "AES-256-GCM and SHA-256 of the same chunks")
    return compare(case, seal, bare, rounds)


def _shares(rounds: int) -> Comparison:
    """One bid at an opening: verify the header, make a share, verify it; against its point products alone."""
    keys, holders = deal_development_set(3, 2, secrets.token_bytes)
    sink = io.BytesIO()
    document = b"{}"
    header = seal_bid(
        io.BytesIO(document), 2, _label(keys), keys, secrets.token_bytes(32), secrets.token_bytes(32), sink
    )
    data, secret = header.encode(), int.from_bytes(holders[0], "big")
    point = coincurve.PublicKey(keys.joint_key)

    def release() -> None:
        verified = verify_header(data, keys)
        verify_share(verified, keys, make_share(verified, keys, 1, secret, secrets.token_bytes(32)))

    def products() -> None:
        for _ in range(14):
            point.multiply(holders[0])

    case = Case("bid.share", "check a header, release and check a share", "14 point products")
    return compare(case, release, products, rounds)


def _tree(rounds: int) -> Comparison:
    """Growing a log against hashing its leaves and nodes alone."""
    entries = [secrets.token_bytes(32) for _ in range(_ENTRIES)]

    def append() -> bytes:
        return Frontier().extend(leaf_hash(entry) for entry in entries).head()

    def hashes() -> None:
        sha256: Callable[[bytes], object] = hashlib.sha256
        for entry in entries:
            sha256(b"\0" + entry)
            sha256(b"\1" + entry + entry)

    return compare(
        Case("log.tree", f"append {_ENTRIES} entries to a tree", "two SHA-256 an entry"), append, hashes, rounds
    )
