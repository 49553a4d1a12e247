"""One bid opened: from header, Z and stream to its document, or to whose fault it is that there is none. Pure."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from bidding.opening.record import Outcome
from bidding.sealing.errors import VoidBidError
from bidding.sealing.header import Label
from bidding.sealing.keyset import KeySet
from bidding.sealing.shares import VerifiedShare
from bidding.sealing.stream import SeekableSource
from bidding.sealing.tdh2 import VerifiedHeader, combine, open_document
from bidding.tender.documents import BidDocument, parse_document
from ledger.errors import SunbidError


@dataclass(frozen=True)
class OpenedPayload:
    """What came out: the document's bytes unless the bid is void, and the parsed document if it can be read."""

    outcome: Outcome
    content: bytes | None = None
    document: BidDocument | None = None
    reason: str | None = None


def open_bid(verified: VerifiedHeader, z: bytes, stream: SeekableSource) -> OpenedPayload:
    """Return what the bid holds; `z` is Z, 33 bytes.

    Raises `StoreDamageError` for a stream that is not the one that was sealed: fetch it from another city. A bid that
    does not decrypt is VOID, one that holds no document of its envelope, tender and lot UNREADABLE, each with a reason.
    """
    sink = io.BytesIO()
    try:
        open_document(verified, z, stream, sink)
    except VoidBidError as error:
        return OpenedPayload(Outcome.VOID, reason=error.message)
    content, label = sink.getvalue(), Label.decode(verified.header.label)
    try:
        document = parse_document(content, label.envelope, label.tender, label.lot)
    except SunbidError as error:
        return OpenedPayload(Outcome.UNREADABLE, content, reason=error.message)
    return OpenedPayload(Outcome.OPENED, content, document)


def z_of_shares(verified: VerifiedHeader, keys: KeySet, shares: Sequence[VerifiedShare]) -> bytes | None:
    """Return Z from the k shares of the lowest indices among these, None while there are too few."""
    by_index = {share.index: share for share in shares}
    if len(by_index) < keys.k:
        return None
    return combine(verified, keys, tuple(by_index[i] for i in sorted(by_index)[: keys.k]))
