"""This city's own lines: its own sealed log, and its copies of the logs that it witnesses."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.db import Database
from witness.log.box_checkpoint import SignedBoxCheckpoint
from witness.log.service import LogReader
from witness.log.tiles import Tile


@dataclass(frozen=True)
class OwnLines:
    """Reads the lines that lie in this city's database."""

    name: str
    database: Database

    async def tile(self, origin: bytes, tile: Tile) -> bytes:
        """Return a hash tile or an entry bundle; raise `StoreError` if it is not kept here."""
        async with self.database.reading() as session:
            return await LogReader(session).tile(origin, tile)

    async def box_checkpoints(self, origin: bytes, after: int) -> list[SignedBoxCheckpoint]:
        """Return the box checkpoints larger than `after` that are known here, smallest first."""
        async with self.database.reading() as session:
            return await LogReader(session).box_checkpoints(origin, after=after)
