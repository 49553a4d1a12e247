"""Own lines read ahead are the lines, and a line takes as many statements as it has windows."""

from __future__ import annotations

import hashlib

import pytest

from bidding.box.book import CutView, OriginView
from bidding.box.lines import LineReader
from bidding.box.own import OwnLines
from ledger.db import Database
from tests.fixtures.statements import statements
from witness.audit import own_lines
from witness.audit.own_lines import OwnLinesAhead
from witness.log.models import LogKind
from witness.log.repository import StoreError, TreeRepository
from witness.log.service import LogReader
from witness.log.tiles import Tile

LINE = "test.example/sealed"
START, SIZE = 300, 2000


async def grow(database: Database, *sizes: int) -> bytes:
    """Append slips up to each of these sizes; return the origin."""
    async with database.unit_of_work() as session:
        trees = TreeRepository(session)
        tree = await trees.open(LINE, LogKind.SEALED, own=True)
        for size in sizes:
            slips = [hashlib.sha512(n.to_bytes(4, "big")).digest() * 14 for n in range(tree.size, size)]
            tree = await trees.append(tree, slips)
        return tree.origin


async def view(database: Database, origin: bytes, start: int, size: int) -> tuple[OriginView, CutView]:
    """Return an announced origin and its cut."""
    async with database.reading() as session:
        reader = LogReader(session)
        cut = CutView(b"\x01" * 32, size, await reader.root(origin, size))
        return OriginView(origin, b"\x02" * 32, start, await reader.root(origin, start), (cut,)), cut


@pytest.mark.parametrize("ahead", [1, 3, 64])
async def test_a_line_is_the_same_with_fewer_statements(
    database: Database, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    monkeypatch.setattr(own_lines, "AHEAD", ahead)
    origin = await grow(database, START, SIZE)
    announced, cut = await view(database, origin, START, SIZE)
    source = OwnLinesAhead("luan", database)
    reader = LineReader([source])
    with statements(database) as sent:
        line = await reader.line(announced, cut)
        assert await reader.start(announced) == await LineReader([OwnLines("luan", database)]).start(announced)
    asked = [one for one in sent if "log_entry" in one]
    assert line == await LineReader([OwnLines("luan", database)]).line(announced, cut)
    assert len(asked) == -(-7 // ahead)


async def test_what_is_not_there_yet_is_asked_for_again(database: Database) -> None:
    origin = await grow(database, 10)
    source = OwnLinesAhead("luan", database)
    for tile in (Tile(None, 0, 11), Tile(0, 0, 11)):
        with pytest.raises(StoreError) as missing:
            await source.tile(origin, tile)
        assert missing.value.code == "tile.unknown"
    await grow(database, 11)
    own = OwnLines("luan", database)
    for tile in (Tile(None, 0, 11), Tile(0, 0, 11), Tile(0, 0, 4)):
        assert await source.tile(origin, tile) == await own.tile(origin, tile)
