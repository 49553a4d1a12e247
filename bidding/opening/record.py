"""The opening record (开标记录): one canonical JSON object for each listed bid, and the root that the host signs.

Pure, so that a verifier rebuilds the same bytes from list, shares or r, and streams. Prices are read out and stand in
the record; of other envelopes it says only that they were opened, for their contents are trade secrets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bidding.sealing.merkle import rfc6962_root
from bidding.tender.money import Money
from ledger import canonical
from ledger.acts import Envelope
from ledger.canonical import JsonObject, JsonValue
from ledger.json_fields import to_hex

VERSION = 1


class Outcome(StrEnum):
    """What became of a listed bid when it was opened."""

    OPENED = "opened"
    UNREADABLE = "unreadable"
    """It decrypts as sealed, but holds no document of its envelope."""
    VOID = "void"
    """It does not decrypt though the stream is as sealed: the bidder's own doing."""


@dataclass(frozen=True)
class RecordedBid:
    """A listed bid as the record states it; `outcome` None while it was not opened, `prices` of a price envelope."""

    bidder: bytes
    sequence: int
    header_hash: bytes
    head: bytes
    void: int
    outcome: Outcome | None = None
    prices: tuple[Money, ...] = ()

    def status(self) -> str:
        """Return `void 1` … `void 3` of the list, else the outcome, or `not_opened`."""
        if self.void:
            return f"void {self.void}"
        return self.outcome.value if self.outcome else "not_opened"


def record_line(tender: bytes, lot: int, envelope: Envelope, place: int, bid: RecordedBid) -> bytes:
    """Return the RFC 8785 bytes of one bid in the record; `place` counts from 0 in list order."""
    value: JsonObject = {
        "v": VERSION,
        "tender": to_hex(tender),
        "lot": lot,
        "envelope": envelope.text,
        "place": place,
        "bidder": to_hex(bid.bidder),
        "sequence": bid.sequence,
        "headerHash": to_hex(bid.header_hash),
        "head": to_hex(bid.head),
        "status": bid.status(),
    }
    if envelope is Envelope.PRICE:
        prices: list[JsonValue] = [price.to_json() for price in bid.prices]
        value["prices"] = prices
    return canonical.dumps(value)


def record_lines(tender: bytes, lot: int, envelope: Envelope, bids: Iterable[RecordedBid]) -> list[bytes]:
    """Return the lines of the record of one envelope, in list order."""
    return [record_line(tender, lot, envelope, place, bid) for place, bid in enumerate(bids)]


def record_root(lines: Iterable[bytes]) -> bytes:
    """Return the root that `OpeningRecord` carries: RFC 6962 over the lines."""
    return rfc6962_root(lines)
