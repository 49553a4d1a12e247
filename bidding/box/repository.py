"""Every query on streams, slips and quotas."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from bidding.box.models import QuotaHour, StoredAcknowledgement, StoredReceipt, StoredSlip, StoredStream
from witness.log.repository import insert_into, insert_once

_PORTION = 1000
"""Slips that are held in memory at once."""

_MOST = "most_"
"""Before a column's name: the parameter that it is compared with."""

_Insert = postgresql.Insert | sqlite.Insert


async def stream(session: AsyncSession, head: bytes) -> StoredStream | None:
    """Return the stream that is kept under this head."""
    return await session.get(StoredStream, head)


async def publish_streams(session: AsyncSession, heads: Sequence[bytes]) -> None:
    """Let anybody fetch these streams from now on, where this city keeps them."""
    await session.execute(update(StoredStream).where(StoredStream.head.in_(heads)).values(public=True))


async def receipts(session: AsyncSession, head: bytes) -> Sequence[StoredReceipt]:
    """Return the receipts of a stream, by city."""
    found = await session.scalars(select(StoredReceipt).where(StoredReceipt.head == head).order_by(StoredReceipt.city))
    return found.all()


async def keep_slip(session: AsyncSession, slip: bytes, slip_hash: bytes, origin: bytes, received_at: datetime) -> bool:
    """Store a slip, once for each origin; return whether it is new. Of the same one twice at a moment, one is."""
    row = {"slip_hash": slip_hash, "origin": origin, "slip": slip, "received_at": received_at}
    return await session.scalar(insert_once(session, StoredSlip, returning="origin"), row) is not None


async def keep_acknowledgements(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Store acknowledgements, each as it was first given."""
    await session.execute(insert_once(session, StoredAcknowledgement), rows)


async def slips_received(session: AsyncSession, origin: bytes, start: datetime, end: datetime) -> Sequence[StoredSlip]:
    """Return the slips taken for an origin from `start` to `end`, both included, in the order of their hashes."""
    query = select(StoredSlip).where(StoredSlip.origin == origin, StoredSlip.received_at.between(start, end))
    return (await session.scalars(query.order_by(StoredSlip.slip_hash))).all()


async def slips_taken(session: AsyncSession, start: datetime, end: datetime) -> AsyncIterator[Sequence[StoredSlip]]:
    """Yield the slips taken for any origin from `start` to `end`, both included, in their order, in portions."""
    query = select(StoredSlip).where(StoredSlip.received_at.between(start, end)).order_by(StoredSlip.received_at)
    rows = await session.stream_scalars(query.execution_options(yield_per=_PORTION))
    async for portion in rows.partitions():
        yield portion


async def acknowledgements(session: AsyncSession, slip_hash: bytes, origin: bytes) -> Sequence[StoredAcknowledgement]:
    """Return the acknowledgements of a slip, by city."""
    query = select(StoredAcknowledgement).where(
        StoredAcknowledgement.slip_hash == slip_hash, StoredAcknowledgement.origin == origin
    )
    return (await session.scalars(query.order_by(StoredAcknowledgement.city))).all()


async def use_quota(
    session: AsyncSession, account: bytes, hour: int, more: Mapping[str, int], most: Mapping[str, int]
) -> bool:
    """Add `more` to what the account used in this hour, by column, unless it used up one of `most` before.

    Return whether it was added. One statement, so that of uploads at the same moment every one is counted.
    """
    row = {"account": account, "hour": hour, "octets": 0, "streams": 0, "slips": 0, **more}
    limits = {_MOST + name: count for name, count in most.items()}
    statement = _use_quota(insert_into(session, QuotaHour), tuple(more), tuple(most))
    return await session.scalar(statement, row | limits) is not None


@cache
def _use_quota(into: _Insert, more: tuple[str, ...], most: tuple[str, ...]) -> ReturningInsert[Any]:
    used = QuotaHour.__table__.c
    return into.on_conflict_do_update(
        index_elements=["account", "hour"],
        set_={name: used[name] + into.excluded[name] for name in more},
        where=and_(*(used[name] < bindparam(_MOST + name, type_=BigInteger) for name in most)),
    ).returning(used.hour)


async def octets_since(session: AsyncSession, account: bytes, hour: int) -> int:
    """Return the octets this account uploaded from this hour on."""
    total = select(func.coalesce(func.sum(QuotaHour.octets), 0)).where(
        QuotaHour.account == account, QuotaHour.hour >= hour
    )
    return int(await session.scalar(total) or 0)


async def forget_quotas(session: AsyncSession, before_hour: int) -> None:
    """Delete the totals of hours that no quota looks at any more."""
    await session.execute(delete(QuotaHour).where(QuotaHour.hour < before_hour))
