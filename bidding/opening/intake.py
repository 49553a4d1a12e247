"""What key-holders and bidders hand in during an opening: checked against the chain and the list, kept, never believed.

A false act that a holder signed is kept as evidence and named; whatever was not signed by its maker is not kept at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box.book import BookState, TenderAtBlock, read_tender
from bidding.box.committee import RegisteredKeySet, read_key_set
from bidding.opening import repository
from bidding.opening.errors import FalseRecordError, OpeningError
from bidding.opening.models import BidderRecord, HolderRecord, ListedBid, OpenedBox
from bidding.sealing.boxkey import verify_box_share
from bidding.sealing.errors import SealingError
from bidding.sealing.header import Header
from bidding.sealing.tdh2 import VerifiedHeader, verify_proof, verify_share, z_of_bidder
from ledger.acts import Act, BidList, BidOpening, BoxShare, Envelope, Purpose, ShareRelease
from ledger.chain.client import ChainClient
from ledger.clock import Clock, to_unix
from ledger.db import Database
from ledger.eip712 import Domain, digest
from ledger.keys import recover

RECORDS: tuple[type[Act], ...] = (BoxShare, BidList, ShareRelease, BidOpening)
"""The acts that an opening takes."""


@dataclass(frozen=True)
class _Signed:
    """An act with who signed it."""

    act: Act
    signature: bytes
    digest: bytes
    signer: bytes


class RecordHook(Protocol):
    """What the city does, in the same transaction, when it keeps a record (witnessing it, say)."""

    async def __call__(
        self, session: AsyncSession, act: Act, digest: bytes, holder: int | None, not_before: int
    ) -> None:
        """Write what follows from the record; `holder` is the index of the holder who signed it.

        Before `not_before`, a block time, nobody may have had the record: refuse it while that could not be shown.
        """
        ...


class RecordIntake:
    """Takes the acts of `RECORDS`; every question goes to this city's own chain node and database."""

    def __init__(self, database: Database, clock: Clock, chain: ChainClient, witness: RecordHook) -> None:
        self._database = database
        self._clock = clock
        self._chain = chain
        self._witness = witness

    async def take(self, act: Act, signature: bytes) -> None:
        """Keep the act; the same act again changes nothing. Opens its own units of work.

        Raises `OpeningError` for an act out of time, of a stranger or on another tender; `FalseRecordError` for a false
        one by a holder, which is kept as evidence.
        """
        domain = Domain(self._chain.chain_id, await self._chain.contract(act.contract))
        signed = _Signed(act, signature, digest(act, domain), recover(digest(act, domain), signature))
        match act:
            case BoxShare():
                await self._take_box_share(act, signed)
            case BidList():
                await self._take_list(act, signed)
            case ShareRelease():
                await self._take_share(act, signed)
            case BidOpening():
                await self._take_bidder_opening(act, signed)
            case _:
                raise OpeningError(f"{act.name()} is no record of an opening.", code="opening.type_unknown")

    async def _take_box_share(self, act: BoxShare, signed: _Signed) -> None:
        tender = await self._tender(act.tender, BookState.CLOSED)
        box = await read_key_set(self._chain, tender.view.box_key_id, Purpose.BOX, tender.block)
        if (act.box_key_id, act.epoch) != (box.keys.key_id, box.keys.epoch):
            raise OpeningError("The tender has another box key or epoch.", code="opening.wrong_key_set")
        holder = _seat(box, signed)

        def check() -> None:
            _need_seat(act.holder, holder)
            verify_box_share(box.keys, act.holder, act.scalar)

        await self._keep(signed, act.tender, act.box_key_id, holder, _fault(check), tender.view.closing_at)

    async def _take_list(self, act: BidList, signed: _Signed) -> None:
        tender = await self._tender(act.tender, BookState.CLOSED)
        seal = await read_key_set(self._chain, tender.view.key_id, Purpose.SEAL, tender.block)
        holder = _seat(seal, signed)
        async with self._database.reading() as session:
            own = await repository.box(session, act.tender)
        await self._keep(signed, act.tender, act.tender, holder, list_fault(act, own), tender.view.closing_at)

    async def _take_share(self, act: ShareRelease, signed: _Signed) -> None:
        tender, entry = await self._opening(act.tender, act.header_hash)
        seal = await read_key_set(self._chain, tender.view.key_id, Purpose.SEAL, tender.block)
        if (act.key_id, act.epoch) != (seal.keys.key_id, seal.keys.epoch):
            raise OpeningError("The tender has another key set or epoch.", code="opening.wrong_key_set")
        holder = _seat(seal, signed)

        def check() -> None:
            share = verify_share(verified_header(entry, seal), seal.keys, act.share)
            _need_seat(share.index, holder)

        await self._keep(signed, act.tender, act.header_hash, holder, _fault(check), tender.view.listed_at)

    async def _take_bidder_opening(self, act: BidOpening, signed: _Signed) -> None:
        tender, entry = await self._opening(act.tender, act.header_hash)
        seal = await read_key_set(self._chain, tender.view.key_id, Purpose.SEAL, tender.block)
        z_of_bidder(verified_header(entry, seal), act.r)
        async with self._database.unit_of_work() as session:
            if await repository.bidder_record(session, act.header_hash) is None:
                session.add(
                    BidderRecord(
                        header_hash=act.header_hash,
                        tender=act.tender,
                        act=act.to_json(),
                        signature=signed.signature,
                        taken_at=to_unix(self._clock.now()),
                    )
                )
                await self._witness(session, act, signed.digest, None, tender.view.listed_at)

    async def _opening(self, tender_id: bytes, header_hash: bytes) -> tuple[TenderAtBlock, ListedBid]:
        """Return tender and entry, if the entry may be opened now."""
        tender = await self._tender(tender_id, BookState.LISTED)
        async with self._database.reading() as session:
            entry = await repository.entry(session, tender_id, header_hash)
        if entry is None or entry.void:
            raise OpeningError("The list has no valid bid with this header.", code="opening.no_entry")
        envelope, lot = Envelope(entry.envelope), tender.lot(entry.lot)
        if lot is None or not lot.has_opened(envelope):
            raise OpeningError("The lot does not open this envelope yet.", code="opening.not_yet")
        for earlier in Envelope:
            if earlier < envelope and lot.envelopes & earlier.bit:
                arguments = (tender_id, lot.number, earlier, entry.bidder)
                if await self._chain.call("TenderBook", "isExcluded", *arguments, block=tender.block):
                    raise OpeningError("The bidder was excluded before this envelope.", code="opening.excluded")
        return tender, entry

    async def _tender(self, tender_id: bytes, least: BookState) -> TenderAtBlock:
        tender = await read_tender(self._chain, tender_id, await self._chain.block())
        if tender is None:
            raise OpeningError("The chain knows no such tender.", code="tender.unknown")
        if tender.view.state < least or tender.view.state is BookState.TERMINATED:
            raise OpeningError(f"The tender is {tender.view.state.name}.", code="opening.not_yet")
        return tender

    async def _keep(
        self, signed: _Signed, tender: bytes, subject: bytes, holder: int, fault: str | None, not_before: int
    ) -> None:
        async with self._database.unit_of_work() as session:
            if await session.get(HolderRecord, (signed.digest, signed.signer)) is None:
                session.add(
                    HolderRecord(
                        digest=signed.digest,
                        signer=signed.signer,
                        tender=tender,
                        type=signed.act.name(),
                        subject=subject,
                        holder=holder,
                        act=signed.act.to_json(),
                        signature=signed.signature,
                        taken_at=to_unix(self._clock.now()),
                        fault=fault,
                    )
                )
                if fault is None:
                    await self._witness(session, signed.act, signed.digest, holder, not_before)
        if fault is not None:
            raise FalseRecordError(f"Holder {holder} signed a false record: {fault}", holder=holder)


def list_fault(act: BidList, own: OpenedBox | None) -> str | None:
    """Say what is false in a list that a holder signed, None if nothing is or the own list is not known yet."""
    if own is None:
        return None
    counts = [[count.lot, count.bidders] for count in act.counts]
    same = (act.inputs, act.root, act.count, counts) == (own.inputs, own.root, own.count, own.counts)
    return None if same else "the list is not the one in the box"


def verified_header(entry: ListedBid, seal: RegisteredKeySet) -> VerifiedHeader:
    """Return the header of an entry of void 0, verified once more."""
    return verify_proof(Header.decode(entry.header, seal.keys.suite), seal.keys.joint_key)


def _seat(registered: RegisteredKeySet, signed: _Signed) -> int:
    seat = registered.index_of(signed.signer)
    if seat is None:
        raise OpeningError("The signature is by no member of the committee.", code="opening.not_a_holder")
    return seat


def _need_seat(index: int, holder: int) -> None:
    if index != holder:
        raise OpeningError("This share is of another holder's seat.", code="opening.wrong_seat")


def _fault(check: Callable[[], None]) -> str | None:
    try:
        check()
    except (SealingError, OpeningError) as error:
        return error.message
    return None
