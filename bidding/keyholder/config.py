"""A key-holder's folder: `holder.json`, `signing.json`, `shares/*.json` and the journal; nothing else is needed.

Each share file states its key set's purpose. That record is the holder's own: a share of a box key is never used to
open a bid, whatever a chain or a city says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from bidding.keyholder.errors import HolderConfigError
from ledger.acts import Purpose
from ledger.canonical import JsonObject
from ledger.chain.client import Finality
from ledger.city import read_secret, write_secret
from ledger.json_fields import (
    read_address,
    read_b32,
    read_integer,
    read_list,
    read_members,
    read_object,
    read_text,
    to_hex,
)
from ledger.keyring import dump_json, write_private
from ledger.keys import SigningKey

_CONFIG = "holder.json"
_SIGNING = "signing.json"
_KIND = "share"


@dataclass(frozen=True)
class HeldShare:
    """A share xᵢ of one key set in one epoch, and what it may be used for; `index` counts from 1."""

    purpose: Purpose
    key_id: bytes
    epoch: int
    index: int
    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class HolderConfig:
    """What a holder is told: its chain node, its registry, and where the cities are (base URLs by name).

    `first_block` is where CityRegistry was deployed; `poll_seconds` how long the loop rests when nothing is due.
    """

    name: str
    chain_id: int
    registry: bytes
    rpc_urls: tuple[str, ...]
    finality: Finality
    cities: dict[str, str]
    first_block: int = 0
    poll_seconds: int = 2

    def to_json(self) -> JsonObject:
        """Return the form of `holder.json`."""
        return {
            "name": self.name,
            "chainId": self.chain_id,
            "registry": to_hex(self.registry),
            "rpcUrls": list(self.rpc_urls),
            "finality": str(self.finality),
            "cities": dict(self.cities),
            "firstBlock": self.first_block,
            "pollSeconds": self.poll_seconds,
        }

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Return what `to_json` wrote; refuse missing and unknown members."""
        names = ("name", "chainId", "registry", "rpcUrls", "finality", "cities", "firstBlock", "pollSeconds")
        given = read_members(value, _CONFIG, names)
        return cls(
            read_text(given["name"], "name"),
            read_integer(given["chainId"], "chainId"),
            read_address(given["registry"], "registry"),
            tuple(read_text(url, "rpcUrls") for url in read_list(given["rpcUrls"], "rpcUrls")),
            Finality.parse(read_text(given["finality"], "finality")),
            {name: read_text(url, name) for name, url in read_object(given["cities"], "cities").items()},
            read_integer(given["firstBlock"], "firstBlock"),
            read_integer(given["pollSeconds"], "pollSeconds"),
        )


@dataclass(frozen=True)
class HolderFolder:
    """The folder of one key-holder."""

    path: Path

    @classmethod
    def create(cls, path: Path, config: HolderConfig, signing: SigningKey) -> Self:
        """Write a new holder's folder (mode 0700, key files 0600); refuse one that has a signing key already."""
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_secret(path / _SIGNING, "secp256k1", signing.secret)
        write_private(path / _CONFIG, dump_json(config.to_json()))
        return cls(path)

    @property
    def journal_path(self) -> Path:
        """Where the journal lies."""
        return self.path / "journal.jsonl"

    def config(self) -> HolderConfig:
        """Return what `holder.json` says."""
        try:
            value = json.loads((self.path / _CONFIG).read_text())
        except (OSError, ValueError) as error:
            raise HolderConfigError(f"{self.path / _CONFIG} cannot be read: restore it.") from error
        return HolderConfig.from_json(value)

    def signing_key(self) -> SigningKey:
        """Return the key that signs this member's acts."""
        return SigningKey(read_secret(self.path / _SIGNING, "secp256k1"))

    def add_share(self, share: HeldShare) -> None:
        """Write a share from a ceremony; one that is there already is never replaced."""
        path = self._share_path(share.key_id, share.epoch)
        record = {
            "purpose": share.purpose.name.lower(),
            "keyId": to_hex(share.key_id),
            "epoch": share.epoch,
            "index": share.index,
        }
        if not _secret_of(path).exists():
            write_private(path, dump_json(record))
        write_secret(_secret_of(path), _KIND, share.secret)

    def share(self, key_id: bytes, epoch: int) -> HeldShare | None:
        """Return this holder's share of a key set's epoch, None if it holds none."""
        path = self._share_path(key_id, epoch)
        if not path.exists():
            return None
        record = read_members(json.loads(path.read_text()), str(path), ("purpose", "keyId", "epoch", "index"))
        found = HeldShare(
            Purpose[read_text(record["purpose"], "purpose").upper()],
            read_b32(record["keyId"], "keyId"),
            read_integer(record["epoch"], "epoch"),
            read_integer(record["index"], "index"),
            read_secret(_secret_of(path), _KIND),
        )
        if (found.key_id, found.epoch) != (key_id, epoch):
            raise HolderConfigError(f"{path} is the record of another key set: restore the right one.")
        return found

    def _share_path(self, key_id: bytes, epoch: int) -> Path:
        return self.path / "shares" / f"{key_id.hex()}-{epoch}.json"


def _secret_of(record: Path) -> Path:
    return record.with_suffix(".secret.json")
