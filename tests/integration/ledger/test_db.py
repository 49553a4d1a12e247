"""Units of work commit whole or not at all, and reading before writing never fails."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import String, func, select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ledger.db import Base, Database, DatabaseBusyError, Moment, NestedUnitOfWorkError, exclusive
from ledger.outbox import OutboxRow, enqueue


class OwnBase(DeclarativeBase):
    """Beside the product's tables, so that no migration misses this one."""

    type_annotation_map = Base.type_annotation_map


class Diary(OwnBase):
    """A table of this test."""

    __tablename__ = "test_diary"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(20))
    at: Mapped[Moment]


async def count(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(OutboxRow)) or 0


async def read_then_write(database: Database, number: int) -> None:
    async with database.unit_of_work() as session:
        await exclusive(session, "test")
        seen = await session.scalar(select(func.count()).select_from(OutboxRow))
        await asyncio.sleep(0)
        await enqueue(session, "t", {"seen": seen}, key=str(number))


class TestUnitOfWork:
    async def test_reading_before_writing_in_parallel(self, database: Database) -> None:
        await asyncio.gather(*(read_then_write(database, i) for i in range(20)))
        async with database.reading() as session:
            payloads = await session.scalars(select(OutboxRow.payload).order_by(OutboxRow.id))
        assert [payload["seen"] for payload in payloads] == list(range(20))

    async def test_two_processes_on_one_database(self, database: Database, database_url: str) -> None:
        other = Database(database_url)
        await asyncio.gather(*(read_then_write((database, other)[i % 2], i) for i in range(20)))
        await other.close()
        assert await count(database) == 20

    async def test_inside_another_is_refused_at_once(self, database: Database) -> None:
        if not database.is_sqlite:
            pytest.skip("PostgreSQL has more than one writer")
        async with database.unit_of_work():
            with pytest.raises(NestedUnitOfWorkError):
                await read_then_write(database, 1)
        await read_then_write(database, 2)
        assert await count(database) == 1

    async def test_two_that_wait_for_each_other_end_with_an_error(self, database_url: str) -> None:
        database = Database(database_url, wait_seconds=0.05)
        if not database.is_sqlite:
            pytest.skip("PostgreSQL has more than one writer")
        await database.create_all()
        async with database.unit_of_work():
            with pytest.raises(DatabaseBusyError):
                await asyncio.create_task(read_then_write(database, 1))
        await read_then_write(database, 2)
        await database.close()

    async def test_readers_do_not_wait_for_the_writer(self, database: Database) -> None:
        async with database.unit_of_work() as session:
            await enqueue(session, "t", {}, key="k")
            assert await count(database) == 0
        assert await count(database) == 1

    async def test_readers_write_nothing(self, database: Database) -> None:
        async with database.reading() as session:
            await enqueue(session, "t", {}, key="k")
        assert await count(database) == 0

    async def test_a_reader_sees_one_snapshot(self, database: Database) -> None:
        query = select(func.count()).select_from(OutboxRow)
        async with database.reading() as session:
            before = await session.scalar(query)
            await read_then_write(database, 1)
            assert await session.scalar(query) == before


@pytest.fixture
async def diary(database: Database) -> Database:
    async with database.engine.begin() as connection:
        await connection.run_sync(OwnBase.metadata.create_all)
    return database


class TestMoments:
    async def test_come_back_aware_in_utc(self, diary: Database) -> None:
        moment = datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
        async with diary.unit_of_work() as session:
            session.add(Diary(id=1, text="a", at=moment))
        async with diary.reading() as session:
            found = await session.scalar(select(Diary.at))
        assert found == moment
        assert found.tzinfo is UTC

    async def test_naive_is_refused(self, diary: Database) -> None:
        async def write() -> None:
            async with diary.unit_of_work() as session:
                session.add(Diary(id=1, text="a", at=datetime(2026, 1, 1)))  # noqa: DTZ001 - what is refused

        with pytest.raises(StatementError, match="aware"):
            await write()
