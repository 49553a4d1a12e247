"""What the committee owes: shares of every listed bid that it should have opened by now and that nobody has opened.

Nothing is owed of bids that are void, opened by their bidders, or of bidders excluded after an earlier envelope; nor
while the bidders' own window lasts, while the tender is suspended, or where the committee opens nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bidding.box.book import TenderAtBlock, read_tender
from bidding.box.committee import committee_size
from bidding.keyholder.checks import need_opening
from bidding.keyholder.errors import ReleaseRefusedError
from bidding.opening import repository
from bidding.opening.models import ListedBid
from ledger.acts import Envelope
from ledger.chain.client import Call, ChainClient
from ledger.db import Database


@dataclass(frozen=True)
class Dues:
    """`holders` is the committee's n, `bids` are the headerHashes that are due and not opened."""

    holders: int = 0
    bids: frozenset[bytes] = frozenset()

    def owed_by(self, header_hash: bytes, released: Collection[int]) -> set[int]:
        """Return the holders, counted from 1, who owe a share of this bid; `released` are those who gave one."""
        return set(range(1, self.holders + 1)) - set(released) if header_hash in self.bids else set()


async def committee_dues(chain: ChainClient, database: Database, tender: bytes) -> Dues:
    """Return what the committee of a tender owes at the latest final block; nothing for an unknown tender."""
    async with database.reading() as session:
        entries = await repository.entries(session, tender)
        opened = await repository.opened_bids(session, tender)
    waiting = [entry for entry in entries if not entry.void and entry.header_hash not in opened]
    at = await read_tender(chain, tender, await chain.final_block()) if waiting else None
    if at is None:
        return Dues()
    due = [entry for entry in waiting if is_due(at, entry)]
    gone = await _excluded(chain, at, due)
    return Dues(await committee_size(chain, tender), frozenset(entry.header_hash for entry in due) - gone)


def is_due(at: TenderAtBlock, entry: ListedBid) -> bool:
    """Say whether the committee should open this bid by now, if its bidder is not excluded and nobody has opened it."""
    lot = at.lot(entry.lot)
    if lot is None:
        return False
    try:
        need_opening(at, lot, Envelope(entry.envelope))
    except ReleaseRefusedError:
        return False
    return True


async def _excluded(chain: ChainClient, at: TenderAtBlock, entries: Sequence[ListedBid]) -> frozenset[bytes]:
    """Return which of these bids are of bidders excluded after an earlier envelope."""
    calls = [
        (entry.header_hash, Call("TenderBook", "isExcluded", (at.tender, entry.lot, earlier, entry.bidder)))
        for entry in entries
        for earlier in Envelope
        if earlier < entry.envelope
    ]
    answers = await chain.call_many([call for _, call in calls], block=at.block)
    return frozenset(header_hash for (header_hash, _), is_out in zip(calls, answers, strict=True) if is_out)
