"""Recovery files: a bidder's seed under a passphrase, from which r of every bid follows (sealing.md, "Opening")."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag

from bidding.sealing.errors import RecoveryError
from bidding.sealing.hashing import TDH2_SECP256K1, Suite
from ledger.encoding import EncodingError, dec, enc, u32

SALT_SIZE = 16
NONCE_SIZE = 12
SEED_SIZE = 32


@dataclass(frozen=True)
class Argon2Cost:
    """Memory in KiB, passes and lanes of Argon2id; readers refuse what is too cheap to protect or too dear to run."""

    memory: int = 65536
    passes: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        in_range = 65536 <= self.memory <= 1 << 20 and 3 <= self.passes <= 16 and 1 <= self.lanes <= 16
        if not in_range:
            raise RecoveryError("the recovery file's cost is out of range", memory=self.memory, passes=self.passes)


def _key(suite: Suite, passphrase: str, salt: bytes, cost: Argon2Cost) -> bytes:
    secret = unicodedata.normalize("NFC", passphrase).encode()
    key = hash_secret_raw(secret, salt, cost.passes, cost.memory, cost.lanes, 32, Type.ID, 19)
    return key[: suite.key_length]


def write_recovery_file(
    seed: bytes,
    passphrase: str,
    salt: bytes,
    nonce: bytes,
    suite: Suite = TDH2_SECP256K1,
    cost: Argon2Cost = Argon2Cost(),
) -> bytes:
    """Return the recovery file of a 32-byte seed; `salt` (16 bytes) and `nonce` (12) are fresh and random."""
    if (len(seed), len(salt), len(nonce)) != (SEED_SIZE, SALT_SIZE, NONCE_SIZE):
        raise RecoveryError("a recovery file takes a 32-byte seed, a 16-byte salt and a 12-byte nonce")
    numbers = (u32(cost.memory), u32(cost.passes), u32(cost.lanes))
    prefix = enc(suite.tag("recovery"), *numbers, salt, nonce)
    return prefix + enc(suite.aead(_key(suite, passphrase, salt, cost)).encrypt(nonce, seed, prefix))


def read_recovery_file(data: bytes, passphrase: str, suite: Suite = TDH2_SECP256K1) -> bytes:
    """Return the seed; raises `RecoveryError` for a damaged file and for a wrong passphrase alike."""
    try:
        tag, memory, passes, lanes, salt, nonce, sealed = dec(data, 7)
    except EncodingError as error:
        raise RecoveryError("this is not a recovery file, or it is cut") from error
    sizes = (len(memory), len(passes), len(lanes), len(salt), len(nonce), len(sealed))
    if tag != suite.tag("recovery") or sizes != (4, 4, 4, SALT_SIZE, NONCE_SIZE, SEED_SIZE + 16):
        raise RecoveryError("this is not a recovery file of this suite")
    cost = Argon2Cost(*(int.from_bytes(number, "big") for number in (memory, passes, lanes)))
    prefix = data[: -len(enc(sealed))]
    try:
        return suite.aead(_key(suite, passphrase, salt, cost)).decrypt(nonce, sealed, prefix)
    except InvalidTag as error:
        raise RecoveryError("the passphrase is wrong, or the recovery file is damaged") from error
