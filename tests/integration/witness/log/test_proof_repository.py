"""Proofs in bulk are those that are made one by one, and take as many statements for many as for one."""

from __future__ import annotations

import pytest

from ledger.db import Database
from ledger.errors import SunbidError
from tests.fixtures.statements import statements
from tests.integration.witness.log.test_repository import BATCHES, grow
from witness.log.checkpoint import Checkpoint
from witness.log.note import NoteSignature, NoteSigner
from witness.log.ports import TreeHead
from witness.log.proof_repository import ProofRepository
from witness.log.repository import TreeRepository
from witness.log.service import LogReader

SIGNER = NoteSigner("test.example/public", b"\x01" * 32)
SIZES = (1, 255, 256, 257, 1069)


def selects(sent: list[str]) -> int:
    """Return how many statements read rows; databases begin transactions differently."""
    return sum(one.startswith("SELECT") for one in sent)


async def sign(database: Database, origin: bytes, size: int, *cities: bytes) -> None:
    """Store a checkpoint of this size, cosigned by these cities."""
    async with database.unit_of_work() as session:
        trees = TreeRepository(session)
        head = TreeHead(size, await LogReader(session).root(origin, size))
        text = Checkpoint(SIGNER.name, size, head.root).text
        await trees.add_checkpoint(origin, head, f"{text}\n{SIGNER.sign(text)}", size)
        for city in cities:
            line = NoteSignature(city.decode(), b"\x00" * 4, b"\x04" * 72)
            await trees.add_cosignature(origin, size, city.ljust(32, b"\x00"), str(line))


async def test_inclusion_in_bulk_is_inclusion_one_by_one(database: Database) -> None:
    tree = await grow(database, *BATCHES)
    places = [(index, size) for size in SIZES for index in (0, 254, 255, 256, 511, 1068) if index < size]
    async with database.reading() as session:
        repository, reader = ProofRepository(session, tree.origin), LogReader(session)
        with statements(database) as few:
            await repository.inclusions(places[-1:])
        with statements(database) as many:
            found = await repository.inclusions(places)
        for index, size in places:
            assert found[index, size] == (await reader.inclusion(tree.origin, index, size)).proof
        with pytest.raises(SunbidError) as beyond:
            await repository.inclusions([(0, tree.size + 1)])
    assert selects(few) == selects(many) == 2
    assert beyond.value.code == "log.out_of_range"


async def test_checkpoints_around_entries(database: Database) -> None:
    tree = await grow(database, 20)
    for size, cities in ((2, []), (5, [b"hefei", b"nanjing"]), (9, []), (12, [b"nanjing"])):
        await sign(database, tree.origin, size, *cities)
    async with database.reading() as session:
        repository = ProofRepository(session, tree.origin)
        with statements(database) as sent:
            first = await repository.first_holding([0, 1, 2, 5, 11, 12], cosigned=False)
            assert first == {0: 2, 1: 2, 2: 5, 5: 9, 11: 12}
            assert await repository.first_holding([0, 4, 5, 12], cosigned=True) == {0: 5, 4: 5, 5: 12}
            assert await repository.last_without([0, 4, 5, 11, 12, 19]) == {5: 5, 11: 5, 12: 12, 19: 12}
            notes = await repository.notes([2, 5, 7])
        assert selects(sent) == 4
        reader = LogReader(session)
        assert notes == {2: await reader.checkpoint(tree.origin, 2), 5: await reader.checkpoint(tree.origin, 5)}
        assert [s.name for s in notes[5].signatures] == [SIGNER.name, "hefei", "nanjing"]
        assert await repository.notes([]) == {}
