"""What evaluation and award need to know of the opening, from whoever keeps it (`bidding.opening`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.evaluation.domain import OpenedBid
from ledger.acts import Envelope


class OpenedEnvelopes(Protocol):
    """The fixed list and what was opened of it."""

    async def bidders(self, session: AsyncSession, tender: bytes, lot: int, envelope: Envelope) -> Sequence[bytes]:
        """Return the bidders with an entry of void 0 on this lot and envelope, in list order."""
        ...

    async def price_bids(self, session: AsyncSession, tender: bytes, lot: int) -> Sequence[OpenedBid]:
        """Return the bids on the lot's price envelope in list order, `place` their index in it."""
        ...

    async def opening_root(self, session: AsyncSession, tender: bytes, lot: int, envelope: Envelope) -> bytes:
        """Return the root that the opening record of this lot and envelope must carry."""
        ...
