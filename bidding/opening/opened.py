"""What was opened, for those who go on from there: the panel, the award, the opening record's host."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.evaluation.domain import OpenedBid
from bidding.opening import repository
from bidding.opening.errors import OpeningError
from bidding.opening.models import ListedBid, OpenedBidRow
from bidding.opening.record import Outcome, RecordedBid, record_lines, record_root
from bidding.tender.documents import BidderName, BidDocument, parse_document
from bidding.tender.money import Money
from ledger.acts import Envelope


class OpenedRecords:
    """The fixed list and what was opened of it, from this city's database (`bidding.evaluation.ports`)."""

    async def bidders(self, session: AsyncSession, tender: bytes, lot: int, envelope: Envelope) -> list[bytes]:
        """Return the bidders with an entry of void 0 on this lot and envelope, in list order."""
        await _need_box(session, tender)
        return [row.bidder for row in await repository.entries(session, tender, lot, envelope) if not row.void]

    async def price_bids(self, session: AsyncSession, tender: bytes, lot: int) -> list[OpenedBid]:
        """Return the bids on the lot's price envelope in list order, `place` their index among those of void 0."""
        await _need_box(session, tender)
        entries = [row for row in await repository.entries(session, tender, lot, Envelope.PRICE) if not row.void]
        opened = await repository.opened_bids(session, tender)
        return [
            OpenedBid(place, row.bidder, _prices(row, opened.get(row.header_hash)), row.header_hash in opened)
            for place, row in enumerate(entries)
        ]

    async def record(self, session: AsyncSession, tender: bytes, lot: int, envelope: Envelope) -> list[bytes]:
        """Return the lines of the opening record of this lot and envelope, as far as it was opened by now."""
        await _need_box(session, tender)
        entries = await repository.entries(session, tender, lot, envelope)
        opened = await repository.opened_bids(session, tender)
        return record_lines(tender, lot, envelope, [recorded(row, opened.get(row.header_hash)) for row in entries])

    async def opening_root(self, session: AsyncSession, tender: bytes, lot: int, envelope: Envelope) -> bytes:
        """Return the root that the opening record of this lot and envelope must carry."""
        return record_root(await self.record(session, tender, lot, envelope))

    async def document(
        self, session: AsyncSession, tender: bytes, lot: int, envelope: Envelope, bidder: bytes
    ) -> BidDocument:
        """Return a bidder's opened document; for readers who may see this envelope, which the caller has checked."""
        for entry in await repository.entries(session, tender, lot, envelope):
            row = await repository.opened(session, entry.header_hash) if entry.bidder == bidder else None
            if row is not None and row.outcome == Outcome.OPENED and row.document is not None:
                return parse_document(row.document, envelope, tender, lot)
        raise OpeningError("No document of this bidder was opened.", code="document.not_found")


def recorded(entry: ListedBid, opened: OpenedBidRow | None) -> RecordedBid:
    """Return an entry as the opening record states it."""
    outcome = Outcome(opened.outcome) if opened is not None else None
    return RecordedBid(
        entry.bidder, entry.sequence, entry.header_hash, entry.head, entry.void, outcome, _prices(entry, opened)
    )


def name_of(entry: ListedBid, opened: OpenedBidRow | None) -> BidderName | None:
    """Return how the bidder names itself; None if this is no opened price document or it names nobody."""
    document = _document(entry, opened)
    return document.bidder if document else None


def _prices(entry: ListedBid, opened: OpenedBidRow | None) -> tuple[Money, ...]:
    document = _document(entry, opened)
    return document.prices if document else ()


def _document(entry: ListedBid, opened: OpenedBidRow | None) -> BidDocument | None:
    if opened is None or opened.outcome != Outcome.OPENED or opened.document is None:
        return None
    return parse_document(opened.document, Envelope(entry.envelope), entry.tender, entry.lot)


async def _need_box(session: AsyncSession, tender: bytes) -> None:
    if await repository.box(session, tender) is None:
        raise OpeningError("The tender's box is shut: there is no list yet.", code="opening.not_yet")
