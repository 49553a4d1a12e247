"""Every query on credit."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from credit.domain import Record, parse_body
from credit.models import CreditDocumentRow, CreditEntryRow, CreditOccasionRow


async def entry(session: AsyncSession, digest: bytes) -> CreditEntryRow | None:
    """Return an entry by its act's digest."""
    return await session.get(CreditEntryRow, digest)


async def posted(session: AsyncSession, subject: bytes) -> Sequence[CreditEntryRow]:
    """Return the subject's entries on the ledger, in its order."""
    query = select(CreditEntryRow).where(CreditEntryRow.subject == subject, CreditEntryRow.index.is_not(None))
    return (await session.scalars(query.order_by(CreditEntryRow.index))).all()


async def records(session: AsyncSession, subject: bytes) -> list[Record]:
    """Return the subject's records on the ledger, in its order, with the bodies that are held here."""
    return [
        Record(row.digest, row.entry, row.posted_at or 0, parse_body(row.body) if row.body else None)
        for row in await posted(session, subject)
    ]


async def document(session: AsyncSession, sha256: bytes) -> bytes | None:
    """Return a paper by its hash."""
    row = await session.get(CreditDocumentRow, sha256)
    return row.content if row else None


async def keep_document(session: AsyncSession, sha256: bytes, content: bytes) -> None:
    """Keep a paper once."""
    if await session.get(CreditDocumentRow, sha256) is None:
        session.add(CreditDocumentRow(sha256=sha256, content=content))
        await session.flush()


async def occasions(session: AsyncSession, subject: bytes | None = None) -> Sequence[CreditOccasionRow]:
    """Return what authorities may decide on, oldest first."""
    query = select(CreditOccasionRow).order_by(CreditOccasionRow.at, CreditOccasionRow.key)
    if subject is not None:
        query = query.where(CreditOccasionRow.subject == subject)
    return (await session.scalars(query)).all()


async def forget_from(session: AsyncSession, block: int) -> None:
    """Take back what the ledger said in `block` or later: own acts wait again, others' entries go."""
    lost = CreditEntryRow.block >= block
    await session.execute(delete(CreditEntryRow).where(lost, CreditEntryRow.act.is_(None)))
    await session.execute(update(CreditEntryRow).where(lost).values(index=None, posted_at=None, block=None))
