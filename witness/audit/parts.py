"""The parts of a bundle's JSON members, each read strictly: what is not exactly what `to_json` writes is refused.

Nothing here is verified; these are values that the claims are made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from ledger.acts import Act
from ledger.authority import ActChain
from ledger.canonical import JsonObject, JsonValue
from ledger.json_fields import (
    FieldError,
    need_size,
    read_address,
    read_b32,
    read_bytes,
    read_enum,
    read_flag,
    read_integer,
    read_list,
    read_maybe,
    read_members,
    read_text,
    to_hex,
    to_hex_or_null,
)
from ledger.keys import SIGNATURE_SIZE
from ledger.signed import Signed, read_act
from witness.log.entry import Body, Disclosed, EntryError

VERSION = 1
_A = TypeVar("_A", bound=Act)


class Profile(StrEnum):
    """Whose eyes a bundle is for: `public` opens price envelopes only, `full` is for authorised readers."""

    PUBLIC = "public"
    FULL = "full"


@dataclass(frozen=True)
class Manifest:
    """What a bundle is about, and where on which chain; the contracts count only if CityRegistry ever named them."""

    profile: Profile
    tender: bytes
    chain_id: int
    city_registry: bytes
    tender_book: bytes
    key_sets: bytes
    anchor_registry: bytes
    with_box: bool

    def to_json(self) -> JsonObject:
        """Return the JSON object of the member."""
        return {
            "v": VERSION,
            "profile": self.profile.value,
            "tender": to_hex(self.tender),
            "chainId": self.chain_id,
            "cityRegistry": to_hex(self.city_registry),
            "tenderBook": to_hex(self.tender_book),
            "keySets": to_hex(self.key_sets),
            "anchorRegistry": to_hex(self.anchor_registry),
            "withBox": self.with_box,
        }

    @classmethod
    def from_json(cls, value: JsonValue) -> Manifest:
        """Return the manifest that `to_json` wrote."""
        names = ("v", "profile", "tender", "chainId", "cityRegistry", "tenderBook", "keySets", "anchorRegistry")
        item = read_members(value, "manifest", (*names, "withBox"))
        if item["v"] != VERSION:
            raise FieldError(f"only bundles of version {VERSION} are known here", member="v")
        return cls(
            read_enum(Profile, item["profile"], "profile"),
            read_b32(item["tender"], "tender"),
            read_integer(item["chainId"], "chainId"),
            read_address(item["cityRegistry"], "cityRegistry"),
            read_address(item["tenderBook"], "tenderBook"),
            read_address(item["keySets"], "keySets"),
            read_address(item["anchorRegistry"], "anchorRegistry"),
            read_flag(item["withBox"], "withBox"),
        )


@dataclass(frozen=True)
class SignedRecord:
    """An act that needs no papers, because who may sign it stands on chain; a bidder's r may come without signature."""

    act: Act
    signature: bytes | None

    def to_json(self) -> JsonObject:
        """Return the JSON object."""
        return {"act": self.act.to_json(), "signature": to_hex_or_null(self.signature)}


def signed_to_json(signed: Signed) -> JsonObject:
    """Return an act with signature and papers as `acts.json` holds it."""
    return {
        "type": signed.act.name(),
        "act": signed.act.to_json(),
        "signature": to_hex(signed.signature),
        "chain": signed.chain.to_json(),
    }


def read_signed(value: JsonValue) -> Signed:
    """Return the act that `signed_to_json` wrote."""
    item = read_members(value, "act", ("type", "act", "signature", "chain"))
    chain = item["chain"]
    if not isinstance(chain, dict):
        raise FieldError("the papers of an act are an object", member="chain")
    act = read_act(read_text(item["type"], "type"), item["act"])
    return Signed(act, read_signature(item["signature"]), ActChain.from_json(chain))


def read_record(kind: type[_A], value: JsonValue) -> SignedRecord:
    """Return the record of this type that `SignedRecord.to_json` wrote."""
    item = read_members(value, kind.__name__, ("act", "signature"))
    return SignedRecord(kind.from_json(item["act"]), read_maybe(_signature_of, item["signature"], "signature"))


def _signature_of(value: JsonValue, name: str) -> bytes:
    return need_size(read_bytes(value, name), SIGNATURE_SIZE, name)


def read_signature(value: JsonValue) -> bytes:
    """Return the 65 bytes of a signature."""
    return _signature_of(value, "signature")


@dataclass(frozen=True)
class LoggedEntry:
    """An entry of the tender: its place in the log, what it commits to if that is disclosed, and its way to the chain.

    `path` proves it under checkpoint number `anchor` that AnchorRegistry holds of the log.
    """

    index: int
    entry: bytes
    disclosed: Disclosed | None
    anchor: int
    path: tuple[bytes, ...]

    def to_json(self) -> JsonObject:
        """Return the JSON object; a disclosed entry carries nonce and body, any other its 32 bytes."""
        shown = self.disclosed
        return {
            "index": self.index,
            "entry": None if shown else to_hex(self.entry),
            "nonce": to_hex(shown.nonce) if shown else None,
            "body": shown.body.to_json() if shown else None,
            "anchor": self.anchor,
            "path": [to_hex(node) for node in self.path],
        }

    @classmethod
    def from_json(cls, value: JsonValue) -> LoggedEntry:
        """Return the entry that `to_json` wrote."""
        item = read_members(value, "entry", ("index", "entry", "nonce", "body", "anchor", "path"))
        entry, nonce = (read_maybe(read_b32, item[name], name) for name in ("entry", "nonce"))
        place = (read_integer(item["index"], "index"), read_integer(item["anchor"], "anchor"))
        path = tuple(read_b32(node, "path") for node in read_list(item["path"], "path"))
        if nonce is not None and entry is None:
            disclosed = Disclosed(nonce, Body.from_json(item["body"]))
            return cls(place[0], disclosed.entry, disclosed, place[1], path)
        if entry is None or nonce is not None or item["body"] is not None:
            raise EntryError("an entry is disclosed, by nonce and body, or it is not, and then shows 32 bytes")
        return cls(place[0], entry, None, place[1], path)
