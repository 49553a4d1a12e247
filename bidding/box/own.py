"""This city's own lines: its own sealed log, and its copies of the logs that it witnesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bidding.box import repository
from bidding.box.errors import SlipError
from bidding.box.lines import PAGE
from ledger.db import Database
from witness.log.box_checkpoint import SignedBoxCheckpoint
from witness.log.merkle import Frontier
from witness.log.repository import TreeRepository
from witness.log.service import LogReader


@dataclass(frozen=True)
class OwnLines:
    """Reads the lines that lie in this city's database; what is served to others comes from here too."""

    name: str
    database: Database

    async def frontier(self, origin: bytes, size: int) -> tuple[bytes, ...]:
        """Return the heads of the complete subtrees of the first `size` slips, largest first."""
        async with self.database.reading() as session:
            await LogReader(session).root(origin, size)
            trees = TreeRepository(session)
            frontier = await trees.prove(origin, size, lambda nodes: Frontier.from_nodes(nodes, size))
        return frontier.heads

    async def slips(self, origin: bytes, start: int, end: int) -> Sequence[bytes]:
        """Return the slips start … end − 1, at most `PAGE` of them."""
        async with self.database.reading() as session:
            return await LogReader(session).slips(origin, start, min(end, start + PAGE))

    async def consistency(self, origin: bytes, old: int, new: int) -> tuple[bytes, ...]:
        """Return the RFC 6962 consistency proof between two sizes."""
        async with self.database.reading() as session:
            return tuple(await LogReader(session).consistency(origin, old, new))

    async def inclusion(self, origin: bytes, index: int, size: int) -> tuple[bytes, ...]:
        """Return the RFC 6962 inclusion proof of the slip at `index` in the first `size`."""
        async with self.database.reading() as session:
            return (await LogReader(session).inclusion(origin, index, size)).proof

    async def box_checkpoints(self, origin: bytes, after: int) -> list[SignedBoxCheckpoint]:
        """Return the box checkpoints larger than `after` that are known here, smallest first."""
        async with self.database.reading() as session:
            return await LogReader(session).box_checkpoints(origin, after=after)

    async def slip(self, origin: bytes, slip_hash: bytes) -> bytes:
        """Return a slip that this city took for this origin."""
        async with self.database.reading() as session:
            found = await repository.slip(session, slip_hash, origin)
        if found is None:
            raise SlipError("No slip with this hash was taken here.", code="slip.not_found")
        return found.slip
