"""Opening bids: by the bidder's r or by k shares, from streams that this or another city keeps."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box.book import TenderAtBlock
from bidding.box.committee import RegisteredKeySet, read_key_set
from bidding.box.models import StoredStream
from bidding.box.remote import CityClient
from bidding.box.repository import stream as stored_stream
from bidding.box.streams import StreamStore
from bidding.opening import repository
from bidding.opening.intake import verified_header
from bidding.opening.models import HolderRecord, ListedBid, OpenedBidRow
from bidding.opening.payload import OpenedPayload, open_bid, z_of_shares
from bidding.sealing.errors import StoreDamageError
from bidding.sealing.tdh2 import VerifiedHeader, verify_share, z_of_bidder
from ledger.acts import BidOpening, Envelope, Purpose, ShareRelease
from ledger.chain.client import ChainClient
from ledger.clock import Clock, to_unix
from ledger.db import Database
from ledger.errors import SunbidError

logger = logging.getLogger(__name__)


class BidHook(Protocol):
    """What the city does, in the same transaction, when a bid has been opened (witnessing it, say)."""

    async def __call__(self, session: AsyncSession, entry: ListedBid, payload: OpenedPayload, by_bidder: bool) -> None:
        """Write what follows from the opened bid."""
        ...


class BidOpener:
    """Opens what can be opened of listed tenders; `others` are the cities to ask for streams that are not here."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        chain: ChainClient,
        store: StreamStore,
        others: Sequence[CityClient],
        hook: BidHook,
    ) -> None:
        self._database = database
        self._clock = clock
        self._chain = chain
        self._store = store
        self._others = others
        self._hook = hook

    async def open(self, tender: TenderAtBlock) -> bool:
        """Open every bid for which there is r, or k shares, and a stream; return whether one was opened."""
        due = await self.due(tender)
        if not due:
            return False
        seal = await read_key_set(self._chain, tender.view.key_id, Purpose.SEAL, tender.block)
        busy = False
        for entry in due:
            busy |= await self._open(entry, seal)
        return busy

    async def due(self, tender: TenderAtBlock) -> list[ListedBid]:
        """Return the valid bids whose envelope is opening and that are not opened here."""
        opening = {(lot.number, envelope) for lot in tender.lots for envelope in Envelope if lot.has_opened(envelope)}
        async with self._database.reading() as session:
            entries = await repository.entries(session, tender.tender)
            opened = await repository.opened_bids(session, tender.tender)
        return [
            entry
            for entry in entries
            if not entry.void and (entry.lot, entry.envelope) in opening and entry.header_hash not in opened
        ]

    async def _open(self, entry: ListedBid, seal: RegisteredKeySet) -> bool:
        async with self._database.reading() as session:
            bidder = await repository.bidder_record(session, entry.header_hash)
            shares = await repository.holder_records(session, entry.tender, ShareRelease, entry.header_hash)
        verified = verified_header(entry, seal)
        if bidder is not None:
            z: bytes | None = z_of_bidder(verified, BidOpening.from_json(bidder.act).r)
        else:
            z = _z_of(verified, seal, shares)
        if z is None:
            return False
        payload = await self._decrypt(verified, z, entry)
        if payload is None:
            return False
        async with self._database.unit_of_work() as session:
            if await repository.opened(session, entry.header_hash) is None:
                session.add(self._row(entry, payload))
                await self._hook(session, entry, payload, bidder is not None)
        return True

    def _row(self, entry: ListedBid, payload: OpenedPayload) -> OpenedBidRow:
        return OpenedBidRow(
            header_hash=entry.header_hash,
            tender=entry.tender,
            outcome=payload.outcome.value,
            reason=payload.reason,
            document=payload.content,
            opened_at=to_unix(self._clock.now()),
        )

    # --- streams -----------------------------------------------------------------------------------------------

    async def _decrypt(self, verified: VerifiedHeader, z: bytes, entry: ListedBid) -> OpenedPayload | None:
        """Return what the bid holds; None while no city has its stream whole."""
        try:
            return await asyncio.to_thread(self._decrypt_stored, verified, z)
        except (StoreDamageError, FileNotFoundError) as error:
            logger.info("the stream %s is not whole here: %s", entry.head.hex()[:16], error)
        if not await self._fetch(verified, entry):
            return None
        return await asyncio.to_thread(self._decrypt_stored, verified, z)

    def _decrypt_stored(self, verified: VerifiedHeader, z: bytes) -> OpenedPayload:
        with self._store.path(verified.header.head).open("rb") as stream:
            return open_bid(verified, z, stream)

    async def _fetch(self, verified: VerifiedHeader, entry: ListedBid) -> bool:
        length = verified.header.shape.length
        for city in self._others:
            try:
                await self._store.receive(entry.head, length, city.stream(entry.head))
            except SunbidError as error:
                logger.info("no stream from %s: %s", city.name, error.message)
                continue
            async with self._database.unit_of_work() as session:
                if await stored_stream(session, entry.head) is None:
                    now = self._clock.now()
                    session.add(StoredStream(head=entry.head, length=length, kept_since=now, public=True))
            return True
        return False


def _z_of(verified: VerifiedHeader, seal: RegisteredKeySet, records: Sequence[HolderRecord]) -> bytes | None:
    """Return Z from k good shares of the registered epoch, None while there are too few."""
    acts = [ShareRelease.from_json(record.act) for record in records if record.fault is None]
    shares = [verify_share(verified, seal.keys, act.share) for act in acts if act.epoch == seal.keys.epoch]
    return z_of_shares(verified, seal.keys, shares)
