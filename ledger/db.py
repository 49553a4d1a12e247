"""The database: one declarative base, one engine a process, one unit of work a request or task."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import Connection, DateTime, Dialect, LargeBinary, MetaData, TypeDecorator, event, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, mapped_column

from ledger.db_faults import ask_the_rested, name_faults
from ledger.errors import SunbidError

_NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC moments on every database; a naive one is a programming error and refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn to UTC before storing."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("only aware moments are stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite forgets the zone: everything stored is UTC."""
        del dialect
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


Bytes32 = Annotated[bytes, mapped_column(LargeBinary(32))]
Moment = Annotated[datetime, mapped_column(UtcDateTime())]


class Base(DeclarativeBase):
    """Base of every model."""

    metadata = MetaData(naming_convention=_NAMING)
    type_annotation_map = {datetime: UtcDateTime(), bytes: LargeBinary()}  # noqa: RUF012 - SQLAlchemy's own protocol


WAIT_SECONDS = 30.0
"""How long a unit of work waits for the one before it; longer means that two wait for each other."""


class DatabaseBusyError(SunbidError):
    """The turn to write did not come: another unit of work does not end, or waits for this one."""

    code = "database.busy"


class NestedUnitOfWorkError(SunbidError):
    """A task opened a unit of work inside its own: the inner one could never get the write lock."""

    code = "database.nested"


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets readers and the writer work at once; foreign keys are off by default in SQLite.

    The driver's own implicit BEGIN is switched off: `_begin` writes the right one.
    """
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take SQLite's write lock at once: a transaction that reads first and writes later cannot wait for it."""
    reading = connection.get_execution_options().get("sunbid_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


class Database:
    """An engine with its sessions; `url` is an async SQLAlchemy URL (sqlite+aiosqlite or postgresql+asyncpg).

    On SQLite the units of work of one process queue for a lock of their own, in order, and those of several processes
    for the file's; readers never wait. On PostgreSQL they run side by side: what must not, calls `exclusive`.
    """

    def __init__(self, url: str, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self.url = url
        self._wait_seconds = wait_seconds
        self.is_sqlite = url.startswith("sqlite")
        self.engine: AsyncEngine = create_async_engine(url)
        if not self.is_sqlite:
            ask_the_rested(self.engine)
        else:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin)
        name_faults(self.engine)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        snapshot = {"sunbid_reading": True} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._readers = async_sessionmaker(
            self.engine.execution_options(**snapshot), expire_on_commit=False, autoflush=False
        )
        self._writing = asyncio.Lock()
        self._writer: asyncio.Task[Any] | None = None

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[AsyncSession]:
        """Yield a session whose writes are committed together at the end, or not at all."""
        async with self._turn(), self._sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Yield a session on one snapshot, for queries only; what it changes is rolled back."""
        async with self._readers() as session:
            yield session

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait for the turn to write; SQLite has one writer, and its own queue is neither fair nor quick."""
        if not self.is_sqlite:
            yield
            return
        if self._writer is not None and self._writer is asyncio.current_task():
            raise NestedUnitOfWorkError("a unit of work is open already: pass its session on")
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._writing.acquire()
        except TimeoutError as error:
            raise DatabaseBusyError("another unit of work does not end: does it wait for this one?") from error
        self._writer = asyncio.current_task()
        try:
            yield
        finally:
            self._writer = None
            self._writing.release()

    async def create_all(self) -> None:
        """Create the tables of all imported models; tests and first steps use it, installations migrate."""
        async with self.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)

    async def close(self) -> None:
        """Give the connections back."""
        await self.engine.dispose()


async def exclusive(session: AsyncSession, name: str) -> None:
    """Let no other unit of work that asks for `name` run until this one ends, in any process of the city."""
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        await session.execute(select(func.pg_advisory_xact_lock(number)))
