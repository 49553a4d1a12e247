"""Sign a 32-byte digest with a secp256k1 key, and find the key back; only canonical signatures count."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import coincurve
from eth_hash.auto import keccak

from ledger.errors import SunbidError

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SIGNATURE_SIZE = 65


class SignatureError(SunbidError):
    """A signature that is not canonical, or from which no key can be recovered."""

    code = "signature.invalid"


def is_canonical(signature: bytes) -> bool:
    """Say whether `signature` is r ‖ s ‖ v with r in [1, q−1], s in [1, q/2] and v 27 or 28."""
    if len(signature) != SIGNATURE_SIZE:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    return 1 <= r < CURVE_ORDER and 1 <= s <= CURVE_ORDER // 2 and signature[64] in (27, 28)


def address_of(public_key: bytes) -> bytes:
    """Return the 20-byte Ethereum address of a SEC1-encoded public key."""
    point = coincurve.PublicKey(public_key).format(compressed=False)
    return bytes(keccak(point[1:])[-20:])


def recover(digest: bytes, signature: bytes) -> bytes:
    """Return the 20-byte address that signed `digest`; refuse a signature that is not canonical."""
    if not is_canonical(signature):
        raise SignatureError("signature is not canonical: 65 bytes r, s, v with low s and v 27 or 28 are needed")
    try:
        key = coincurve.PublicKey.from_signature_and_message(
            signature[:64] + bytes([signature[64] - 27]), digest, hasher=None
        )
    except Exception as error:  # coincurve raises bare Exception when no point fits r
        raise SignatureError("no public key fits this signature") from error
    return address_of(key.format())


def personal_digest(message: str) -> bytes:
    """Return the 32 bytes that EIP-191 `personal_sign` signs for `message`."""
    body = message.encode()
    return bytes(keccak(b"\x19Ethereum Signed Message:\n" + str(len(body)).encode() + body))


@dataclass(frozen=True)
class SigningKey:
    """A secp256k1 key of a person, company or city; the secret never shows in logs or reprs."""

    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> SigningKey:
        """Return a new key from the operating system's randomness."""
        return cls(coincurve.PrivateKey(secrets.token_bytes(32)).secret)

    @property
    def public_key(self) -> bytes:
        """The 33-byte SEC1 compressed point."""
        return coincurve.PrivateKey(self.secret).public_key.format()

    @property
    def address(self) -> bytes:
        """The 20-byte Ethereum address."""
        return address_of(self.public_key)

    def sign(self, digest: bytes) -> bytes:
        """Return r ‖ s ‖ v over the 32-byte digest: deterministic (RFC 6979), low s, v 27 or 28."""
        signature = coincurve.PrivateKey(self.secret).sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + 27])
