"""Every query on opened boxes, records of holders and bidders, and opened bids."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening.models import (
    BidderRecord,
    HolderRecord,
    ListedBid,
    MissedSlip,
    OpenedBidRow,
    OpenedBox,
    SlipVerdict,
)
from ledger.acts import Act, ShareRelease


async def box(session: AsyncSession, tender: bytes) -> OpenedBox | None:
    """Return the tender's list as it was read here, None while its box is shut."""
    return await session.get(OpenedBox, tender)


async def entries(
    session: AsyncSession, tender: bytes, lot: int | None = None, envelope: int | None = None
) -> Sequence[ListedBid]:
    """Return the entries of the list in order, of one lot and envelope if given."""
    query = select(ListedBid).where(ListedBid.tender == tender).order_by(ListedBid.position)
    if lot is not None:
        query = query.where(ListedBid.lot == lot)
    if envelope is not None:
        query = query.where(ListedBid.envelope == envelope)
    return (await session.scalars(query)).all()


async def entry(session: AsyncSession, tender: bytes, header_hash: bytes) -> ListedBid | None:
    """Return the entry with this headerHash."""
    query = select(ListedBid).where(ListedBid.tender == tender, ListedBid.header_hash == header_hash)
    return (await session.scalars(query)).first()


async def verdicts(session: AsyncSession, tender: bytes) -> Sequence[SlipVerdict]:
    """Return what became of every slip of the tender, by place."""
    query = select(SlipVerdict).where(SlipVerdict.tender == tender)
    return (await session.scalars(query.order_by(SlipVerdict.origin, SlipVerdict.index))).all()


async def missed(session: AsyncSession, tender: bytes) -> Sequence[MissedSlip]:
    """Return the slips of the tender that this city took and that are not in the box, by hash."""
    query = select(MissedSlip).where(MissedSlip.tender == tender).order_by(MissedSlip.slip_hash)
    return (await session.scalars(query)).all()


async def holder_records(
    session: AsyncSession, tender: bytes, act: type[Act] | None = None, subject: bytes | None = None
) -> Sequence[HolderRecord]:
    """Return the holders' acts on a tender, false ones too, by type, subject and holder."""
    query = select(HolderRecord).where(HolderRecord.tender == tender)
    if act is not None:
        query = query.where(HolderRecord.type == act.name())
    if subject is not None:
        query = query.where(HolderRecord.subject == subject)
    order = (HolderRecord.type, HolderRecord.subject, HolderRecord.holder, HolderRecord.digest)
    return (await session.scalars(query.order_by(*order))).all()


async def bidder_record(session: AsyncSession, header_hash: bytes) -> BidderRecord | None:
    """Return the bidder's own opening of this header."""
    return await session.get(BidderRecord, header_hash)


async def bidder_records(session: AsyncSession, tender: bytes) -> Sequence[BidderRecord]:
    """Return all openings by bidders, by headerHash."""
    query = select(BidderRecord).where(BidderRecord.tender == tender).order_by(BidderRecord.header_hash)
    return (await session.scalars(query)).all()


async def tenders_with_unopened(session: AsyncSession) -> set[bytes]:
    """Return the tenders for which somebody handed in what opens a bid that is not opened yet."""
    opened_here = select(OpenedBidRow.header_hash)
    by_bidder = select(BidderRecord.tender).where(BidderRecord.header_hash.not_in(opened_here))
    shares = select(HolderRecord.tender).where(
        HolderRecord.type == ShareRelease.name(), HolderRecord.subject.not_in(opened_here)
    )
    return set(await session.scalars(by_bidder.union(shares)))


async def opened(session: AsyncSession, header_hash: bytes) -> OpenedBidRow | None:
    """Return what became of a bid when it was opened."""
    return await session.get(OpenedBidRow, header_hash)


async def opened_bids(session: AsyncSession, tender: bytes) -> dict[bytes, OpenedBidRow]:
    """Return every opened bid of the tender by headerHash."""
    rows = await session.scalars(select(OpenedBidRow).where(OpenedBidRow.tender == tender))
    return {row.header_hash: row for row in rows}
