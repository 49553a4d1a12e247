"""Proofs of possession: whoever publishes a key knows its secret, for this purpose and context (sealing.md, "pop")."""

from __future__ import annotations

from bidding.sealing.errors import CeremonyError, FormatError
from bidding.sealing.hashing import Suite
from bidding.sealing.proofs import Proof, prove, verify
from ledger.encoding import u32


def make_pop(suite: Suite, purpose: str, context: bytes, index: int, secret: int, rnd: bytes) -> bytes:
    """Return PoP(purpose, ctx, j, aG) for the secret a, 64 bytes; `rnd` is 32 fresh random bytes."""
    point = suite.group.encode(suite.group.mul_base(secret))
    proof = prove(suite, "pop", secret, _statement(purpose, context, index, point), (suite.group.base,), rnd)
    return proof.encode(suite)


def verify_pop(suite: Suite, purpose: str, context: bytes, index: int, point: bytes, pop: bytes) -> None:
    """Refuse a proof of possession that is not for this purpose, context, index and key. Raises `CeremonyError`."""
    try:
        proof, image = Proof.decode(suite, pop), suite.group.decode(point)
    except FormatError as error:
        raise CeremonyError("the proof of possession, or its key, is malformed", index=index) from error
    pairs = ((suite.group.base, image),)
    if not verify(suite, "pop", _statement(purpose, context, index, point), pairs, proof):
        raise CeremonyError("the proof of possession does not hold", index=index, purpose=purpose)


def _statement(purpose: str, context: bytes, index: int, point: bytes) -> tuple[bytes, ...]:
    return purpose.encode("ascii"), context, u32(index), point
