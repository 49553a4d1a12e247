"""An opening leaves its trace in the public log of the tender's own city: the box, each bid, each price read out."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box.facts import LoadedList
from bidding.opening.errors import OpeningError
from bidding.opening.models import ListedBid
from bidding.opening.payload import OpenedPayload
from bidding.tender import repository as tenders
from ledger.acts import Act, BidList, BidOpening, BoxShare, Envelope, ShareRelease
from ledger.canonical import JsonObject, JsonValue
from ledger.clock import Clock, to_unix
from ledger.json_fields import to_hex
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.service import LogReader, PublicLog

_RECORDED: dict[type[Act], tuple[Kind, ActorRole]] = {
    BoxShare: (Kind.BOX_OPENED, ActorRole.KEY_HOLDER),
    BidList: (Kind.BID_LIST_FIXED, ActorRole.KEY_HOLDER),
    ShareRelease: (Kind.COMMITTEE_OPENED, ActorRole.KEY_HOLDER),
    BidOpening: (Kind.BIDDER_OPENED, ActorRole.BIDDER),
}


@dataclass(frozen=True)
class OpeningWitness:
    """Writes the opening's events, in the transaction of the rows that they tell of; only in the tender's own city."""

    city: bytes
    log: PublicLog
    clock: Clock

    async def box_opened(self, session: AsyncSession, loaded: LoadedList) -> None:
        """Witness that the box was read, and which list came out."""
        if loaded.at.origins[0].city != self.city:
            return
        data: JsonObject = {
            "boxKeyId": to_hex(loaded.at.view.box_key_id),
            "inputs": to_hex(loaded.at.view.inputs),
            "root": to_hex(loaded.list.root),
            "count": len(loaded.list.entries),
        }
        event = Event(Kind.BOX_OPENED, self._now, ActorRole.KEY_HOLDER, tender=loaded.at.tender, data=data)
        await self.log.append(session, event, key=f"{Kind.BOX_OPENED}/{loaded.at.tender.hex()}")

    async def bid_opened(
        self, session: AsyncSession, entry: ListedBid, payload: OpenedPayload, by_bidder: bool
    ) -> None:
        """Witness that a bid was opened, by whom, and of a price envelope the prices that are read out."""
        row = await tenders.find(session, entry.tender)
        if row is None or not row.owned:
            return
        kind, role = (
            (Kind.BIDDER_OPENED, ActorRole.BIDDER) if by_bidder else (Kind.COMMITTEE_OPENED, ActorRole.KEY_HOLDER)
        )
        envelope = Envelope(entry.envelope)
        data: JsonObject = {
            "headerHash": to_hex(entry.header_hash),
            "envelope": envelope.text,
            "outcome": payload.outcome.value,
        }
        await self._append(session, kind, role, entry, data)
        if envelope is Envelope.PRICE and payload.document is not None:
            prices: list[JsonValue] = [price.to_json() for price in payload.document.prices]
            read: JsonObject = {"headerHash": to_hex(entry.header_hash), "prices": prices}
            await self._append(session, Kind.PRICE_READ, ActorRole.SYSTEM, entry, read)

    async def record_taken(
        self, session: AsyncSession, act: Act, digest: bytes, holder: int | None, not_before: int
    ) -> None:
        """Witness that a holder's share or list, or a bidder's r, was handed in: none was there before this entry.

        It is taken only once another city has cosigned the log as it stood at `not_before` or later. So a verifier sees
        that no share was logged before; whoever hands it in tries again.
        """
        tender: bytes = act.tender  # type: ignore[attr-defined]
        row = await tenders.find(session, tender)
        if row is None or not row.owned:
            return
        if await LogReader(session).cosigned_at(self.log.origin) < not_before:
            raise OpeningError("The log is not witnessed up to this step yet. Hand the record in again.",
                               code="opening.not_yet")  # fmt: skip
        kind, role = _RECORDED[type(act)]
        data: JsonObject = {"record": act.name(), "holder": holder}
        if isinstance(act, ShareRelease | BidOpening):
            data["headerHash"] = to_hex(act.header_hash)
        event = Event(kind, self._now, role, tender=tender, act=digest, data=data)
        await self.log.append(session, event, key=f"{act.name()}/{digest.hex()}/{holder}")  # holders sign one list

    async def _append(
        self, session: AsyncSession, kind: Kind, role: ActorRole, entry: ListedBid, data: JsonObject
    ) -> None:
        event = Event(kind, self._now, role, tender=entry.tender, lot=entry.lot, actor=entry.bidder, data=data)
        await self.log.append(session, event, key=f"{kind}/{entry.header_hash.hex()}")

    @property
    def _now(self) -> int:
        return to_unix(self.clock.now())
