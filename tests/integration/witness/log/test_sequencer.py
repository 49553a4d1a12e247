from __future__ import annotations

import hashlib

import pytest

from ledger.outbox import OutboxConflictError
from tests.fixtures.logs import CrashError, LogCity, crash_at
from witness.log.checkpoint import open_checkpoint
from witness.log.entry import CHAIN_START, ChainLink, check_chain
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.note import Algorithm, NoteVerifier, Vkey
from witness.log.sequencer import run_public_sequencer
from witness.log.service import ChainHead, LogReader, NotDisclosedError, TenderEntry

TENDERS = [bytes([n]) * 32 for n in (1, 2)]


def event(number: int, tender: bytes | None = TENDERS[0], **others: object) -> Event:
    return Event(Kind.NOTICE_PUBLISHED, number, ActorRole.TENDERER, tender=tender, **others)  # type: ignore[arg-type]


async def witness(city: LogCity, *events: Event) -> None:
    async with city.node.database.unit_of_work() as session:
        for item in events:
            await city.public.append(session, item)


async def entries(city: LogCity, tender: bytes = TENDERS[0]) -> list[TenderEntry]:
    async with city.node.database.reading() as session:
        return await city.public.disclosed(session, tender)


async def head(city: LogCity, tender: bytes = TENDERS[0]) -> ChainHead:
    async with city.node.database.reading() as session:
        return await city.public.head(session, tender)


async def assert_chain(city: LogCity, tender: bytes, count: int) -> None:
    """The verifier's own rule on what the log holds of a tender."""
    links = [ChainLink(found.entry, found.disclosed) for found in await entries(city, tender)]
    end = await head(city, tender)
    assert end.count == count
    check_chain(tender, links, end.head, count)


class TestChain:
    async def test_each_tender_has_its_own_chain(self, log_alone: LogCity) -> None:
        await witness(log_alone, event(1), event(2, TENDERS[1]), event(3), event(4, None), event(5, TENDERS[1]))
        assert await run_public_sequencer(log_alone.node)
        await assert_chain(log_alone, TENDERS[0], 2)
        await assert_chain(log_alone, TENDERS[1], 2)
        assert [found.index for found in await entries(log_alone, TENDERS[1])] == [1, 4]

    async def test_chain_goes_on_over_batches(self, log_alone: LogCity) -> None:
        for number in range(5):
            await witness(log_alone, event(number))
            await run_public_sequencer(log_alone.node)
        await assert_chain(log_alone, TENDERS[0], 5)

    async def test_before_the_first_entry_the_head_is_zero(self, log_alone: LogCity) -> None:
        assert await head(log_alone) == ChainHead(CHAIN_START, 0)

    async def test_entry_shows_nothing_of_its_body(self, log_alone: LogCity) -> None:
        """The same body twice gives two unrelated entries of 32 bytes."""
        async with log_alone.node.database.unit_of_work() as session:
            await log_alone.public.append(session, event(1, None), key="one")
            await log_alone.public.append(session, event(1, None), key="two")
        await run_public_sequencer(log_alone.node)
        async with log_alone.node.database.reading() as session:
            first, second = await LogReader(session).slips(log_alone.public.origin, 0, 9)
        assert first != second
        assert len(first) == len(second) == 32


class TestOnce:
    async def test_nothing_waits_nothing_happens(self, log_alone: LogCity) -> None:
        assert not await run_public_sequencer(log_alone.node)

    async def test_event_that_is_sent_again_is_one_entry(self, log_alone: LogCity) -> None:
        await witness(log_alone, event(1), event(1))
        await run_public_sequencer(log_alone.node)
        await witness(log_alone, event(1))
        assert not await run_public_sequencer(log_alone.node)
        assert len(await entries(log_alone)) == 1

    async def test_one_key_for_two_events_is_refused(self, log_alone: LogCity) -> None:
        async with log_alone.node.database.unit_of_work() as session:
            await log_alone.public.append(session, event(1), key="act")
            with pytest.raises(OutboxConflictError):
                await log_alone.public.append(session, event(2), key="act")

    async def test_event_of_a_failed_transaction_never_happened(self, log_alone: LogCity) -> None:
        async def fail() -> None:
            async with log_alone.node.database.unit_of_work() as session:
                await log_alone.public.append(session, event(1))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fail()
        assert not await run_public_sequencer(log_alone.node)

    async def test_crash_at_any_statement_loses_and_doubles_nothing(self, log_alone: LogCity) -> None:
        total, statement, crashed = 0, 1, True
        while crashed:
            await witness(log_alone, event(total), event(total, TENDERS[1]))
            total += 1
            try:
                with crash_at(log_alone.node.database, statement):
                    await run_public_sequencer(log_alone.node)
                crashed = False
            except CrashError:
                assert (await head(log_alone)).count == total - 1
            await run_public_sequencer(log_alone.node)
            await assert_chain(log_alone, TENDERS[0], total)
            await assert_chain(log_alone, TENDERS[1], total)
            statement += 1
        assert statement > 10


class TestCheckpoint:
    async def test_every_batch_has_one_that_the_log_key_signed(self, log_alone: LogCity) -> None:
        await witness(log_alone, event(1), event(2))
        await run_public_sequencer(log_alone.node)
        line = log_alone.node.city.public_origin
        vkey = Vkey(line, Algorithm.ED25519, log_alone.node.keys.log.public_key().public_bytes_raw())
        async with log_alone.node.database.reading() as session:
            reader = LogReader(session)
            note = await reader.checkpoint(log_alone.public.origin)
            root = await reader.root(log_alone.public.origin, 2)
        assert note is not None
        checkpoint, _ = open_checkpoint(bytes(note), NoteVerifier(vkey))
        assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (line, 2, root)

    async def test_first_one_that_holds_an_entry_dates_it(self, log_alone: LogCity) -> None:
        for number in range(3):
            await witness(log_alone, event(number))
            await run_public_sequencer(log_alone.node)
        async with log_alone.node.database.reading() as session:
            reader = LogReader(session)
            notes = [await reader.checkpoint_covering(log_alone.public.origin, index) for index in range(4)]
        assert [note and int(note.text.split("\n")[1]) for note in notes] == [1, 2, 3, None]


class TestDisclosure:
    async def test_secret_event_is_committed_at_once_and_opened_later(self, log_alone: LogCity) -> None:
        await witness(log_alone, event(1, disclosed=False), event(2))
        await run_public_sequencer(log_alone.node)
        assert [found.disclosed is None for found in await entries(log_alone)] == [True, False]
        async with log_alone.node.database.unit_of_work() as session:
            with pytest.raises(NotDisclosedError):
                await log_alone.public.entry(session, 0)
            await log_alone.public.disclose(session, 0)
        [found, _] = await entries(log_alone)
        assert found.disclosed is not None
        assert hashlib.sha256(found.disclosed.nonce + found.disclosed.body.to_bytes()).digest() == found.entry

    async def test_erasure_keeps_entry_and_chain(self, log_alone: LogCity) -> None:
        await witness(log_alone, event(1), event(2))
        await run_public_sequencer(log_alone.node)
        before = [found.entry for found in await entries(log_alone)]
        async with log_alone.node.database.unit_of_work() as session:
            await log_alone.public.erase(session, 0)
        after = await entries(log_alone)
        assert [found.entry for found in after] == before
        assert after[0].disclosed is None
        await assert_chain(log_alone, TENDERS[0], 2)
        async with log_alone.node.database.unit_of_work() as session:
            with pytest.raises(NotDisclosedError):
                await log_alone.public.disclose(session, 0)
