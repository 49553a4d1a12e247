from __future__ import annotations

import pytest

from ledger.db import Database
from witness.log.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_head,
    verify_consistency,
    verify_inclusion,
)
from witness.log.models import LogKind
from witness.log.repository import StoreError, Tree, TreeRepository
from witness.log.service import LogReader
from witness.log.tiles import Tile, build_tiles

LINE = "test.example/public"
BATCHES = (1, 1, 253, 1, 1, 255, 256, 300, 1)
"""Sizes that end before, on and after the borders of tiles, and fill several at once."""


def entries(start: int, count: int) -> list[bytes]:
    return [number.to_bytes(32, "big") for number in range(start, start + count)]


async def grow(database: Database, *batches: int) -> Tree:
    """Append batches, one transaction each."""
    for count in batches:
        async with database.unit_of_work() as session:
            trees = TreeRepository(session)
            tree = await trees.open(LINE, LogKind.PUBLIC, own=True)
            tree = await trees.append(tree, entries(tree.size, count))
    return tree


class TestAppend:
    async def test_frontier_is_that_of_the_pure_tree(self, database: Database) -> None:
        size = 0
        for count in BATCHES:
            tree = await grow(database, count)
            size += count
            assert tree.size == size
            assert tree.head.root == tree_head([leaf_hash(entry) for entry in entries(0, size)])

    async def test_tiles_are_those_of_one_big_batch(self, database: Database) -> None:
        tree = await grow(database, *BATCHES)
        whole = build_tiles(0, [leaf_hash(entry) for entry in entries(0, tree.size)], {}.__getitem__)
        async with database.reading() as session:
            for tile, data in whole.items():
                assert await TreeRepository(session).tile(tree.origin, tile) == data

    async def test_narrower_partial_tile_is_a_prefix(self, database: Database) -> None:
        tree = await grow(database, 10)
        async with database.reading() as session:
            wide = await TreeRepository(session).tile(tree.origin, Tile(0, 0, 10))
            assert await TreeRepository(session).tile(tree.origin, Tile(0, 0, 3)) == wide[:96]
            with pytest.raises(StoreError):
                await TreeRepository(session).tile(tree.origin, Tile(0, 0, 11))

    async def test_writer_with_an_old_tree_appends_nothing(self, database: Database) -> None:
        old = await grow(database, 2)
        await grow(database, 1)
        with pytest.raises(StoreError) as refusal:
            async with database.unit_of_work() as session:
                await TreeRepository(session).append(old, entries(2, 1))
        assert refusal.value.code == "log.moved"
        async with database.reading() as session:
            assert len(await TreeRepository(session).entries(old.origin, 0, 99)) == 3

    async def test_empty_batch_changes_nothing(self, database: Database) -> None:
        tree = await grow(database, 5)
        assert await grow(database, 0) == tree


class TestProofs:
    async def test_proofs_equal_those_of_the_pure_tree(self, database: Database) -> None:
        tree = await grow(database, *BATCHES)
        hashes = [leaf_hash(entry) for entry in entries(0, tree.size)]
        async with database.reading() as session:
            reader = LogReader(session)
            for index, size in ((0, 1), (255, 256), (256, 257), (700, tree.size), (tree.size - 1, tree.size)):
                found = await reader.inclusion(tree.origin, index, size)
                assert list(found.proof) == inclusion_proof(hashes, index, size)
                verify_inclusion(leaf_hash(found.entry), index, size, found.proof, found.root)
            for size1, size2 in ((0, 9), (1, 256), (256, 257), (511, tree.size), (tree.size, tree.size)):
                proof = await reader.consistency(tree.origin, size1, size2)
                assert proof == consistency_proof(hashes, size1, size2)
                roots = [await reader.root(tree.origin, size) for size in (size1, size2)]
                verify_consistency(size1, size2, roots[0], roots[1], proof)

    async def test_nothing_is_proven_beyond_the_tree(self, database: Database) -> None:
        tree = await grow(database, 3)
        async with database.reading() as session:
            for ask in (
                LogReader(session).inclusion(tree.origin, 3, 4),
                LogReader(session).consistency(tree.origin, 1, 4),
                LogReader(session).root(tree.origin, 4),
            ):
                with pytest.raises(Exception, match="not that large") as refusal:
                    await ask
                assert refusal.value.code == "log.out_of_range"  # type: ignore[attr-defined]

    async def test_log_that_is_not_here(self, database: Database) -> None:
        async with database.reading() as session:
            with pytest.raises(StoreError) as refusal:
                await LogReader(session).tree(bytes(32))
        assert refusal.value.code == "log.unknown"
