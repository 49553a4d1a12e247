"""A folder of one person's or company's keys: encrypted at rest, with the credentials they hold.

Files: `identity.json` (public: name, organisation, address), `key.json` (the secp256k1 secret in the Web3 Secret
Storage format, scrypt), `credentials/*.json` (act chains). Secrets are written with mode 0600 and never printed.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json

from ledger.authority import ActChain
from ledger.errors import SunbidError
from ledger.keys import SigningKey


class KeyringError(SunbidError):
    """A key folder that is missing, incomplete, or closed to this passphrase."""

    code = "keyring.unavailable"


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(path.suffix + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def dump_json(value: Any) -> bytes:
    """Return `value` as indented JSON text for people to read, with a final newline."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"


@dataclass(frozen=True)
class Identity:
    """The public part of a key folder."""

    name: str
    organisation: bytes
    address: bytes
    uscc: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """Return the members as JSON values."""
        return {
            "name": self.name,
            "uscc": self.uscc,
            "organisation": "0x" + self.organisation.hex(),
            "address": "0x" + self.address.hex(),
        }


@dataclass(frozen=True)
class Keyring:
    """One folder of keys."""

    folder: Path

    @classmethod
    def create(
        cls, folder: Path, name: str, organisation: bytes, key: SigningKey, passphrase: str, uscc: str | None = None
    ) -> Keyring:
        """Write a new folder; refuse one that holds a key already: a key that is overwritten is lost for ever."""
        if (folder / "key.json").exists():
            raise KeyringError(f"{folder} holds a key already. Choose another folder.", code="keyring.exists")
        encrypted = create_keyfile_json(key.secret, passphrase.encode(), kdf="scrypt")
        identity = Identity(name, organisation, key.address, uscc)
        write_private(folder / "key.json", dump_json(encrypted))
        write_private(folder / "identity.json", dump_json(identity.to_json()))
        return cls(folder)

    def identity(self) -> Identity:
        """Return the public part."""
        value = self._read("identity.json")
        return Identity(value["name"], _hex(value["organisation"]), _hex(value["address"]), value.get("uscc"))

    def unlock(self, passphrase: str) -> SigningKey:
        """Return the key; refuse a wrong passphrase."""
        try:
            secret = decode_keyfile_json(self._read("key.json"), passphrase.encode())
        except ValueError as error:
            raise KeyringError("The passphrase does not open this key.", code="keyring.passphrase") from error
        return SigningKey(secret)

    def add_chain(self, label: str, chain: ActChain) -> Path:
        """Keep a credential or delegation under a short label."""
        path = self.folder / "credentials" / f"{label}.json"
        write_private(path, dump_json(chain.to_json()))
        return path

    def chain(self, label: str) -> ActChain:
        """Return the chain kept under `label`."""
        return ActChain.from_json(self._read(f"credentials/{label}.json"))

    def chains(self) -> dict[str, ActChain]:
        """Return every chain by its label."""
        return {path.stem: self.chain(path.stem) for path in sorted((self.folder / "credentials").glob("*.json"))}

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            value = json.loads(path.read_text())
        except FileNotFoundError as error:
            raise KeyringError(f"{path} is missing. Make keys first: sunbid id new.") from error
        except json.JSONDecodeError as error:
            raise KeyringError(f"{path} is damaged: {error}.", code="keyring.damaged") from error
        if not isinstance(value, dict):
            raise KeyringError(f"{path} is damaged: not an object.", code="keyring.damaged")
        return value


def _hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
