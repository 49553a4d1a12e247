"""What a business transaction sets in motion is a row of that same transaction: nothing lost, nothing doubled.

A row is written with the rows that caused it, taken in order by the task of its topic, and marked done in the
transaction of its effect. Topics: `log.public` (the sequencer), `event.*` (what one feature tells another).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    ColumnElement,
    Index,
    Integer,
    String,
    Text,
    any_,
    cast,
    false,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import Base, Bytes32
from ledger.errors import SunbidError
from ledger.failpoints import Failpoint, reach


class OutboxConflictError(SunbidError):
    """One key was used for two different payloads."""

    code = "outbox.conflict"


class OutboxRow(Base):
    """A message and what became of it; the payload goes when it is done, the key stays."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_waiting", "topic", "done", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    topic: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    payload_digest: Mapped[Bytes32]
    done: Mapped[bool] = mapped_column(Boolean, default=False)


_TABLE = Base.metadata.tables[OutboxRow.__tablename__]


@dataclass(frozen=True)
class OutboxItem:
    """A waiting message: `id` rises with the order of writing."""

    id: int
    topic: str
    key: str
    payload: dict[str, Any]


def _digest(payload: dict[str, Any]) -> bytes:
    return hashlib.sha256(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).digest()


async def enqueue(session: AsyncSession, topic: str, payload: dict[str, Any], *, key: str) -> None:
    """Write the message with the transaction of `session`; the same key and payload again is the same message.

    Raises `OutboxConflictError` if `key` stands for another payload or topic.
    """
    digest = _digest(payload)
    known = (await session.execute(select(OutboxRow.topic, OutboxRow.payload_digest).filter_by(key=key))).one_or_none()
    if known is None:
        session.add(OutboxRow(topic=topic, key=key, payload=payload, payload_digest=digest))
        await session.flush()
        reach(Failpoint.OUTBOX_ENQUEUED)
    elif (known.topic, bytes(known.payload_digest)) != (topic, digest):
        raise OutboxConflictError("an outbox key stands for one message for ever: choose a key of its own", key=key)


async def take(session: AsyncSession, topic: str, limit: int, *, is_alone: bool = False) -> list[OutboxItem]:
    """Return up to `limit` waiting messages of `topic`, oldest first, locked until the transaction ends.

    Whoever `is_alone`, having kept all other takers of the topic out, spares each message its lock.
    """
    query = select(OutboxRow.id, OutboxRow.topic, OutboxRow.key, cast(OutboxRow.payload, Text))
    query = query.where(OutboxRow.topic == topic, OutboxRow.done == false()).order_by(OutboxRow.id).limit(limit)
    rows = (await session.execute(query if is_alone else query.with_for_update())).all()
    if rows:
        reach(Failpoint.OUTBOX_TAKEN)
    return [OutboxItem(id_, topic, key, orjson.loads(payload)) for id_, topic, key, payload in rows]


async def is_waiting(session: AsyncSession, topic: str) -> bool:
    """Say whether a message of `topic` waits; takes no lock, so that looking costs writers nothing."""
    return await session.scalar(select(OutboxRow.id).filter_by(topic=topic, done=False).limit(1)) is not None


async def mark_done(session: AsyncSession, items: Iterable[OutboxItem]) -> None:
    """Note that the messages' effect is part of this transaction, and forget their payloads."""
    ids = [item.id for item in items]
    if ids:
        is_postgresql = session.get_bind().dialect.name == "postgresql"
        await session.execute(update(_TABLE).where(_one_of(ids, is_postgresql)).values(done=True, payload={}))
        reach(Failpoint.OUTBOX_DONE)


def _one_of(ids: Sequence[int], is_postgresql: bool) -> ColumnElement[bool]:
    """One array where the database has arrays, else a parameter each, of which every statement is another."""
    return _TABLE.c.id == any_(literal(ids, ARRAY(Integer))) if is_postgresql else _TABLE.c.id.in_(ids)
