"""The opening's work between requests: read boxes, bring lists to the chain, open bids; each step at finality."""

from __future__ import annotations

import logging
from collections.abc import Sequence

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
    ) -> None:
        self._database = database
        self._chain = chain
        self._watch = watch
        self._intake = intake
        self._reader = reader
        self._opener = opener
        self._others = others

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
                busy = await self._reader.read(tender) or await self._catch_up(tender)
                busy = await self._opener.open(tender) or busy
                if tender.view.state is BookState.DONE and not busy:
                    self._watch.forget(tender.tender)
                return busy
            case BookState.TERMINATED:
                self._watch.forget(tender.tender)
                return False
            case _:
                return False

    async def _catch_up(self, tender: TenderAtBlock) -> bool:
        """Ask the other cities for records of a box that could not be read here: this city may have been away."""
        async with self._database.reading() as session:
            if await repository.box(session, tender.tender) is not None:
                return False
            before = len(await repository.holder_records(session, tender.tender))
        for city in self._others:
            try:
                await self._take_shown(await city.opening(tender.tender))
            except SunbidError as error:
                logger.info("no opening from %s: %s", city.name, error.message)
        async with self._database.reading() as session:
            return len(await repository.holder_records(session, tender.tender)) > before

    async def _take_shown(self, opening: JsonObject) -> None:
        for name in _SHOWN:
            for item in read_list(opening.get(name, []), name):
                record = read_object(item, name)
                act = read_act(str(record.get("type")), record.get("act"))
                if isinstance(act, RECORDS):
                    try:
                        await self._intake.take(act, need_size(read_bytes(record["signature"], name), 65, name))
                    except SunbidError as error:
                        logger.info("a shown %s is not taken: %s", act.name(), error.message)
