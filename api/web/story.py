"""A tender's story for its page: the stations of its way, and the entries of the witness log in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from api.web.charts import Progress, Station
from bidding.box.book import LotState
from bidding.tender.domain import TenderState
from bidding.tender.models import TenderLotRow, TenderRow
from ledger.clock import from_unix
from witness.log.kinds import Kind
from witness.log.service import PublicLog, TenderEntry

_BROKEN = {TenderState.FAILED, TenderState.TERMINATED}


@dataclass(frozen=True)
class Line:
    """One entry of the log as people read it; everything but index and number is None while it is not disclosed."""

    index: int
    number: int
    kind: str | None = None
    at: int | None = None
    role: str | None = None
    lot: int | None = None
    record: str | None = None
    holder: int | None = None
    envelope: str | None = None
    prices: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Chapter:
    """Lines that are read together; `key` names what they tell, None for a line that stands by itself."""

    key: str | None
    lines: tuple[Line, ...]


_FOLDED = {
    Kind.BOX_OPENED: "fold.box",
    Kind.BID_LIST_FIXED: "fold.box",
    Kind.BIDDER_OPENED: "fold.bids",
    Kind.COMMITTEE_OPENED: "fold.bids",
    Kind.PRICE_READ: "fold.bids",
}
_FEW = 3


def chapters(lines: Sequence[Line]) -> list[Chapter]:
    """Return the lines with long runs of an opening's records folded into one chapter each; none is left out."""
    found: list[Chapter] = []
    for key, run in groupby(lines, lambda line: _FOLDED.get(Kind(line.kind)) if line.kind else None):
        together = tuple(run)
        if key is not None and len(together) > _FEW:
            found.append(Chapter(key, together))
        else:
            found += [Chapter(None, (line,)) for line in together]
    return found


async def story(session: AsyncSession, log: PublicLog, tender: bytes) -> list[Line]:
    """Return the tender's entries in the order of the log."""
    return [_line(entry) for entry in await log.disclosed(session, tender)]


def _line(entry: TenderEntry) -> Line:
    if entry.disclosed is None:
        return Line(entry.index, entry.seq)
    body = entry.disclosed.body
    data: dict[str, Any] = dict(body.data)
    return Line(
        index=entry.index,
        number=entry.seq,
        kind=body.kind.value,
        at=body.occurred_at,
        role=body.actor_role.value,
        lot=body.lot or None,
        record=data.get("record"),
        holder=data.get("holder"),
        envelope=data["envelope"] if isinstance(data.get("envelope"), str) else None,
        prices=tuple(data.get("prices", ())),
    )


def stations(
    row: TenderRow, lots: Sequence[TenderLotRow], lines: Sequence[Line], words: Callable[[str], str]
) -> list[Station]:
    """Return the way of a tender: what was reached and when, what is under way, where it broke off."""
    recorded = _last(line.at for line in lines if line.kind == Kind.OPENING_RECORD)
    open_lots = [lot for lot in lots if lot.state != TenderState.FAILED]
    moments: list[tuple[str, int | None, bool]] = [
        ("way.announced", row.announced_at, row.announced_at is not None),
        ("way.deadline", row.deadline, row.closing_at is not None),
        ("way.listed", row.listed_at, row.listed_at is not None),
        ("way.opened", recorded, _all(open_lots, lambda lot: lot.chain_state in {LotState.OPENED, LotState.AWARDED})),
        ("way.reported", _last(lot.reported_at for lot in open_lots), _all(open_lots, lambda lot: bool(lot.report))),
        (
            "way.decided",
            _last(lot.decided_at for lot in open_lots),
            _all(open_lots, lambda lot: lot.chain_state == LotState.AWARDED),
        ),
    ]
    ahead = next((place for place, (*_, reached) in enumerate(moments) if not reached), len(moments))
    current = Progress.BROKEN if TenderState(row.state) in _BROKEN else Progress.NOW
    found = []
    for place, (key, seconds, _) in enumerate(moments):
        progress = Progress.DONE if place < ahead else current if place == ahead else Progress.AHEAD
        known = seconds is not None and (progress is Progress.DONE or key == "way.deadline")
        found.append(Station(words(key), progress, from_unix(seconds) if known and seconds is not None else None))
    return found


def _all(lots: Sequence[TenderLotRow], holds: Callable[[TenderLotRow], bool]) -> bool:
    return bool(lots) and all(map(holds, lots))


def _last(moments: Any) -> int | None:
    return max((moment for moment in moments if moment is not None), default=None)
