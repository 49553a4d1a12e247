"""Messages live and die with the transactions that cause and consume them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ledger.db import Database
from ledger.outbox import OutboxConflictError, OutboxItem, OutboxRow, enqueue, is_waiting, mark_done, take


async def put(database: Database, topic: str, key: str, **payload: object) -> None:
    async with database.unit_of_work() as session:
        await enqueue(session, topic, payload, key=key)


async def waiting(database: Database, topic: str, limit: int = 100) -> list[OutboxItem]:
    async with database.reading() as session:
        return await take(session, topic, limit)


class TestEnqueue:
    async def test_messages_wait_in_the_order_of_writing(self, database: Database) -> None:
        for i in range(5):
            await put(database, "log.public", f"k{i}", n=i)
        await put(database, "event.award", "other", n=9)
        assert [item.payload["n"] for item in await waiting(database, "log.public")] == [0, 1, 2, 3, 4]
        assert len(await waiting(database, "log.public", 2)) == 2

    async def test_the_same_message_again_is_one(self, database: Database) -> None:
        await put(database, "t", "k", a=1, b=2)
        await put(database, "t", "k", b=2, a=1)
        assert len(await waiting(database, "t")) == 1

    async def test_a_rolled_back_transaction_sends_nothing(self, database: Database) -> None:
        async def fail() -> None:
            async with database.unit_of_work() as session:
                await enqueue(session, "t", {}, key="k")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fail()
        assert await waiting(database, "t") == []

    @pytest.mark.parametrize(("topic", "payload"), [("t", {"n": 2}), ("u", {"n": 1})])
    async def test_a_key_stands_for_one_message(
        self, database: Database, topic: str, payload: dict[str, object]
    ) -> None:
        await put(database, "t", "k", n=1)
        with pytest.raises(OutboxConflictError):
            await put(database, topic, "k", **payload)


class TestMarkDone:
    async def test_done_is_not_taken_again(self, database: Database) -> None:
        await put(database, "t", "a")
        await put(database, "t", "b")
        async with database.unit_of_work() as session:
            first, _ = await take(session, "t", 10)
            await mark_done(session, [first])
        assert [item.key for item in await waiting(database, "t")] == ["b"]

    async def test_the_payload_is_forgotten_and_the_key_is_not(self, database: Database) -> None:
        await put(database, "t", "a", nonce="secret")
        async with database.unit_of_work() as session:
            await mark_done(session, await take(session, "t", 10))
        async with database.reading() as session:
            assert await session.scalar(select(OutboxRow.payload)) == {}
        await put(database, "t", "a", nonce="secret")
        assert await waiting(database, "t") == []
        with pytest.raises(OutboxConflictError):
            await put(database, "t", "a", nonce="another")

    async def test_an_effect_that_fails_leaves_the_message(self, database: Database) -> None:
        await put(database, "t", "a")

        async def fail() -> None:
            async with database.unit_of_work() as session:
                await mark_done(session, await take(session, "t", 10))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fail()
        assert len(await waiting(database, "t")) == 1


async def test_looking_tells_whether_anything_waits(database: Database) -> None:
    await put(database, "one", "a", n=1)
    async with database.reading() as session:
        assert await is_waiting(session, "one")
        assert not await is_waiting(session, "other")
    async with database.unit_of_work() as session:
        await mark_done(session, await take(session, "one", 9))
    async with database.reading() as session:
        assert not await is_waiting(session, "one")
