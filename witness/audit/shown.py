"""What a bundle shows of box, list and openings, each member read strictly. Nothing here is verified."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.acts import BidList, BidOpening, BoxShare, Envelope, ShareRelease
from ledger.canonical import JsonObject, JsonValue
from ledger.json_fields import (
    FieldError,
    read_b32,
    read_bytes,
    read_integer,
    read_list,
    read_members,
    read_text,
    to_hex,
)
from witness.audit.parts import SignedRecord, read_record, read_signature


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
            tuple(read_signature(signature) for signature in read_list(item["signatures"], "signatures")),
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
