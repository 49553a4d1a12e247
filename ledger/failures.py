"""Which tasks of a city fail at present, for whoever looks after it: a row while a task fails, none while it is well.

Workers are processes of their own, so what one of them knows about its tasks is of no use to `sunbid doctor` and to
`/metrics` unless the database has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import Base, Moment
from ledger.errors import SunbidError

_LONGEST = 400


class TaskFailureRow(Base):
    """A task that failed the last time it ran somewhere."""

    __tablename__ = "task_failure"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    times: Mapped[int]
    since: Mapped[Moment]
    last: Mapped[Moment]
    code: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(String(_LONGEST))


@dataclass(frozen=True)
class TaskFailure:
    """A task that fails: how often in a row, since when, and what it said last."""

    name: str
    times: int
    since: datetime
    last: datetime
    code: str
    message: str


async def note_failure(session: AsyncSession, name: str, error: Exception, at: datetime) -> None:
    """Note that the task `name` failed with `error`."""
    row = await session.get(TaskFailureRow, name, with_for_update=True)
    if row is None:
        row = TaskFailureRow(name=name, times=0, since=at, last=at, code="", message="")
        session.add(row)
    row.times, row.last = row.times + 1, at
    row.code = error.code if isinstance(error, SunbidError) else type(error).__name__[:64]
    row.message = str(error)[:_LONGEST]


async def note_success(session: AsyncSession, name: str) -> None:
    """Note that the task `name` is well."""
    await session.execute(delete(TaskFailureRow).filter_by(name=name))


async def failing(session: AsyncSession) -> list[TaskFailure]:
    """Return the tasks that fail, by name."""
    rows = await session.scalars(select(TaskFailureRow).order_by(TaskFailureRow.name))
    return [TaskFailure(row.name, row.times, row.since, row.last, row.code, row.message) for row in rows]
