"""Proofs of knowledge in the one form (e, f): Schnorr and Chaum–Pedersen with a strong Fiat–Shamir challenge.

Every proof hashes its role, its full statement and its commitments (sealing.md, "Proofs"), so none can be moved to
another statement. The nonce t is derived from secret, statement and fresh randomness: a broken generator or a restored
snapshot never makes one t answer two challenges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bidding.sealing.errors import FormatError
from bidding.sealing.group import Point, decode_scalar, encode_scalar
from bidding.sealing.hashing import Suite

PROOF_SIZE = 64
RANDOM_SIZE = 32

Pair = tuple[Point, Point]
"""(base, image): the claim is image = secret·base."""


@dataclass(frozen=True)
class Proof:
    """Challenge and response, both in [1, q−1]."""

    e: int
    f: int

    def encode(self, suite: Suite) -> bytes:
        """Return e ‖ f, 64 bytes."""
        return encode_scalar(suite.group, self.e) + encode_scalar(suite.group, self.f)

    @classmethod
    def decode(cls, suite: Suite, data: bytes) -> Proof:
        """Return the proof of exactly 64 bytes; refuse scalars outside [1, q−1]."""
        if len(data) != PROOF_SIZE:
            raise FormatError("a proof is e and f, 64 bytes")
        return cls(decode_scalar(suite.group, data[:32]), decode_scalar(suite.group, data[32:]))


@dataclass(frozen=True)
class Commitment:
    """The prover's first move: t, and t·base for each base. It is as secret as the secret itself."""

    t: int
    points: tuple[Point, ...]


def commit(
    suite: Suite, role: str, secret: int, statement: Sequence[bytes], bases: Sequence[Point], rnd: bytes
) -> Commitment:
    """Return the commitment that `prove` uses for the same arguments; `rnd` is 32 fresh random bytes."""
    if len(rnd) != RANDOM_SIZE:
        raise FormatError("a proof needs 32 fresh random bytes")
    group = suite.group
    t = suite.to_scalar("nonce", role.encode("ascii"), encode_scalar(group, secret), *statement, rnd)
    return Commitment(t, tuple(_times_secret(suite, t, base) for base in bases))


def prove(
    suite: Suite, role: str, secret: int, statement: Sequence[bytes], bases: Sequence[Point], rnd: bytes
) -> Proof:
    """Prove knowledge of the one `secret` behind all images that `statement` names; `rnd` is 32 fresh random bytes."""
    commitment = commit(suite, role, secret, statement, bases, rnd)
    e = suite.to_scalar(role, *statement, *map(suite.group.encode, commitment.points))
    f = (commitment.t + secret * e) % suite.group.order
    encode_scalar(suite.group, f)
    return Proof(e, f)


def verify(suite: Suite, role: str, statement: Sequence[bytes], pairs: Sequence[Pair], proof: Proof) -> bool:
    """Say whether `proof` shows one secret behind every pair, for exactly this statement."""
    group = suite.group
    try:
        points = [
            group.add(_times(suite, proof.f, base), group.mul(group.order - proof.e, image)) for base, image in pairs
        ]
        return suite.to_scalar(role, *statement, *map(group.encode, points)) == proof.e
    except FormatError:  # a commitment at infinity, or a challenge 0: no honest prover makes them
        return False


def _times(suite: Suite, scalar: int, base: Point) -> Point:
    return suite.group.mul_base(scalar) if base is suite.group.base else suite.group.mul(scalar, base)


def _times_secret(suite: Suite, scalar: int, base: Point) -> Point:
    return suite.group.mul_base(scalar) if base is suite.group.base else suite.group.mul_secret(scalar, base)
