"""Queries on panels and on what they signed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.evaluation.report import Report, parse_report
from bidding.panel.domain import Panel, Seat
from bidding.panel.models import PanelSeatRow
from bidding.tender import repository
from bidding.tender.models import TenderActRow
from ledger.acts import EnvelopeExclusion
from ledger.json_fields import to_hex


async def panel(session: AsyncSession, tender: bytes) -> Panel:
    """Return the tender's panel, without seats if none is appointed."""
    return Panel(tuple(Seat(row.seat, row.key, row.conflicted) for row in await seat_rows(session, tender)))


async def seat_rows(session: AsyncSession, tender: bytes) -> Sequence[PanelSeatRow]:
    """Return the seats in order."""
    query = select(PanelSeatRow).where(PanelSeatRow.tender == tender).order_by(PanelSeatRow.position)
    return (await session.scalars(query)).all()


async def signers_of_report(session: AsyncSession, tender: bytes, lot: int, root: bytes) -> list[bytes]:
    """Return the keys that signed the report with this root, dissenting or not."""
    rows = await repository.acts(session, tender, type_="EvaluationReport", lot_number=lot)
    return [row.signer for row in rows if row.act["root"] == to_hex(root)]


async def report(session: AsyncSession, tender: bytes, lot: int, root: bytes) -> Report | None:
    """Return the report with this root."""
    for row in await repository.acts(session, tender, type_="EvaluationReport", lot_number=lot):
        if row.act["root"] == to_hex(root) and row.body is not None:
            document = await repository.document(session, tender, row.body)
            return parse_report(document.content) if document else None
    return None


async def excluded(session: AsyncSession, tender: bytes, lot: int) -> frozenset[bytes]:
    """Return the bidders that stand excluded after earlier envelopes: the last accepted exclusion of each counts."""
    rows = await repository.acts(session, tender, type_="EnvelopeExclusion", lot_number=lot)
    standing = {row.act["envelope"]: row for row in rows if row.confirmed_at is not None}
    acts = [EnvelopeExclusion.from_json(row.act) for row in standing.values()]
    return frozenset(bidder for act in acts for bidder in act.excluded)


async def sheets(session: AsyncSession, tender: bytes, lot: int) -> Sequence[TenderActRow]:
    """Return the locked score sheets of a lot."""
    return await repository.acts(session, tender, type_="ScoreSheet", lot_number=lot)
