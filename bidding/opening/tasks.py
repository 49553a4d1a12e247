"""The opening's work between requests: read boxes, bring lists to the chain, open bids; each step at finality."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence

from bidding.box.book import BookState, TenderAtBlock
from bidding.box.remote import CityClient
from bidding.box.watch import TenderWatch
from bidding.opening import repository
from bidding.opening.bids import BidOpener
from bidding.opening.intake import RECORDS, RecordIntake
from bidding.opening.reader import BoxReader
from ledger.canonical import JsonObject
from ledger.chain.client import ChainClient
from ledger.db import Database
from ledger.errors import SunbidError
from ledger.json_fields import need_size, read_bytes, read_list, read_object
from ledger.signed import read_act

logger = logging.getLogger(__name__)

_SHOWN = ("boxShares", "lists", "shares", "bidderOpenings")
_ASK_AGAIN = 2.0
"""Seconds between two questions to the other cities about one tender."""


class OpeningTask:
    """Does what is due for every tender that this city knows of; `others` are asked for records that it missed."""

    def __init__(
        self,
        database: Database,
        chain: ChainClient,
        watch: TenderWatch,
        intake: RecordIntake,
        reader: BoxReader,
        opener: BidOpener,
        others: Sequence[CityClient],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._chain = chain
        self._watch = watch
        self._intake = intake
        self._reader = reader
        self._opener = opener
        self._others = others
        self._monotonic = monotonic
        self._ask_at: dict[bytes, float] = {}

    async def run(self) -> bool:
        """Do all that is due once; return whether anything moved. One tender's trouble does not hold up the others."""
        block = await self._chain.final_block()
        async with self._database.reading() as session:
            self._watch.look_after(await repository.tenders_with_unopened(session))
        busy = False
        for tender in await self._watch.tenders(block):
            try:
                busy |= await self._attend(tender)
            except SunbidError as error:
                logger.warning("tender %s: %s %s", tender.tender.hex()[:16], error.message, error.facts)
        return busy

    async def _attend(self, tender: TenderAtBlock) -> bool:
        match tender.view.state:
            case BookState.CLOSED:
                busy = await self._reader.read(tender) or await self._catch_up(tender)
                return await self._reader.send_list(tender) or busy
            case BookState.LISTED | BookState.DONE:
                busy = await self._reader.read(tender)
                busy = await self._opener.open(tender) or busy
                busy = busy or await self._catch_up(tender)
                if tender.view.state is BookState.DONE and not busy:
                    self._let_go(tender.tender)
                return busy
            case BookState.TERMINATED:
                self._let_go(tender.tender)
                return False
            case _:
                return False

    def _let_go(self, tender: bytes) -> None:
        self._watch.forget(tender)
        self._ask_at.pop(tender, None)

    async def _catch_up(self, tender: TenderAtBlock) -> bool:
        """Ask the other cities for records that open what is shut here: this city may have been away or too early.

        A bidder's r is a case of the latter: one city may take it while another still waits for its log to be witnessed
        up to the list, and holders release nothing for a bid that its bidder has opened.
        """
        if self._monotonic() < self._ask_at.get(tender.tender, 0.0) or not await self._lacks_records(tender):
            return False
        self._ask_at[tender.tender] = self._monotonic() + _ASK_AGAIN
        before = await self._known(tender.tender)
        for city in self._others:
            try:
                await self._take_shown(await city.opening(tender.tender), before)
            except SunbidError as error:
                logger.info("no opening from %s: %s", city.name, error.message)
        return await self._known(tender.tender) > before

    async def _lacks_records(self, tender: TenderAtBlock) -> bool:
        async with self._database.reading() as session:
            if await repository.box(session, tender.tender) is None:
                return True
        return bool(await self._opener.due(tender))

    async def _known(self, tender: bytes) -> set[bytes]:
        """Return the signatures of all records that are kept here of the tender."""
        async with self._database.reading() as session:
            holders = await repository.holder_records(session, tender)
            bidders = await repository.bidder_records(session, tender)
        return {record.signature for record in holders} | {record.signature for record in bidders}

    async def _take_shown(self, opening: JsonObject, known: Collection[bytes]) -> None:
        for name in _SHOWN:
            for item in read_list(opening.get(name, []), name):
                record = read_object(item, name)
                act = read_act(str(record.get("type")), record.get("act"))
                signature = need_size(read_bytes(record.get("signature"), name), 65, name)
                if isinstance(act, RECORDS) and signature not in known:
                    try:
                        await self._intake.take(act, signature)
                    except SunbidError as error:
                        logger.info("a shown %s is not taken: %s", act.name(), error.message)
