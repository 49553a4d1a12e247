"""A city of the network: its name, its log origins, and the keys that its processes sign with."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import SunbidError
from ledger.identity import city_id, origin_id
from ledger.keys import SigningKey

_SECP256K1 = ("submitter", "witness", "receiving", "issuer")
_ED25519 = ("log", "cosigner")


class KeyFileError(SunbidError):
    """A key file that is missing, malformed, or open to other users."""

    code = "keys.file"


@dataclass(frozen=True)
class City:
    """A member city; `host` is the name that its log origins start with, e.g. `luan.sunbid.example`."""

    name: str
    host: str

    @property
    def id32(self) -> bytes:
        """SHA-256 of the registered name: the city's id on chain (acts.md, "Ids")."""
        return city_id(self.name)

    @property
    def public_origin(self) -> str:
        """The origin line of the log of commitments."""
        return f"{self.host}/public"

    @property
    def sealed_origin(self) -> str:
        """The origin line of the log of slips."""
        return f"{self.host}/sealed"

    @property
    def public_origin_id(self) -> bytes:
        """SHA-256 of the public log's origin line."""
        return origin_id(self.public_origin)

    @property
    def sealed_origin_id(self) -> bytes:
        """SHA-256 of the sealed log's origin line."""
        return origin_id(self.sealed_origin)


@dataclass(frozen=True)
class CityKeys:
    """The keys of a city's own processes; the governor's cold key is never among them.

    `submitter` pays for nothing but orders the city's transactions; `witness` signs `BoxCheckpoint`s of other origins
    and `BlockAttestation`s; `receiving` signs `Acknowledgement`s, `StreamReceipt`s, `SecretEvent`s and the own
    origin's `BoxCheckpoint`s; `issuer` signs `Credential`s. `log` signs checkpoints and requests to other cities,
    `cosigner` cosigns other cities' checkpoints (C2SP tlog-cosignature).
    """

    submitter: SigningKey
    witness: SigningKey
    receiving: SigningKey
    issuer: SigningKey
    log: Ed25519PrivateKey = field(repr=False)
    cosigner: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """Return new keys from the operating system's randomness."""
        submitter, witness, receiving, issuer = (SigningKey.generate() for _ in _SECP256K1)
        log, cosigner = (Ed25519PrivateKey.generate() for _ in _ED25519)
        return cls(submitter, witness, receiving, issuer, log, cosigner)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the keys from `folder`; refuse a missing key and a file that others may read."""
        submitter, witness, receiving, issuer = (
            SigningKey(read_secret(folder / f"{name}.json", "secp256k1")) for name in _SECP256K1
        )
        log, cosigner = (
            Ed25519PrivateKey.from_private_bytes(read_secret(folder / f"{name}.json", "ed25519")) for name in _ED25519
        )
        return cls(submitter, witness, receiving, issuer, log, cosigner)

    def save(self, folder: Path) -> None:
        """Write one file a key, mode 0600, into `folder` (mode 0700); refuse to overwrite a key."""
        for name in _SECP256K1:
            write_secret(folder / f"{name}.json", "secp256k1", getattr(self, name).secret)
        for name in _ED25519:
            write_secret(folder / f"{name}.json", "ed25519", _ed25519_secret(getattr(self, name)))

    @property
    def log_public(self) -> bytes:
        """The 32-byte public key of `log`."""
        return self.log.public_key().public_bytes_raw()

    @property
    def cosigner_public(self) -> bytes:
        """The 32-byte public key of `cosigner`."""
        return self.cosigner.public_key().public_bytes_raw()


def _ed25519_secret(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())


def write_secret(path: Path, kind: str, secret: bytes) -> None:
    """Write a 32-byte secret as JSON, readable by its owner only, and refuse to replace a file that exists."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyFileError(f"{path} exists: move it away if its key is to be replaced", path=str(path)) from error
    with os.fdopen(descriptor, "w") as file:
        json.dump({"kind": kind, "secret": "0x" + secret.hex()}, file)
        file.flush()
        os.fsync(file.fileno())


def read_secret(path: Path, kind: str) -> bytes:
    """Return the 32-byte secret of `kind` in `path`; refuse a file that anybody but its owner may read."""
    try:
        mode = path.stat().st_mode
        record = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise KeyFileError(f"{path} holds no readable key: restore it from its backup", path=str(path)) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"{path} is open to other users: chmod 600 it and consider its key exposed", path=str(path))
    try:
        secret = bytes.fromhex(record["secret"].removeprefix("0x"))
        found = record["kind"]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise KeyFileError(f"{path} is not a key file", path=str(path)) from error
    if found != kind or len(secret) != 32:
        raise KeyFileError(f"{path} must hold a 32-byte {kind} key", path=str(path))
    return secret
