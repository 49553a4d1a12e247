"""The suites and their hashing: every value is bound to its role and suite (sealing.md, "Notation")."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bidding.sealing.errors import FormatError
from bidding.sealing.group import Group, Point, Secp256k1, encode_scalar
from ledger.encoding import enc, u32

_ZERO_SALT = bytes(32)


class Aead(Protocol):
    """Authenticated encryption with a 12-byte nonce and the 16-byte tag after the ciphertext."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return ciphertext ‖ tag."""
        ...

    def encrypt_into(self, nonce: bytes, data: bytes, associated_data: bytes | None, buf: memoryview) -> int:
        """Write ciphertext ‖ tag into `buf`, which has exactly their size."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the plaintext, or raise `cryptography.exceptions.InvalidTag`."""
        ...


@dataclass(frozen=True, eq=False)
class Suite:
    """One choice of group, hash and cipher; `id` goes into every hash, so suites never mix."""

    id: int
    name: str
    group: Group
    hash_name: str
    key_length: int
    aead: Callable[[bytes], Aead]

    def tag(self, role: str) -> bytes:
        """Return `sunbid-tdh2/v1/` ‖ role ‖ the suite as one byte."""
        return b"sunbid-tdh2/v1/" + role.encode("ascii") + bytes([self.id])

    def digest(self, data: bytes) -> bytes:
        """Return the suite's plain hash of `data`, 32 bytes."""
        return hashlib.new(self.hash_name, data).digest()

    def hash(self, role: str, *items: bytes) -> bytes:
        """Return H(role; items…), 32 bytes."""
        return self.digest(enc(self.tag(role), *items))

    def extract(self, salt: bytes, ikm: bytes) -> bytes:
        """Return HKDF-Extract (RFC 5869), 32 bytes."""
        return hmac.digest(salt, ikm, self.hash_name)

    def expand(self, prk: bytes, info: bytes, length: int) -> bytes:
        """Return `length` bytes of HKDF-Expand (RFC 5869), at most 255 blocks of 32."""
        if not 0 < length <= 255 * 32:
            raise FormatError("HKDF-Expand yields 1 to 8160 bytes", length=length)
        output = block = b""
        counter = 0
        while len(output) < length:
            counter += 1
            block = hmac.digest(prk, block + info + bytes([counter]), self.hash_name)
            output += block
        return output[:length]

    def to_scalar(self, role: str, *items: bytes) -> int:
        """Return H2S(role; items…) in [1, q−1]: 48 bytes reduced mod q, so that no bias remains."""
        wide = self.expand(self.extract(_ZERO_SALT, enc(*items)), self.tag(role), 48)
        scalar = int.from_bytes(wide, "big") % self.group.order
        encode_scalar(self.group, scalar)
        return scalar

    def to_point(self, role: str, *items: bytes) -> tuple[Point, int]:
        """Return the first valid point of 02 ‖ H(role; items…, u32 ctr) for ctr = 0, 1, … and its ctr."""
        counter = 0
        while True:
            try:
                return self.group.decode(b"\x02" + self.hash(role, *items, u32(counter))), counter
            except FormatError:
                counter += 1

    @cached_property
    def gbar(self) -> Point:
        """Ḡ, the second base, whose discrete logarithm nobody knows."""
        return self.to_point("gbar")[0]


TDH2_SECP256K1 = Suite(0x01, "TDH2-SECP256K1-SHA256-A256GCM", Secp256k1(), "sha256", 32, AESGCM)
"""Suite 0x01, for deployments under international algorithms."""

SUITES: dict[int, Suite] = {TDH2_SECP256K1.id: TDH2_SECP256K1}
"""Every suite that this build can use, by id."""
