"""What a city shows of an opening: to everybody, and to those who may see envelopes that hold trade secrets.

Shares and r of a price envelope are public. Those of the other envelopes would open trade secrets and personal data, so
the public view says only that they were opened, and by whose records.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening import repository
from bidding.opening.dues import Dues
from bidding.opening.errors import OpeningError
from bidding.opening.models import (
    BidderRecord,
    HolderRecord,
    ListedBid,
    MissedSlip,
    OpenedBidRow,
    OpenedBox,
    SlipVerdict,
)
from bidding.opening.opened import OpenedRecords, name_of, recorded
from bidding.opening.record import record_root
from ledger.acts import BidList, BidOpening, BoxShare, Envelope, ShareRelease
from ledger.canonical import JsonObject, JsonValue
from ledger.json_fields import to_hex


async def list_view(session: AsyncSession, tender: bytes) -> JsonObject:
    """Return the list as this city read it; raise `OpeningError` while the box is shut."""
    box = await _need_box(session, tender)
    entries: list[JsonValue] = [_entry(row) for row in await repository.entries(session, tender)]
    return {
        "tender": to_hex(tender),
        "inputs": to_hex(box.inputs),
        "boxSecret": to_hex(box.box_secret),
        "root": to_hex(box.root),
        "count": box.count,
        "counts": _counts(box),
        "entries": entries,
    }


async def explain_view(session: AsyncSession, tender: bytes, bidder: bytes | None = None) -> JsonObject:
    """Return what became of every slip of the tender and why, of one bidder if given.

    First those in the box, by place; then those without a place that this city took at its door.
    """
    await _need_box(session, tender)
    placed = [
        _explained(row, row.origin, row.index)
        for row in await repository.verdicts(session, tender)
        if bidder in (None, row.bidder)
    ]
    missed = [_explained(row) for row in await repository.missed(session, tender) if bidder in (None, row.bidder)]
    slips: list[JsonValue] = [*placed, *missed]
    return {"tender": to_hex(tender), "slips": slips}


def _explained(row: SlipVerdict | MissedSlip, origin: int | None = None, index: int | None = None) -> JsonObject:
    return {
        "slip": to_hex(row.slip_hash),
        "origin": origin,
        "index": index,
        "bidder": to_hex(row.bidder),
        "reason": row.reason,
        "because": row.sentence,
    }


async def opening_view(session: AsyncSession, tender: bytes, dues: Dues, *, full: bool = False) -> JsonObject:
    """Return the records of the opening and what was opened; `dues` tells who owes the shares of what was not.

    With `full`, shares and openings of all envelopes, for authorised readers only.
    """
    box = await repository.box(session, tender)
    entries = await repository.entries(session, tender)
    public = {row.header_hash for row in entries if full or row.envelope == Envelope.PRICE}
    records = await repository.holder_records(session, tender)
    good = [record for record in records if record.fault is None]
    shares = [r for r in good if r.type == ShareRelease.name()]
    bidders = await repository.bidder_records(session, tender)
    return {
        "tender": to_hex(tender),
        "inputs": to_hex(box.inputs) if box else None,
        "boxSecret": to_hex(box.box_secret) if box else None,
        "root": to_hex(box.root) if box else None,
        "count": box.count if box else None,
        "counts": _counts(box) if box else None,
        "boxShares": _records([r for r in good if r.type == BoxShare.name()]),
        "lists": _records([r for r in good if r.type == BidList.name()]),
        "shares": _records([r for r in shares if r.subject in public]),
        "bidderOpenings": _openings([row for row in bidders if row.header_hash in public]),
        "faults": _faults([r for r in records if r.fault is not None], public),
        "envelopes": await _envelopes(session, tender, entries, shares, bidders, dues),
    }


async def _envelopes(
    session: AsyncSession,
    tender: bytes,
    entries: Sequence[ListedBid],
    shares: Sequence[HolderRecord],
    bidders: Sequence[BidderRecord],
    dues: Dues,
) -> list[JsonValue]:
    opened = await repository.opened_bids(session, tender)
    by_bidder = {row.header_hash for row in bidders}
    found: list[JsonValue] = []
    for lot, envelope in sorted({(row.lot, row.envelope) for row in entries}):
        mine = [row for row in entries if (row.lot, row.envelope) == (lot, envelope)]
        lines = await OpenedRecords().record(session, tender, lot, Envelope(envelope))
        bids: list[JsonValue] = [
            {
                **_opened(row, opened.get(row.header_hash)),
                "openedByBidder": row.header_hash in by_bidder,
                **_released(row, shares, dues),
            }
            for row in mine
        ]
        root = to_hex(record_root(lines))
        found.append({"lot": lot, "envelope": Envelope(envelope).text, "recordRoot": root, "bids": bids})
    return found


def _opened(row: ListedBid, opened: OpenedBidRow | None) -> JsonObject:
    bid = recorded(row, opened)
    prices: list[JsonValue] = [price.to_json() for price in bid.prices]
    named = name_of(row, opened)
    return {
        "bidder": to_hex(bid.bidder),
        "name": named.name if named else None,
        "uscc": named.uscc if named and named.is_proven(bid.bidder) else None,
        "sequence": bid.sequence,
        "headerHash": to_hex(bid.header_hash),
        "head": to_hex(bid.head),
        "status": bid.status(),
        "because": opened.reason if opened else None,
        "prices": prices if row.envelope == Envelope.PRICE else None,
        "openedAt": opened.opened_at if opened else None,
    }


def _released(row: ListedBid, shares: Sequence[HolderRecord], dues: Dues) -> JsonObject:
    """Return which holders released a share of this bid, and who owes one: of a bid that is due and not opened."""
    released = {record.holder for record in shares if record.subject == row.header_hash}
    return {"sharesOf": _numbers(released), "noShareOf": _numbers(dues.owed_by(row.header_hash, released))}


def _numbers(numbers: set[int]) -> list[JsonValue]:
    ordered: list[JsonValue] = []
    ordered.extend(sorted(numbers))
    return ordered


def _entry(row: ListedBid) -> JsonObject:
    return {
        "position": row.position,
        "lot": row.lot,
        "envelope": Envelope(row.envelope).text,
        "origin": row.origin,
        "index": row.index,
        "bidder": to_hex(row.bidder),
        "sequence": row.sequence,
        "headerHash": to_hex(row.header_hash),
        "head": to_hex(row.head),
        "void": row.void,
        "header": to_hex(row.header),
    }


def _counts(box: OpenedBox) -> list[JsonValue]:
    return [{"lot": lot, "bidders": bidders} for lot, bidders in box.counts]


def _records(rows: Sequence[HolderRecord]) -> list[JsonValue]:
    return [_record(row) for row in rows]


def _record(row: HolderRecord) -> JsonObject:
    return {"type": row.type, "holder": row.holder, "act": row.act, "signature": to_hex(row.signature)}


def _openings(rows: Sequence[BidderRecord]) -> list[JsonValue]:
    return [{"type": BidOpening.name(), "act": row.act, "signature": to_hex(row.signature)} for row in rows]


def _faults(rows: Sequence[HolderRecord], public: set[bytes]) -> list[JsonValue]:
    """Return the evidence against holders; a false share of a secret envelope is named, not shown."""
    shown = [row for row in rows if row.type != ShareRelease.name() or row.subject in public]
    hidden = [row for row in rows if row not in shown]
    evidence: list[JsonValue] = [{**_record(row), "fault": row.fault} for row in shown]
    return evidence + [{"type": row.type, "holder": row.holder, "fault": row.fault} for row in hidden]


async def _need_box(session: AsyncSession, tender: bytes) -> OpenedBox:
    box = await repository.box(session, tender)
    if box is None:
        raise OpeningError("The tender's box is shut: there is no list yet.", code="opening.not_yet")
    return box
