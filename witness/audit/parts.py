"""The parts of a bundle's JSON members, each read strictly: what is not exactly what `to_json` writes is refused.

Nothing here is verified; these are values that the claims are made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from ledger.acts import Act, BidList, BidOpening, BoxShare, Envelope, ShareRelease
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
    return Signed(act, _signature(item["signature"]), ActChain.from_json(chain))


def read_record(kind: type[_A], value: JsonValue) -> SignedRecord:
    """Return the record of this type that `SignedRecord.to_json` wrote."""
    item = read_members(value, kind.__name__, ("act", "signature"))
    return SignedRecord(kind.from_json(item["act"]), read_maybe(_signature_of, item["signature"], "signature"))


def _signature_of(value: JsonValue, name: str) -> bytes:
    return need_size(read_bytes(value, name), SIGNATURE_SIZE, name)


def _signature(value: JsonValue) -> bytes:
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


@dataclass(frozen=True)
class ShownSlip:
    """A slip of the tender (by its number in `box.json`) at an index of an origin's log, proven under a cut's root."""

    slip: int
    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True)
class ShownCut:
    """The tender's slips under the cut of one witness city."""

    city: bytes
    slips: tuple[ShownSlip, ...]


@dataclass(frozen=True)
class ShownOrigin:
    """What is shown of one origin: the slips of the tender, or, with the box, how many lines, after which subtrees."""

    origin: bytes
    cuts: tuple[ShownCut, ...]
    frontier: tuple[bytes, ...] = ()
    lines: int = 0

    def to_json(self) -> JsonObject:
        """Return the JSON object."""
        cuts: list[JsonValue] = [{"city": to_hex(cut.city), "slips": _slips_to_json(cut)} for cut in self.cuts]
        frontier: list[JsonValue] = [to_hex(head) for head in self.frontier]
        return {"origin": to_hex(self.origin), "cuts": cuts, "frontier": frontier, "lines": self.lines}

    @classmethod
    def from_json(cls, value: JsonValue) -> ShownOrigin:
        """Return the origin that `to_json` wrote."""
        item = read_members(value, "origin", ("origin", "cuts", "frontier", "lines"))
        cuts = []
        for each in read_list(item["cuts"], "cuts"):
            cut = read_members(each, "cut", ("city", "slips"))
            slips = tuple(_read_slip(slip) for slip in read_list(cut["slips"], "slips"))
            cuts.append(ShownCut(read_b32(cut["city"], "city"), slips))
        frontier = tuple(read_b32(head, "frontier") for head in read_list(item["frontier"], "frontier"))
        return cls(read_b32(item["origin"], "origin"), tuple(cuts), frontier, read_integer(item["lines"], "lines"))


def _slips_to_json(cut: ShownCut) -> list[JsonValue]:
    return [{"slip": s.slip, "index": s.index, "path": [to_hex(node) for node in s.path]} for s in cut.slips]


def _read_slip(value: JsonValue) -> ShownSlip:
    item = read_members(value, "slip", ("slip", "index", "path"))
    path = tuple(read_b32(node, "path") for node in read_list(item["path"], "path"))
    return ShownSlip(read_integer(item["slip"], "slip"), read_integer(item["index"], "index"), path)


@dataclass(frozen=True)
class ShownBox:
    """The box as it is shown: shares of its key, the tender's slips, where each stands, and what was admitted."""

    shares: tuple[SignedRecord, ...]
    slips: tuple[bytes, ...]
    origins: tuple[ShownOrigin, ...]
    admitted: tuple[bytes, ...]

    def to_json(self) -> JsonObject:
        """Return the JSON object of the member."""
        return {
            "shares": [share.to_json() for share in self.shares],
            "slips": [to_hex(slip) for slip in self.slips],
            "origins": [origin.to_json() for origin in self.origins],
            "admitted": [to_hex(slip) for slip in self.admitted],
        }

    @classmethod
    def from_json(cls, value: JsonValue) -> ShownBox:
        """Return the box that `to_json` wrote."""
        item = read_members(value, "box", ("shares", "slips", "origins", "admitted"))
        return cls(
            tuple(read_record(BoxShare, share) for share in read_list(item["shares"], "shares")),
            tuple(read_bytes(slip, "slip") for slip in read_list(item["slips"], "slips")),
            tuple(ShownOrigin.from_json(origin) for origin in read_list(item["origins"], "origins")),
            tuple(read_bytes(slip, "slip") for slip in read_list(item["admitted"], "admitted")),
        )


@dataclass(frozen=True)
class ShownList:
    """The list as k holders signed it; `entries` are the leaves under its root."""

    act: BidList
    signatures: tuple[bytes, ...]
    entries: tuple[bytes, ...]

    def to_json(self) -> JsonObject:
        """Return the JSON object of the member."""
        return {
            "act": self.act.to_json(),
            "signatures": [to_hex(signature) for signature in self.signatures],
            "entries": [to_hex(entry) for entry in self.entries],
        }

    @classmethod
    def from_json(cls, value: JsonValue) -> ShownList:
        """Return the list that `to_json` wrote."""
        item = read_members(value, "list", ("act", "signatures", "entries"))
        return cls(
            BidList.from_json(item["act"]),
            tuple(_signature(signature) for signature in read_list(item["signatures"], "signatures")),
            tuple(read_bytes(entry, "entry") for entry in read_list(item["entries"], "entries")),
        )


@dataclass(frozen=True)
class ShownBid:
    """By what a listed bid was opened: the bidder's r, or holders' shares; neither where it is shut, or not shown."""

    header_hash: bytes
    opening: SignedRecord | None
    shares: tuple[SignedRecord, ...]

    def to_json(self) -> JsonObject:
        """Return the JSON object."""
        return {
            "headerHash": to_hex(self.header_hash),
            "opening": self.opening.to_json() if self.opening else None,
            "shares": [share.to_json() for share in self.shares],
        }

    @classmethod
    def from_json(cls, value: JsonValue) -> ShownBid:
        """Return the bid that `to_json` wrote."""
        item = read_members(value, "bid", ("headerHash", "opening", "shares"))
        opening = item["opening"]
        return cls(
            read_b32(item["headerHash"], "headerHash"),
            None if opening is None else read_record(BidOpening, opening),
            tuple(read_record(ShareRelease, share) for share in read_list(item["shares"], "shares")),
        )


@dataclass(frozen=True)
class ShownEnvelope:
    """One envelope of one lot: its bids in list order, and what its opening record says where that is not computed.

    `statuses` are the record's own words for bids that this profile does not open, in list order; `late` are bids that
    were opened after the record.
    """

    lot: int
    envelope: Envelope
    bids: tuple[ShownBid, ...]
    statuses: tuple[str, ...] = ()
    late: tuple[bytes, ...] = ()

    def to_json(self) -> JsonObject:
        """Return the JSON object."""
        return {
            "lot": self.lot,
            "envelope": int(self.envelope),
            "bids": [bid.to_json() for bid in self.bids],
            "statuses": list(self.statuses),
            "late": [to_hex(header_hash) for header_hash in self.late],
        }

    @classmethod
    def from_json(cls, value: JsonValue) -> ShownEnvelope:
        """Return the envelope that `to_json` wrote."""
        item = read_members(value, "envelope", ("lot", "envelope", "bids", "statuses", "late"))
        envelope = read_integer(item["envelope"], "envelope")
        if envelope not in set(Envelope):
            raise FieldError("the envelope is none of qualification, technical and price", member="envelope")
        return cls(
            read_integer(item["lot"], "lot"),
            Envelope(envelope),
            tuple(ShownBid.from_json(bid) for bid in read_list(item["bids"], "bids")),
            tuple(read_text(status, "status") for status in read_list(item["statuses"], "statuses")),
            tuple(read_b32(header_hash, "late") for header_hash in read_list(item["late"], "late")),
        )
