"""What a bundle shows of the openings: r or shares with streams where contents are public, else the record's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box.book import TenderAtBlock
from bidding.opening import repository
from bidding.opening.models import BidderRecord, HolderRecord, ListedBid, OpenedBidRow
from bidding.opening.opened import recorded
from bidding.opening.record import record_lines, record_root
from bidding.sealing.header import Header
from bidding.tender import repository as tenders
from ledger.acts import BidOpening, Envelope, OpeningRecord, ShareRelease
from witness.audit.parts import SignedRecord
from witness.audit.shown import ShownBid, ShownEnvelope


class StreamSource(Protocol):
    """Gives the stored streams of listed bids."""

    async def read(self, head: bytes, length: int) -> bytes | None:
        """Return a stream whole, None if no city has it; `length` counts payload octets."""
        ...


@dataclass(frozen=True)
class CollectedOpenings:
    """The member `openings.json`, and the streams by head."""

    envelopes: tuple[ShownEnvelope, ...]
    streams: dict[bytes, bytes]


@dataclass(frozen=True)
class _Records:
    shares: Sequence[HolderRecord]
    bidders: dict[bytes, BidderRecord]
    opened: dict[bytes, OpenedBidRow]


async def collect_openings(
    session: AsyncSession, at: TenderAtBlock, source: StreamSource, *, full: bool
) -> CollectedOpenings:
    """Return the openings; without `full`, shares and streams of price envelopes only."""
    records = _Records(
        [r for r in await repository.holder_records(session, at.tender, ShareRelease) if r.fault is None],
        {row.header_hash: row for row in await repository.bidder_records(session, at.tender)},
        await repository.opened_bids(session, at.tender),
    )
    envelopes: list[ShownEnvelope] = []
    streams: dict[bytes, bytes] = {}
    for lot in at.lots:
        for envelope in Envelope:
            if not lot.has_opened(envelope):
                continue
            rows = await repository.entries(session, at.tender, lot.number, envelope)
            late = await _late(session, at.tender, lot.number, envelope, rows, records)
            if not full and envelope is not Envelope.PRICE:
                envelopes.append(_stated(lot.number, envelope, rows, records, late))
                continue
            envelopes.append(_shown(lot.number, envelope, rows, records, late))
            for row in rows:
                if row.header_hash in records.opened:
                    stream = await source.read(row.head, Header.decode(row.header).shape.length)
                    streams |= {} if stream is None else {row.head: stream}
    return CollectedOpenings(tuple(envelopes), streams)


def _shown(
    lot: int, envelope: Envelope, rows: Sequence[ListedBid], records: _Records, late: tuple[bytes, ...]
) -> ShownEnvelope:
    bids = [_bid(row, records) for row in rows if not row.void]
    return ShownEnvelope(lot, envelope, tuple(b for b in bids if b.opening or b.shares), late=late)


def _bid(row: ListedBid, records: _Records) -> ShownBid:
    shares = [
        SignedRecord(ShareRelease.from_json(r.act), r.signature) for r in records.shares if r.subject == row.header_hash
    ]
    own = records.bidders.get(row.header_hash)
    opening = SignedRecord(BidOpening.from_json(own.act), own.signature) if own else None
    return ShownBid(row.header_hash, opening, tuple(shares))


def _stated(
    lot: int, envelope: Envelope, rows: Sequence[ListedBid], records: _Records, late: tuple[bytes, ...]
) -> ShownEnvelope:
    known = {h: row for h, row in records.opened.items() if h not in late}
    statuses = tuple(recorded(row, known.get(row.header_hash)).status() for row in rows)
    return ShownEnvelope(lot, envelope, (), statuses)


async def _late(
    session: AsyncSession, tender: bytes, lot: int, envelope: Envelope, rows: Sequence[ListedBid], records: _Records
) -> tuple[bytes, ...]:
    """Return the bids that were opened after the host had signed the record: without them its root comes out."""
    acts = await tenders.acts(session, tender, type_=OpeningRecord.name(), lot_number=lot)
    stated = [OpeningRecord.from_json(row.act) for row in acts]
    roots = [act.root for act in stated if act.envelope == envelope]
    opened = sorted(
        (row for row in rows if row.header_hash in records.opened),
        key=lambda row: records.opened[row.header_hash].opened_at,
    )
    for count in range(len(opened), -1, -1):
        known = {row.header_hash: records.opened[row.header_hash] for row in opened[:count]}
        lines = record_lines(tender, lot, envelope, [recorded(row, known.get(row.header_hash)) for row in rows])
        if record_root(lines) in roots:
            return tuple(row.header_hash for row in opened[count:])
    return ()
