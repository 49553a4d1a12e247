"""Every query on tenders, their lots, acts and documents."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.tender.domain import TenderError, TenderState
from bidding.tender.models import TenderActRow, TenderDocumentRow, TenderLotRow, TenderRow, Visibility


async def find(session: AsyncSession, tender: bytes) -> TenderRow | None:
    """Return a tender, None if this city has not heard of it."""
    return await session.get(TenderRow, tender)


async def get(session: AsyncSession, tender: bytes) -> TenderRow:
    """Return a tender; refuse an unknown one."""
    row = await find(session, tender)
    if row is None:
        raise TenderError("this city knows no tender with this id", code="tender.unknown", tender=tender)
    return row


async def page(
    session: AsyncSession, *, state: TenderState | None = None, limit: int = 50, offset: int = 0
) -> Sequence[TenderRow]:
    """Return tenders, latest deadline first."""
    query = select(TenderRow).order_by(TenderRow.deadline.desc(), TenderRow.tender)
    if state is not None:
        query = query.where(TenderRow.state == state.value)
    return (await session.scalars(query.limit(limit).offset(offset))).all()


async def lots(session: AsyncSession, tender: bytes) -> Sequence[TenderLotRow]:
    """Return a tender's lots, ascending."""
    query = select(TenderLotRow).where(TenderLotRow.tender == tender).order_by(TenderLotRow.number)
    return (await session.scalars(query)).all()


async def lot(session: AsyncSession, tender: bytes, number: int) -> TenderLotRow:
    """Return one lot; refuse an unknown one."""
    row = await session.get(TenderLotRow, (tender, number))
    if row is None:
        raise TenderError(f"the tender has no lot {number}", code="lot.unknown", lot=number)
    return row


async def acts(
    session: AsyncSession,
    tender: bytes,
    *,
    type_: str | None = None,
    lot_number: int | None = None,
    visible: Sequence[Visibility] | None = None,
) -> Sequence[TenderActRow]:
    """Return a tender's acts in the order they were taken."""
    query = select(TenderActRow).where(TenderActRow.tender == tender).order_by(TenderActRow.id)
    if type_ is not None:
        query = query.where(TenderActRow.type == type_)
    if lot_number is not None:
        query = query.where(TenderActRow.lot == lot_number)
    if visible is not None:
        query = query.where(TenderActRow.visibility.in_([v.value for v in visible]))
    return (await session.scalars(query)).all()


async def act(session: AsyncSession, digest: bytes, signer: bytes | None = None) -> TenderActRow | None:
    """Return an act by its digest, of one signer or of the first."""
    query = select(TenderActRow).where(TenderActRow.digest == digest).order_by(TenderActRow.id)
    if signer is not None:
        query = query.where(TenderActRow.signer == signer)
    return (await session.scalars(query.limit(1))).first()


async def same_act(session: AsyncSession, digest: bytes) -> Sequence[TenderActRow]:
    """Return the rows of an act: one for each of its signers."""
    return (await session.scalars(select(TenderActRow).where(TenderActRow.digest == digest))).all()


async def document(session: AsyncSession, tender: bytes, sha256: bytes) -> TenderDocumentRow | None:
    """Return a document of a tender by its hash."""
    return await session.get(TenderDocumentRow, (tender, sha256))


async def notices_of(session: AsyncSession, tenders: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return the notices in force of several tenders with one query, by tender; those that are not kept are missing."""
    in_force = (TenderDocumentRow.tender == TenderRow.tender) & (TenderDocumentRow.sha256 == TenderRow.notice)
    query = select(TenderDocumentRow).join(TenderRow, in_force).where(TenderRow.tender.in_(tenders))
    return {row.tender: row.content for row in await session.scalars(query)}


async def documents_of(
    session: AsyncSession, tender: bytes, visible: Sequence[Visibility]
) -> Sequence[tuple[bytes, str, int]]:
    """Return hash, kind and size of a tender's documents, by kind."""
    row = TenderDocumentRow
    query = select(row.sha256, row.kind, func.length(row.content)).where(
        row.tender == tender, row.visibility.in_([v.value for v in visible])
    )
    return [(sha256, kind, size) for sha256, kind, size in await session.execute(query.order_by(row.kind, row.sha256))]


async def documents(
    session: AsyncSession, tender: bytes, *, visible: Sequence[Visibility] | None = None
) -> Sequence[TenderDocumentRow]:
    """Return a tender's documents by hash, of these visibilities or all."""
    query = select(TenderDocumentRow).where(TenderDocumentRow.tender == tender).order_by(TenderDocumentRow.sha256)
    if visible is not None:
        query = query.where(TenderDocumentRow.visibility.in_([v.value for v in visible]))
    return (await session.scalars(query)).all()


async def keep_document(
    session: AsyncSession,
    tender: bytes,
    content: bytes,
    kind: str,
    *,
    lot_number: int | None = None,
    visibility: Visibility = Visibility.PUBLIC,
) -> bytes:
    """Keep a document once, and return its SHA-256."""
    sha256 = hashlib.sha256(content).digest()
    if await document(session, tender, sha256) is None:
        session.add(
            TenderDocumentRow(
                tender=tender,
                sha256=sha256,
                kind=kind,
                lot=lot_number,
                content=content,
                visibility=visibility.value,
            )
        )
        await session.flush()
    return sha256


async def mark_stale(session: AsyncSession, tenders: Sequence[bytes]) -> None:
    """Note that the chain said something about these tenders."""
    await session.execute(update(TenderRow).where(TenderRow.tender.in_(tenders)).values(stale=True))


async def stale(session: AsyncSession, limit: int = 100) -> Sequence[bytes]:
    """Return the ids of tenders whose state on chain has to be read again."""
    return (await session.scalars(select(TenderRow.tender).where(TenderRow.stale).limit(limit))).all()


async def forget_from(session: AsyncSession, block: int) -> None:
    """Have every tender read again whose state was taken at `block` or later: the chain changed its mind."""
    await session.execute(update(TenderRow).where(TenderRow.seen_block >= block).values(stale=True, seen_block=0))


async def lots_of(session: AsyncSession, tenders: Sequence[bytes]) -> dict[bytes, list[TenderLotRow]]:
    """Return the lots of several tenders with one query, ascending, by tender."""
    query = select(TenderLotRow).where(TenderLotRow.tender.in_(tenders)).order_by(TenderLotRow.number)
    found: dict[bytes, list[TenderLotRow]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.tender, []).append(row)
    return found
