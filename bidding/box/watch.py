"""Which tenders there are to look after: those that TenderBook announced and that have not ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bidding.box.book import TenderAtBlock, read_tender
from ledger.chain.answers import Block
from ledger.chain.client import ChainClient


@dataclass
class TenderWatch:
    """Follows the announcements on the caller's own node; keeps nothing that the chain does not say again.

    Only final blocks are read for announcements, so a reorganisation takes none back.
    """

    chain: ChainClient
    first_block: int = 0
    _open: set[bytes] = field(default_factory=set)
    _next: int | None = None

    async def tenders(self, block: Block) -> list[TenderAtBlock]:
        """Return every tender announced and not ended, as it stands at `block`, by id."""
        await self._follow()
        found = [await read_tender(self.chain, tender, block) for tender in sorted(self._open)]
        return [tender for tender in found if tender is not None]

    def look_after(self, tenders: Iterable[bytes]) -> None:
        """Look after these tenders too, whatever was forgotten before."""
        self._open.update(tenders)

    def forget(self, tender: bytes) -> None:
        """Look no more after a tender that ended under a final block."""
        self._open.discard(tender)

    async def _follow(self) -> None:
        final = await self.chain.final_block()
        start = self.first_block if self._next is None else self._next
        if start > final.number:
            return
        for log in await self.chain.logs(["TenderBook"], start, final.number, events=["Announced"]):
            self._open.add(log.args["tender"])
        self._next = final.number + 1
