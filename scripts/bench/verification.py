"""Verifying a bundle against the primitives it cannot do without: the same hashes, signatures and products, bare.

One verification is watched: every call of a primitive is noted with what it was given. The baseline then makes
exactly these calls in a loop, without parsing, proofs, acts, or anything else that a verifier does.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import coincurve
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from eth_hash.auto import keccak

from ledger.chain.evidence.trust import TrustFile
from scripts.bench.measure import Case, Comparison, compare
from witness.audit.verify import verify
from witness.log import note

_AIM = 2.0

Primitive = Callable[..., object]


@dataclass
class Tally:
    """The primitives' calls of one verification, in order: name, function, arguments."""

    calls: list[tuple[str, Primitive, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)

    def watch(self, name: str, primitive: Primitive, bare: Primitive | None = None) -> Primitive:
        """Return `primitive`, which notes each call; the baseline calls `bare` in its place, if one is given."""

        def noting(*args: Any, **options: Any) -> object:
            found = primitive(*args, **options)  # one that refuses what it is given is not counted
            self.calls.append((name, bare or primitive, args, options))
            return found

        return noting

    @property
    def counts(self) -> dict[str, int]:
        """How often each primitive was called."""
        return dict(sorted(Counter(name for name, _, _, _ in self.calls).items()))

    def repeat(self) -> None:
        """Make all the calls again, bare."""
        for _, primitive, args, options in self.calls:
            primitive(*args, **options)


def _sha256(data: bytes = b"", **_: object) -> bytes:
    return hashlib.sha256(data).digest()


def _new(name: str, data: bytes = b"") -> bytes:
    return hashlib.new(name, data).digest()


def _verify_ed25519(key: bytes, signature: bytes, message: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(key).verify(signature, message)


class _Points:
    """libsecp256k1's points, as the verifier's modules see them while they are watched."""

    def __init__(self, tally: Tally) -> None:
        real = coincurve.PublicKey
        self._parse = tally.watch("point decodings", real)
        self.from_signature_and_message = tally.watch("recoveries", real.from_signature_and_message)
        self.from_valid_secret = tally.watch("products with G", real.from_valid_secret)
        self.combine_keys = tally.watch("point sums", real.combine_keys)

    def __call__(self, data: bytes) -> object:
        return self._parse(data)


class _NoteKeys:
    """Ed25519 keys of logs and cosigners while they are watched."""

    def __init__(self, tally: Tally) -> None:
        self._check = tally.watch("Ed25519 verifications", _verify_ed25519)

    def from_public_bytes(self, key: bytes) -> SimpleNamespace:
        return SimpleNamespace(verify=lambda signature, message: self._check(key, signature, message))


@contextmanager
def watched() -> Iterator[Tally]:
    """Yield the tally of what is computed inside."""
    tally = Tally()
    product = tally.watch("point products", coincurve.PublicKey.multiply)
    with (
        patch.object(coincurve.PublicKey, "multiply", product),
        patch.object(coincurve, "PublicKey", _Points(tally)),
        patch.object(note, "Ed25519PublicKey", _NoteKeys(tally)),
        patch.object(hashlib, "sha256", tally.watch("SHA-256", hashlib.sha256, _sha256)),
        patch.object(hashlib, "new", tally.watch("SHA-256", hashlib.new, _new)),
        patch.object(hmac, "digest", tally.watch("HMAC-SHA-256", hmac.digest)),
        patch.object(keccak, "hasher", tally.watch("Keccak-256", keccak.hasher)),
    ):
        yield tally


def measure_verification(bundle: bytes, trust: TrustFile, *, rounds: int = 7) -> tuple[Comparison, dict[str, int]]:
    """Return how verifying the bundle compares with its primitives, and how many there are of each."""
    with watched() as tally:
        verdict = verify(bundle, trust)
    if not verdict.ok:
        raise ValueError(f"the bundle does not verify: {[claim.code for claim in verdict.failed]}")
    what = f"verify a bundle of {len(bundle) >> 10} KiB offline"
    case = Case("bundle.verify", what, "its hashes, signatures and point products, bare", _AIM)
    return compare(case, lambda: verify(bundle, trust), tally.repeat, rounds), tally.counts
