"""The tender's event head on chain: how many entries the public log has of it, and the last one.

Every entry of a tender is linked to the one before; with head and count in TenderBook a bundle cannot leave one out
(witness-log.md, "Entry").
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from bidding.tender.models import TenderRow
from ledger.chain.client import Call, ChainClient
from ledger.chain.sender import ChainSender
from ledger.db import Database
from witness.log.service import ChainHead, PublicLog

BOOK = "TenderBook"


@dataclass(frozen=True)
class HeadKeeper:
    """The task of the owning city that brings its tenders' heads to the chain."""

    database: Database
    chain: ChainClient
    sender: ChainSender
    log: PublicLog

    async def run(self) -> bool:
        """Send every head that is ahead of the chain; return whether any was."""
        local = {tender: head for tender, head in (await self._heads()).items() if head.count}
        if not local:
            return False
        views = await self.chain.call_many([Call(BOOK, "tenderOf", (tender,)) for tender in local])
        behind = {
            tender: local[tender]
            for tender, view in zip(local, views, strict=True)
            if view.state and view.head_count < local[tender].count
        }
        moved = False
        for tender, head in behind.items():
            moved |= await self._send(tender, head)
        return moved

    async def _heads(self) -> dict[bytes, ChainHead]:
        async with self.database.reading() as session:
            owned = await session.scalars(select(TenderRow.tender).where(TenderRow.owned))
            return {tender: await self.log.head(session, tender) for tender in owned}

    async def _send(self, tender: bytes, head: ChainHead) -> bool:
        key = f"head/{tender.hex()}/{head.count}"
        async with self.database.unit_of_work() as session:
            if await self.sender.outcome(session, key) is not None:
                return False
            await self.sender.submit(session, BOOK, "setHead", (tender, head.head, head.count), key=key)
        return True
