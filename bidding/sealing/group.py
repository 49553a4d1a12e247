"""Prime-order groups behind one small interface, so that one code path serves every suite (sealing.md, "Groups").

Points are opaque to callers: only the group that made a point may use it. Infinity has no encoding, and whatever
yields it is refused. Scalars are 32 bytes big-endian in [1, q−1].
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import NewType, Protocol, cast

import coincurve

from bidding.sealing.errors import FormatError
from ledger.keys import CURVE_ORDER

Point = NewType("Point", object)
"""A point that is not infinity; its type is the group's own affair."""

POINT_SIZE = 33
SCALAR_SIZE = 32


class Group(Protocol):
    """A group of prime order with cofactor 1 and SEC1 compressed points."""

    @property
    def order(self) -> int:
        """The prime q."""
        ...

    @property
    def base(self) -> Point:
        """The base point G."""
        ...

    def mul_base(self, scalar: int) -> Point:
        """Return scalar·G in time that does not depend on the scalar; refuse 0 and ≥ q."""
        ...

    def mul(self, scalar: int, point: Point) -> Point:
        """Return scalar·point for a *public* scalar; refuse 0 and ≥ q."""
        ...

    def mul_secret(self, scalar: int, point: Point) -> Point:
        """Return scalar·point for a secret scalar, which no running time tells; refuse 0 and ≥ q."""
        ...

    def add(self, *points: Point) -> Point:
        """Return the sum; refuse infinity."""
        ...

    def encode(self, point: Point) -> bytes:
        """Return the 33-byte compressed encoding."""
        ...

    def decode(self, data: bytes) -> Point:
        """Return the point of a 33-byte compressed encoding; refuse any other form, and what is off the curve."""
        ...


class Secp256k1:
    """secp256k1 by libsecp256k1 (coincurve).

    `PublicKey.multiply` is variable-time, so a secret scalar x is blinded: xP = aP + (x−a)P with a fresh a ∉ {0, x}.
    `random` makes the blinding; no result depends on it.
    """

    order = CURVE_ORDER

    def __init__(self, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._random = random
        self.base = Point(coincurve.PublicKey.from_valid_secret((1).to_bytes(SCALAR_SIZE, "big")))

    def mul_base(self, scalar: int) -> Point:
        """Return scalar·G; libsecp256k1 computes this one in constant time."""
        return Point(coincurve.PublicKey.from_valid_secret(encode_scalar(self, scalar)))

    def mul(self, scalar: int, point: Point) -> Point:
        """Return scalar·point for a public scalar."""
        return Point(cast("coincurve.PublicKey", point).multiply(encode_scalar(self, scalar)))

    def mul_secret(self, scalar: int, point: Point) -> Point:
        """Return scalar·point as the sum of two products of fresh random scalars."""
        encode_scalar(self, scalar)
        blind = scalar
        while blind == scalar or not 0 < blind < self.order:
            blind = int.from_bytes(self._random(SCALAR_SIZE), "big")
        return self.add(self.mul(blind, point), self.mul((scalar - blind) % self.order, point))

    def add(self, *points: Point) -> Point:
        """Return the sum of the points."""
        try:
            return Point(coincurve.PublicKey.combine_keys(cast("list[coincurve.PublicKey]", list(points))))
        except ValueError as error:
            raise FormatError("the sum of these points is infinity, which has no encoding") from error

    def encode(self, point: Point) -> bytes:
        """Return prefix 02 or 03 and x."""
        return cast("coincurve.PublicKey", point).format()

    def decode(self, data: bytes) -> Point:
        """Return the point of prefix 02 or 03 and x < p."""
        if len(data) != POINT_SIZE or data[0] not in (2, 3):
            raise FormatError("a point is 33 bytes, SEC1 compressed, with prefix 02 or 03")
        try:
            return Point(coincurve.PublicKey(data))
        except ValueError as error:
            raise FormatError("these 33 bytes are no point of the curve") from error


def encode_scalar(group: Group, scalar: int) -> bytes:
    """Return `scalar` as 32 bytes; refuse what lies outside [1, q−1]."""
    if not 0 < scalar < group.order:
        raise FormatError("a scalar must lie in [1, q-1]")
    return scalar.to_bytes(SCALAR_SIZE, "big")


def decode_scalar(group: Group, data: bytes) -> int:
    """Return the scalar of exactly 32 bytes in [1, q−1]; refuse all others."""
    scalar = int.from_bytes(data, "big")
    if len(data) != SCALAR_SIZE or not 0 < scalar < group.order:
        raise FormatError("a scalar is 32 bytes, big-endian, in [1, q-1]")
    return scalar


def lagrange(group: Group, indices: tuple[int, ...], at: int = 0) -> tuple[int, ...]:
    """Return the coefficients that carry values at distinct `indices` to the value at `at`, mod q, in their order."""
    if len(set(indices)) != len(indices):
        raise FormatError("interpolation needs distinct indices")
    coefficients = []
    for i in indices:
        numerator = denominator = 1
        for j in indices:
            if j != i:
                numerator = numerator * (at - j) % group.order
                denominator = denominator * (i - j) % group.order
        coefficients.append(numerator * pow(denominator, -1, group.order) % group.order)
    return tuple(coefficients)


def weighted_sum(group: Group, weights: tuple[int, ...], points: tuple[Point, ...]) -> Point:
    """Return Σ weight·point for public weights, none of them zero."""
    return group.add(*(group.mul(weight, point) for weight, point in zip(weights, points, strict=True)))
