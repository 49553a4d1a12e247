"""What city, partner and device hand each other about streams and slips, and its JSON form (bytes as 0x hex)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from bidding.box.errors import SlipError
from ledger.acts import Acknowledgement, StreamReceipt
from ledger.canonical import JsonObject, JsonValue
from ledger.json_fields import need_size, read_b32, read_bytes, read_list, read_members, to_hex

STREAM_HEAD = "Sunbid-Head"
STREAM_LENGTH = "Sunbid-Length"
SLIP_ORIGIN = "Sunbid-Origin"


@dataclass(frozen=True)
class CityReceipt:
    """One city's signature of a `StreamReceipt`."""

    city: bytes
    signature: bytes

    def to_json(self) -> JsonObject:
        """Return the JSON form."""
        return {"city": to_hex(self.city), "signature": to_hex(self.signature)}

    @classmethod
    def from_json(cls, value: JsonValue) -> Self:
        """Return what `to_json` wrote."""
        members = read_members(value, "receipt", ("city", "signature"))
        return cls(read_b32(members["city"], "city"), _signature(members["signature"]))


@dataclass(frozen=True)
class StreamReceipts:
    """The receipts of one stream by all cities that keep it, as far as the answering city knows."""

    act: StreamReceipt
    by: tuple[CityReceipt, ...]

    def to_json(self) -> JsonObject:
        """Return the JSON form."""
        return {"act": self.act.to_json(), "receipts": [receipt.to_json() for receipt in self.by]}

    @classmethod
    def from_json(cls, value: JsonValue) -> Self:
        """Return what `to_json` wrote."""
        members = read_members(value, "receipts of a stream", ("act", "receipts"))
        by = tuple(CityReceipt.from_json(item) for item in read_list(members["receipts"], "receipts"))
        return cls(StreamReceipt.from_json(members["act"]), by)


@dataclass(frozen=True)
class CityAcknowledgement:
    """One city's signed `Acknowledgement` of a slip; each city states its own times."""

    city: bytes
    act: Acknowledgement
    signature: bytes

    def to_json(self) -> JsonObject:
        """Return the JSON form."""
        return {"city": to_hex(self.city), "act": self.act.to_json(), "signature": to_hex(self.signature)}

    @classmethod
    def from_json(cls, value: JsonValue) -> Self:
        """Return what `to_json` wrote."""
        members = read_members(value, "acknowledgement", ("city", "act", "signature"))
        act = Acknowledgement.from_json(members["act"])
        return cls(read_b32(members["city"], "city"), act, _signature(members["signature"]))


@dataclass(frozen=True)
class Acknowledgements:
    """The acknowledgements of one slip for one origin, as far as the answering city knows."""

    origin: bytes
    slip_hash: bytes
    by: tuple[CityAcknowledgement, ...]

    def to_json(self) -> JsonObject:
        """Return the JSON form."""
        by: list[JsonValue] = [acknowledgement.to_json() for acknowledgement in self.by]
        return {"origin": to_hex(self.origin), "slip": to_hex(self.slip_hash), "acknowledgements": by}

    @classmethod
    def from_json(cls, value: JsonValue) -> Self:
        """Return what `to_json` wrote; every acknowledgement must be of this slip and origin."""
        members = read_members(value, "acknowledgements of a slip", ("origin", "slip", "acknowledgements"))
        items = read_list(members["acknowledgements"], "acknowledgements")
        by = tuple(CityAcknowledgement.from_json(item) for item in items)
        found = cls(read_b32(members["origin"], "origin"), read_b32(members["slip"], "slip"), by)
        if any((a.act.origin, a.act.slip) != (found.origin, found.slip_hash) for a in by):
            raise SlipError("An acknowledgement is of another slip or origin.", code="slip.acknowledgement")
        return found


def _signature(value: JsonValue) -> bytes:
    return need_size(read_bytes(value, "signature"), 65, "signature")
