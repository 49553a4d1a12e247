"""Reading a box: shares of its key, the list computed from the box itself, and the committee's signatures to the chain.

Every city does this by itself. Nobody asserts the list; what a city stores is what it computed from its own chain node
and slips that lead to the chain's cuts.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box.book import BookState, TenderAtBlock
from bidding.box.committee import RegisteredKeySet, read_key_set
from bidding.box.facts import LoadedList, load_list
from bidding.box.lines import LineReader, LineSource
from bidding.box.repository import publish_streams
from bidding.opening import repository
from bidding.opening.intake import list_fault
from bidding.opening.missed import missed_slips
from bidding.opening.models import HolderRecord, ListedBid, OpenedBox, SlipVerdict
from bidding.sealing.acts import header_of
from bidding.sealing.box import explain
from bidding.sealing.boxkey import interpolate_box_key
from ledger.acts import BidList, BoxShare, Purpose
from ledger.chain.client import ChainClient, ContractRevertedError
from ledger.db import Database

logger = logging.getLogger(__name__)


class Submitter(Protocol):
    """The durable sender of the city's own transactions (`ledger.chain.sender.ChainSender`)."""

    async def submit(
        self, session: AsyncSession, contract: str, function: str, args: Sequence[Any], *, key: str
    ) -> object:
        """Store the intent to call `contract.function(*args)` with the transaction of `session`, once per `key`."""
        ...


class OpenedHook(Protocol):
    """What the city does, in the same transaction, when a box has been read (witnessing it, say)."""

    async def __call__(self, session: AsyncSession, loaded: LoadedList) -> None:
        """Write what follows from the list."""
        ...


class BoxReader:
    """Reads boxes that are closed at finality; `sources` are the cities' lines, this city's own first."""

    def __init__(
        self,
        database: Database,
        chain: ChainClient,
        sender: Submitter,
        sources: Sequence[LineSource],
        hook: OpenedHook,
    ) -> None:
        self._database = database
        self._chain = chain
        self._sender = sender
        self._sources = sources
        self._hook = hook

    async def read(self, tender: TenderAtBlock) -> bool:
        """Open the box once k shares are there; return whether this call did."""
        async with self._database.reading() as session:
            if await repository.box(session, tender.tender) is not None:
                return False
            shares = await _good(session, tender.tender, BoxShare, tender.view.box_key_id)
        box = await read_key_set(self._chain, tender.view.box_key_id, Purpose.BOX, tender.block)
        scalars = _scalars(box, shares)
        if len(scalars) < box.keys.k:
            return False
        secret = interpolate_box_key(box.keys, scalars)
        loaded = await load_list(self._chain, LineReader(self._sources), tender, secret)
        missed = await missed_slips(self._database, loaded, secret)
        async with self._database.unit_of_work() as session:
            if await repository.box(session, tender.tender) is None:
                await self._store(session, loaded, secret)
                session.add_all(missed)
        return True

    async def _store(self, session: AsyncSession, loaded: LoadedList, secret: bytes) -> None:
        session.add(_box_row(loaded, secret))
        await session.flush()
        session.add_all(_entry_rows(loaded))
        session.add_all(_verdict_rows(loaded))
        await publish_streams(session, [body.head for body in loaded.bodies.values()])
        own = _box_row(loaded, secret)
        for record in await repository.holder_records(session, loaded.at.tender, BidList):
            record.fault = list_fault(BidList.from_json(record.act), own)
        await self._hook(session, loaded)

    async def send_list(self, tender: TenderAtBlock) -> bool:
        """Bring the list to the contract once k holders signed the very list that this city computed."""
        if tender.view.state is not BookState.CLOSED or tender.view.is_suspended:
            return False
        async with self._database.reading() as session:
            box = await repository.box(session, tender.tender)
            signed = await _good(session, tender.tender, BidList, tender.tender)
        if box is None:
            return False
        seal = await read_key_set(self._chain, tender.view.key_id, Purpose.SEAL, tender.block)
        matching = [r for r in signed if list_fault(BidList.from_json(r.act), box) is None]
        by_seat = {seal.index_of(record.signer): record for record in matching}
        seats = sorted(seat for seat in by_seat if seat is not None)[: seal.keys.k]
        if len(seats) < seal.keys.k:
            return False
        arguments = (BidList.from_json(by_seat[seats[0]].act), [by_seat[seat].signature for seat in seats])
        return await self._send(tender, arguments)

    async def _send(self, tender: TenderAtBlock, arguments: tuple[BidList, list[bytes]]) -> bool:
        try:
            await self._chain.call("TenderBook", "list", *arguments)
        except ContractRevertedError as error:
            logger.debug("list is not due: %s", error.message)
            return False
        name = hashlib.sha256(tender.tender + tender.view.inputs + b"".join(arguments[1])).hexdigest()
        async with self._database.unit_of_work() as session:
            await self._sender.submit(session, "TenderBook", "list", arguments, key=f"list/{name}")
        return True


async def _good(
    session: AsyncSession, tender: bytes, act: type[BoxShare | BidList], subject: bytes
) -> list[HolderRecord]:
    records = await repository.holder_records(session, tender, act, subject)
    return [record for record in records if record.fault is None]


def _scalars(box: RegisteredKeySet, records: Sequence[HolderRecord]) -> dict[int, bytes]:
    """Return the shares of the registered epoch by holder."""
    acts = [BoxShare.from_json(record.act) for record in records]
    return {act.holder: act.scalar for act in acts if act.epoch == box.keys.epoch}


def _box_row(loaded: LoadedList, secret: bytes) -> OpenedBox:
    found = loaded.list
    return OpenedBox(
        tender=loaded.at.tender,
        inputs=loaded.at.view.inputs,
        root=found.root,
        count=len(found.entries),
        counts=[[count.lot, count.bidders] for count in found.counts],
        box_secret=secret,
        box_key_id=loaded.at.view.box_key_id,
        block=loaded.at.block,
    )


def _entry_rows(loaded: LoadedList) -> list[ListedBid]:
    rows = []
    for position, entry in enumerate(loaded.list.entries):
        body = loaded.bodies[entry.header_hash]
        rows.append(
            ListedBid(
                tender=loaded.at.tender,
                position=position,
                lot=entry.lot,
                envelope=entry.envelope,
                origin=entry.origin,
                index=entry.index,
                bidder=entry.bidder,
                sequence=entry.sequence,
                header_hash=entry.header_hash,
                void=entry.void,
                notice=body.notice,
                head=body.head,
                header=header_of(body, loaded.facts),
            )
        )
    return rows


def _verdict_rows(loaded: LoadedList) -> list[SlipVerdict]:
    return [
        SlipVerdict(
            tender=loaded.at.tender,
            slip_hash=verdict.place.slip_hash,
            slip=verdict.slip,
            origin=verdict.place.origin,
            index=verdict.place.index,
            bidder=verdict.body.bidder,
            reason=verdict.reason.value,
            sentence=explain(verdict, loaded.facts),
        )
        for verdict in loaded.list.verdicts
    ]
