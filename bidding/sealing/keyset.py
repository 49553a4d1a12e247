"""Key sets of a committee: n holders, any k of whom act for the joint key (sealing.md, "Key set").

A `KeySet` that exists is sound: numbers in range, every key a point, all of them on one polynomial of degree < k,
its id recomputed. So no reader can forget a check.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bidding.sealing.errors import FormatError, KeySetError
from bidding.sealing.group import Group, Point, lagrange, weighted_sum
from bidding.sealing.hashing import TDH2_SECP256K1, Suite
from ledger.encoding import enc, u32

MAX_HOLDERS = 255


@dataclass(frozen=True)
class KeySet:
    """Y = xG and hᵢ = xᵢG, i = 1…n, where x, x₁…xₙ are one polynomial of degree < k at 0, 1…n.

    `key_id` is that of epoch 1: it is computed here for epoch 1 (and compared if given) and must be given for a later
    epoch, whose record has other n, k and hᵢ under the same Y. Points are 33 bytes. Raises `KeySetError`.
    """

    n: int
    k: int
    joint_key: bytes
    holder_keys: tuple[bytes, ...]
    epoch: int = 1
    key_id: bytes = b""
    suite: Suite = field(default=TDH2_SECP256K1, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.n <= MAX_HOLDERS or self.n != len(self.holder_keys):
            raise KeySetError("a key set needs 1 <= k <= n <= 255 and n keys", n=self.n, k=self.k)
        if not 1 <= self.epoch < 1 << 32:
            raise KeySetError("epochs count from 1 and fit in 32 bits", epoch=self.epoch)
        self._check_polynomial()
        if self.epoch == 1 and self.key_id in (b"", self.set_hash):
            object.__setattr__(self, "key_id", self.set_hash)
        elif self.epoch == 1 or len(self.key_id) != 32:
            raise KeySetError("key id is not that of the epoch-1 record", epoch=self.epoch)

    def _check_polynomial(self) -> None:
        try:
            first = self.holder_points[: self.k]
            for at, expected in ((0, self.joint_key), *enumerate(self.holder_keys[self.k :], self.k + 1)):
                if evaluate_at(self.suite.group, first, at) != expected:
                    raise KeySetError("the keys do not lie on one polynomial of degree below k", at=at)
        except FormatError as error:
            raise KeySetError("a key of the set is no point, or infinity") from error

    @cached_property
    def joint_point(self) -> Point:
        """Y, decoded."""
        return self.suite.group.decode(self.joint_key)

    @cached_property
    def holder_points(self) -> tuple[Point, ...]:
        """h₁…hₙ, decoded."""
        return tuple(map(self.suite.group.decode, self.holder_keys))

    @cached_property
    def set_hash(self) -> bytes:
        """H("keyset"; n, k, Y, h…) of this epoch's own record; of epoch 1 it is the keyId."""
        return self.suite.hash("keyset", u32(self.n), u32(self.k), self.joint_key, *self.holder_keys)

    @property
    def registration_hash(self) -> bytes:
        """`keys` of the act `KeySetRegistration`: SHA-256(enc(u32 n, u32 k, Y, h…))."""
        return hashlib.sha256(enc(u32(self.n), u32(self.k), self.joint_key, *self.holder_keys)).digest()

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values, bytes as lower-case hex."""
        return {
            "n": self.n,
            "k": self.k,
            "epoch": self.epoch,
            "Y": self.joint_key.hex(),
            "h": [key.hex() for key in self.holder_keys],
            "keyId": self.key_id.hex(),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any], suite: Suite = TDH2_SECP256K1) -> KeySet:
        """Return the key set that `to_json` wrote; refuse missing and mistyped members and an unsound set."""
        try:
            keys = tuple(map(bytes.fromhex, value["h"]))
            numbers = (value["n"], value["k"], value["epoch"])
            joint, key_id = bytes.fromhex(value["Y"]), bytes.fromhex(value["keyId"])
        except (KeyError, TypeError, ValueError) as error:
            raise KeySetError("a key set record needs n, k, epoch, Y, h and keyId, bytes as hex") from error
        if not all(type(number) is int for number in numbers):
            raise KeySetError("n, k and epoch of a key set record are integers")
        return cls(numbers[0], numbers[1], joint, keys, numbers[2], key_id, suite)


def evaluate_at(group: Group, points: tuple[Point, ...], at: int) -> bytes:
    """Return the encoding of the polynomial in the exponent at `at`, from its values at 1…len(points)."""
    indices = tuple(range(1, len(points) + 1))
    return group.encode(weighted_sum(group, lagrange(group, indices, at), points))
