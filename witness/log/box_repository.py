"""Every query on the box: the queue of slips, ticks, box checkpoints, and what a witness has seen and signed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ledger import canonical
from witness.log.box_checkpoint import Equivocation, SignedBoxCheckpoint
from witness.log.models import (
    AttestationRow,
    BoxCheckpointRow,
    BoxTickRow,
    CheckpointRow,
    EquivocationRow,
    PartnerFaultRow,
    QueuedSlipRow,
    WitnessClockRow,
    WitnessHeadRow,
)
from witness.log.ports import TreeHead
from witness.log.repository import insert_once

_QUEUE, _TICKS = QueuedSlipRow.__table__.c, BoxTickRow.__table__.c
_ACCOUNTS = select(_QUEUE.account).where(_QUEUE.index.is_(None)).order_by(_QUEUE.place)
_LAST_TICK = select(_TICKS.last).where(_TICKS.origin == bindparam("of"))
"""What the door asks for each slip: made once, and from tables, for the mapper would make more of it."""


@dataclass(frozen=True)
class QueuedSlip:
    """A slip that waits for a tick; without an `account` it is the city's own secret event, which goes last."""

    place: int
    slip: bytes
    account: bytes | None


class QueueRepository:
    """Slips between door and log, in the transaction of `session`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def put(
        self, slip_hash: bytes, slip: bytes, account: bytes | None, received_at: datetime, merge_by: int
    ) -> bool:
        """Store a slip that waits; one that was ever here stays as it is. Return whether it is new."""
        values = {"slip_hash": slip_hash, "slip": slip, "account": account, "received_at": received_at}
        statement = insert_once(self._session, QueuedSlipRow, returning="place")
        return await self._session.scalar(statement, {**values, "merge_by": merge_by}) is not None

    async def find(self, slip_hash: bytes) -> QueuedSlipRow | None:
        """Return the row of the slip with this SHA-256."""
        query = select(QueuedSlipRow).filter_by(slip_hash=slip_hash).execution_options(populate_existing=True)
        return (await self._session.scalars(query)).one_or_none()

    async def waiting(self) -> list[QueuedSlip]:
        """Return what is not merged yet, oldest first."""
        query = select(QueuedSlipRow.place, QueuedSlipRow.slip, QueuedSlipRow.account)
        rows = await self._session.execute(query.where(QueuedSlipRow.index.is_(None)).order_by(QueuedSlipRow.place))
        return [QueuedSlip(place, slip, account) for place, slip, account in rows if slip is not None]

    async def accounts(self) -> list[bytes | None]:
        """Return whose slips wait, oldest first."""
        return list(await self._session.scalars(_ACCOUNTS))

    async def merged(self, places: dict[int, int]) -> None:
        """Note the log index of each slip by its place, and forget its bytes and its account here."""
        if places:
            rows = [{"place": place, "index": index, "slip": None, "account": None} for place, index in places.items()]
            await self._session.execute(update(QueuedSlipRow), rows)  # by primary key, in bulk

    async def last_tick(self, origin: bytes) -> int | None:
        """Return the last tick that was merged, None before the first."""
        last: int | None = await self._session.scalar(_LAST_TICK, {"of": origin})
        return last

    async def set_last_tick(self, origin: bytes, tick: int) -> None:
        """Store that every tick up to this one is merged."""
        await self._session.merge(BoxTickRow(origin=origin, last=tick))


class BoxRepository:
    """Box checkpoints of all cities and evidence against them, in the transaction of `session`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, signed: SignedBoxCheckpoint) -> None:
        """Keep a checkpoint; the first signature of a city on a size and root stands."""
        values = {
            "origin": signed.origin,
            "size": signed.size,
            "city": signed.city,
            "root": signed.root,
            "at": signed.at,
            "signature": signed.signature,
        }
        await self._session.execute(insert_once(self._session, BoxCheckpointRow).values(**values))

    async def by_city(self, origin: bytes, size: int, city: bytes) -> list[SignedBoxCheckpoint]:
        """Return what the city signed at this size; more than one root is equivocation."""
        query = select(BoxCheckpointRow).filter_by(origin=origin, size=size, city=city)
        return [_signed(row) for row in await self._session.scalars(query)]

    async def at_size(self, origin: bytes, size: int) -> list[SignedBoxCheckpoint]:
        """Return what all cities signed at this size."""
        query = select(BoxCheckpointRow).filter_by(origin=origin, size=size).order_by(BoxCheckpointRow.city)
        return [_signed(row) for row in await self._session.scalars(query)]

    async def after(
        self, origin: bytes, size: int, *, city: bytes | None = None, sizes: int | None = None
    ) -> list[SignedBoxCheckpoint]:
        """Return the checkpoints larger than `size`, smallest first, of one city or all; at most `sizes` sizes."""
        query = select(BoxCheckpointRow).filter_by(origin=origin).where(BoxCheckpointRow.size > size)
        if city is not None:
            query = query.filter_by(city=city)
        if sizes is not None:
            within = select(BoxCheckpointRow.size).filter_by(origin=origin).where(BoxCheckpointRow.size > size)
            if city is not None:
                within = within.filter_by(city=city)
            within = within.distinct().order_by(BoxCheckpointRow.size).limit(sizes)
            query = query.where(BoxCheckpointRow.size.in_(within))
        query = query.order_by(BoxCheckpointRow.size, BoxCheckpointRow.city)
        return [_signed(row) for row in await self._session.scalars(query)]

    async def largest(self, origin: bytes, city: bytes) -> SignedBoxCheckpoint | None:
        """Return the largest checkpoint that the city signed."""
        query = select(BoxCheckpointRow).filter_by(origin=origin, city=city).order_by(BoxCheckpointRow.size.desc())
        row = (await self._session.scalars(query.limit(1))).one_or_none()
        return _signed(row) if row else None

    async def largest_by_cities(self, origin: bytes, city: bytes, others: int, after: int) -> TreeHead | None:
        """Return the largest tree above `after` that the log kept here had, and that `city` and `others` more signed.

        What `city` may have signed besides, in another history of the log, is left out.
        """
        kept = CheckpointRow.__table__.alias("kept")
        own = BoxCheckpointRow.__table__.alias("own")
        other = BoxCheckpointRow.__table__.alias("other")
        is_kept = (own.c.origin == kept.c.origin) & (own.c.size == kept.c.size) & (own.c.root == kept.c.root)
        same = (other.c.origin == own.c.origin) & (other.c.size == own.c.size) & (other.c.root == own.c.root)
        query = (
            select(own.c.size, own.c.root)
            .join(kept, is_kept)
            .join(other, same & (other.c.city != city))
            .where(own.c.origin == origin, own.c.city == city, own.c.size > after)
            .group_by(own.c.size, own.c.root)
            .having(func.count() >= others)
            .order_by(own.c.size.desc())
            .limit(1)
        )
        row = (await self._session.execute(query)).one_or_none()
        return TreeHead(row.size, row.root) if row else None

    async def add_equivocation(self, found: Equivocation, seen_at: int) -> None:
        """Keep a piece of evidence once."""
        evidence = canonical.dumps(found.to_json())
        values = {
            "digest": hashlib.sha256(evidence).digest(),
            "origin": found.first.origin,
            "city": found.first.city,
            "evidence": evidence.decode(),
            "seen_at": seen_at,
        }
        await self._session.execute(insert_once(self._session, EquivocationRow).values(**values))

    async def equivocations(self, origin: bytes | None = None) -> Sequence[EquivocationRow]:
        """Return the evidence against one origin or all, oldest first."""
        query = select(EquivocationRow).order_by(EquivocationRow.number)
        if origin is not None:
            query = query.filter_by(origin=origin)
        return (await self._session.scalars(query)).all()

    async def note_fault(self, city: bytes, code: str, message: str, seen_at: int) -> None:
        """Name a partner whose answer was wrong."""
        await self._session.merge(PartnerFaultRow(city=city, code=code, message=message, last_seen=seen_at))

    async def faults(self) -> Sequence[PartnerFaultRow]:
        """Return which partners gave wrong answers, latest first."""
        return (await self._session.scalars(select(PartnerFaultRow).order_by(PartnerFaultRow.last_seen.desc()))).all()

    # --- the C2SP witness and the attested blocks -------------------------------------------------------------

    async def witness_head(self, origin: bytes) -> TreeHead | None:
        """Return the tree that this city's witness cosigned last."""
        row = await self._session.get(WitnessHeadRow, origin, populate_existing=True)
        return TreeHead(row.size, row.root) if row else None

    async def move_witness_head(self, origin: bytes, old: TreeHead | None, new: TreeHead) -> bool:
        """Store `new` if `old` still stands, and say whether it did."""
        if old is None:
            values = {"origin": origin, "size": new.size, "root": new.root}
            statement = insert_once(self._session, WitnessHeadRow).values(**values).returning(WitnessHeadRow.size)
            return (await self._session.execute(statement)).one_or_none() is not None
        moved = await self._session.execute(
            update(WitnessHeadRow)
            .filter_by(origin=origin, size=old.size, root=old.root)
            .values(size=new.size, root=new.root)
            .returning(WitnessHeadRow.size)
        )
        return moved.one_or_none() is not None

    async def clock_off_by(self, city: bytes) -> int:
        """Return by how many seconds the own city's clock was found off; 0 while it may sign."""
        row = await self._session.get(WitnessClockRow, city, populate_existing=True)
        return row.off_by if row else 0

    async def set_clock_off_by(self, city: bytes, off_by: int) -> None:
        """Store what the comparison with the partners found."""
        await self._session.merge(WitnessClockRow(city=city, off_by=off_by))

    async def attestation(self, number: int) -> AttestationRow | None:
        """Return what this city attested at a block number."""
        return await self._session.get(AttestationRow, number, populate_existing=True)

    async def add_attestation(self, row: AttestationRow) -> AttestationRow:
        """Store an attestation if there is none at its number yet, and return the one that stands."""
        values = {
            "number": row.number,
            "block_hash": row.block_hash,
            "signer": row.signer,
            "signature": row.signature,
        }
        await self._session.execute(insert_once(self._session, AttestationRow).values(**values))
        stored = await self.attestation(row.number)
        assert stored is not None
        return stored


def _signed(row: BoxCheckpointRow) -> SignedBoxCheckpoint:
    return SignedBoxCheckpoint(row.origin, row.size, row.root, row.at, row.city, row.signature)
