"""The door: what a city takes from bidders and partner cities before a deadline, blindly.

It checks sizes, a valid point, a well-formed stream and the quota; nothing else, because it cannot know what a slip
says. Whatever it signs is on disk first, and the same upload again gets the same answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box import repository
from bidding.box.errors import PartnerError, SlipError, StreamError
from bidding.box.models import StoredAcknowledgement, StoredReceipt, StoredStream
from bidding.box.quota import PARTNER_FACTOR, Quota
from bidding.box.streams import StreamStore
from bidding.box.wire import Acknowledgements, CityAcknowledgement, CityReceipt, StreamReceipts
from bidding.sealing.errors import FormatError
from bidding.sealing.group import POINT_SIZE
from bidding.sealing.hashing import TDH2_SECP256K1
from bidding.sealing.header import BID_CHUNK_SIZE, StreamShape
from bidding.sealing.slip import SLIP_SIZE
from ledger.acts import Acknowledgement, Act, StreamReceipt
from ledger.clock import Clock, to_unix
from ledger.db import Database
from ledger.eip712 import Domain, digest
from ledger.failpoints import Failpoint, reach
from ledger.keys import SigningKey, recover
from ledger.settings import Limits

Take = Callable[[AsyncSession], Awaitable[None]]
"""Notes that a partner's request was taken, or refuses one that was taken before."""


class SealedQueue(Protocol):
    """The queue of this city's sealed log."""

    async def accept(self, session: AsyncSession, slip: bytes, account: bytes | None, received_at: datetime) -> int:
        """Queue the slip, once, and return by when (seconds since 1970) the log will have it merged."""
        ...


class Partner(Protocol):
    """Another city, asked to keep what this one took."""

    @property
    def city(self) -> bytes:
        """Its id."""
        ...

    async def keep_stream(self, head: bytes, length: int, stream: Path) -> CityReceipt:
        """Return its receipt for the stream; raise `SunbidError` if it gives none."""
        ...

    async def keep_slip(self, slip: bytes, own: CityAcknowledgement) -> CityAcknowledgement:
        """Return its acknowledgement of the slip that this city acknowledged; raise `SunbidError` if it gives none."""
        ...


class PartnerCircle(Protocol):
    """The other cities, and how many of them have to keep a thing."""

    async def ask(self, wanted: int, given: frozenset[bytes], question: Callable[[Partner], Awaitable[None]]) -> None:
        """Put the question to partners not in `given` until `wanted` have answered or all were asked."""
        ...

    async def wanted(self) -> int:
        """Return q as it stands."""
        ...

    async def is_receiving_key(self, city: bytes, address: bytes) -> bool:
        """Say whether this is a receiving key of the city that stands."""
        ...


@dataclass(frozen=True)
class DoorKeeper:
    """Who this city is at the door: its ids, its receiving key and the domain its receipts are signed in."""

    city: bytes
    origin: bytes
    receiving: SigningKey
    registry: Domain

    def sign(self, act: Act) -> bytes:
        """Return the receiving key's signature of `act`."""
        return self.receiving.sign(digest(act, self.registry))


class Door:
    """The use cases of the door; each opens its own units of work, because uploads are slow and locks must be short."""

    def __init__(
        self,
        keeper: DoorKeeper,
        database: Database,
        clock: Clock,
        store: StreamStore,
        queue: SealedQueue,
        partners: PartnerCircle,
        limits: Limits,
    ) -> None:
        self._keeper = keeper
        self._database = database
        self._clock = clock
        self._store = store
        self._queue = queue
        self._partners = partners
        self._limits = limits

    # --- streams -----------------------------------------------------------------------------------------------

    async def take_stream(self, account: bytes, head: bytes, length: int, body: AsyncIterator[bytes]) -> StreamReceipts:
        """Keep an account's stream and return the receipts of this city and of q partners, as far as they answer.

        Raises `StreamError` for a stream that is not what `head` and `length` say, `QuotaError` beyond the quota.
        """
        await self._keep_stream(account, Quota(self._limits), head, length, body)
        await self._gather_receipts(StreamReceipt(head, length))
        return await self.receipts(head)

    async def keep_for_partner(self, city: bytes, head: bytes, length: int, body: AsyncIterator[bytes]) -> CityReceipt:
        """Keep a stream that `city` took and return this city's receipt; errors as `take_stream`."""
        await self._keep_stream(city, Quota(self._limits, PARTNER_FACTOR), head, length, body)
        own = self._keeper.city
        return next(receipt for receipt in (await self.receipts(head)).by if receipt.city == own)

    async def receipts(self, head: bytes) -> StreamReceipts:
        """Return what this city knows of the receipts of a stream it keeps."""
        async with self._database.reading() as session:
            stream = await repository.stream(session, head)
            if stream is None:
                raise StreamError("No stream with this head is kept here.", code="stream.not_found")
            by = tuple(CityReceipt(row.city, row.signature) for row in await repository.receipts(session, head))
        return StreamReceipts(StreamReceipt(head, stream.length), by)

    async def kept_stream(self, head: bytes) -> Path:
        """Return the file of a stream that is kept here: for partner cities only, which were told its head."""
        async with self._database.reading() as session:
            if await repository.stream(session, head) is None:
                raise StreamError("No stream with this head is kept here.", code="stream.not_found")
        return self._store.path(head)

    async def public_stream(self, head: bytes) -> tuple[Path, int]:
        """Return file and payload length of a stream that an opened box lists; before that it is as if unknown."""
        async with self._database.reading() as session:
            stream = await repository.stream(session, head)
        if stream is None or not stream.public:
            raise StreamError(
                "No stream with this head is public here. Streams are served once the tender's box is open.",
                code="stream.not_found",
            )
        return self._store.path(head), stream.length

    async def _keep_stream(
        self, account: bytes, quota: Quota, head: bytes, length: int, body: AsyncIterator[bytes]
    ) -> None:
        size = self._stored_size(head, length)
        async with self._database.reading() as session:
            known = await repository.stream(session, head)
        if known is not None and known.length == length:
            return
        async with self._database.unit_of_work() as session:
            await quota.use_stream(session, account, size, self._clock.now())
        await self._store.receive(head, length, body)
        reach(Failpoint.DOOR_STREAM_STORED)
        receipt = self._keeper.sign(StreamReceipt(head, length))
        async with self._database.unit_of_work() as session:
            if await repository.stream(session, head) is None:
                session.add(StoredStream(head=head, length=length, kept_since=self._clock.now()))
                session.add(StoredReceipt(head=head, city=self._keeper.city, signature=receipt))

    def _stored_size(self, head: bytes, length: int) -> int:
        if len(head) != 32 or length < 0:
            raise StreamError("A stream needs a head of 32 bytes and a length that is not negative.")
        if length > self._limits.max_stream_bytes:
            raise StreamError(
                f"A payload has at most {self._limits.max_stream_bytes} octets here.", code="stream.too_large"
            )
        return StreamShape(length, BID_CHUNK_SIZE).stored_length

    async def _gather_receipts(self, act: StreamReceipt) -> None:
        known = {receipt.city for receipt in (await self.receipts(act.head)).by}
        missing = await self._partners.wanted() - len(known - {self._keeper.city})

        async def ask(partner: Partner) -> None:
            receipt = await partner.keep_stream(act.head, act.length, self._store.path(act.head))
            await self._check_partner(partner, receipt.city, act, receipt.signature)
            async with self._database.unit_of_work() as session:
                await session.merge(StoredReceipt(head=act.head, city=receipt.city, signature=receipt.signature))

        await self._partners.ask(missing, frozenset(known | {self._keeper.city}), ask)

    # --- slips -------------------------------------------------------------------------------------------------

    async def take_slip(self, account: bytes, origin: bytes, slip: bytes) -> Acknowledgements:
        """Queue an account's slip and return the acknowledgements of this city and of q partners, if they answer.

        The same slip again gets the same acknowledgements. Raises `SlipError` for bytes that are no slip or another
        city's origin, `QuotaError` beyond the quota.
        """
        check_slip(slip)
        if origin != self._keeper.origin:
            raise SlipError("Slips for this origin are taken by its own city, not here.", code="origin.unknown")
        slip_hash = hashlib.sha256(slip).digest()
        now = self._clock.now()
        async with self._database.unit_of_work() as session:
            if await repository.keep_slip(session, slip, slip_hash, origin, now):
                await Quota(self._limits).use_slip(session, account, now)
                merge_by = await self._queue.accept(session, slip, account, now)
                own = self._acknowledge(origin, slip_hash, now, merge_by)
                await _keep(session, own)
                known: tuple[CityAcknowledgement, ...] = (own,)
                reach(Failpoint.DOOR_SLIP_QUEUED)
            else:
                known = await _acknowledgements(session, slip_hash, origin)
        reach(Failpoint.DOOR_SLIP_COMMITTED)
        all_known = await self._gather_acknowledgements(slip, Acknowledgements(origin, slip_hash, known))
        reach(Failpoint.DOOR_SLIP_ACKNOWLEDGED)
        return all_known

    async def keep_slip_for_partner(
        self, city: bytes, slip: bytes, theirs: CityAcknowledgement, take: Take
    ) -> CityAcknowledgement:
        """Keep a slip that `city` took, with its acknowledgement, and return this city's.

        Should that city's log not merge the slip, this one can bring it to the contract. `take` goes first in the
        transaction.
        """
        check_slip(slip)
        slip_hash, origin = hashlib.sha256(slip).digest(), theirs.act.origin
        if theirs.act.slip != slip_hash or theirs.city != city:
            raise PartnerError("The acknowledgement is another city's, or of another slip.", city=city.hex())
        await self._check_signature(city, theirs.act, theirs.signature)
        now = self._clock.now()
        async with self._database.unit_of_work() as session:
            await take(session)
            if await repository.keep_slip(session, slip, slip_hash, origin, now):
                own = self._acknowledge(origin, slip_hash, now, theirs.act.merge_by)
                await _keep(session, own, theirs)
                # Last, for all slips of a city wait for each other from here to the commit.
                await Quota(self._limits, PARTNER_FACTOR).use_slip(session, city, now)
                return own
            known = await _acknowledgements(session, slip_hash, origin)
        return next(acknowledgement for acknowledgement in known if acknowledgement.city == self._keeper.city)

    async def acknowledgements(self, origin: bytes, slip_hash: bytes) -> Acknowledgements:
        """Return what this city knows of the acknowledgements of a slip."""
        async with self._database.reading() as session:
            return Acknowledgements(origin, slip_hash, await _acknowledgements(session, slip_hash, origin))

    def _acknowledge(self, origin: bytes, slip_hash: bytes, now: datetime, merge_by: int) -> CityAcknowledgement:
        act = Acknowledgement(origin, slip_hash, to_unix(now), merge_by)
        return CityAcknowledgement(self._keeper.city, act, self._keeper.sign(act))

    async def _gather_acknowledgements(self, slip: bytes, known: Acknowledgements) -> Acknowledgements:
        """Return `known`, which is stored, and those of partners that it takes to make q, stored too."""
        by = {acknowledgement.city: acknowledgement for acknowledgement in known.by}
        own = by[self._keeper.city]

        async def ask(partner: Partner) -> None:
            found = await partner.keep_slip(slip, own)
            if (found.act.origin, found.act.slip) != (known.origin, known.slip_hash):
                raise PartnerError("The partner acknowledged another slip.", city=partner.city.hex())
            await self._check_partner(partner, found.city, found.act, found.signature)
            async with self._database.unit_of_work() as session:
                await _keep(session, found)
            by[found.city] = found

        await self._partners.ask(await self._partners.wanted() - len(by) + 1, frozenset(by), ask)
        return Acknowledgements(known.origin, known.slip_hash, tuple(by[city] for city in sorted(by)))

    async def _check_partner(self, partner: Partner, city: bytes, act: Act, signature: bytes) -> None:
        if city != partner.city:
            raise PartnerError("The partner answered for another city.", city=partner.city.hex())
        await self._check_signature(city, act, signature)

    async def _check_signature(self, city: bytes, act: Act, signature: bytes) -> None:
        signer = recover(digest(act, self._keeper.registry), signature)
        if not await self._partners.is_receiving_key(city, signer):
            raise PartnerError("The partner's signature is not by its receiving key.", city=city.hex())


def check_slip(slip: bytes) -> None:
    """Raise `SlipError` unless these are 896 octets that begin with a point; nothing more can be seen in a slip."""
    if len(slip) > SLIP_SIZE:
        raise SlipError(f"A slip has {SLIP_SIZE} octets, not more.", code="slip.too_long")
    if len(slip) < SLIP_SIZE:
        raise SlipError(f"A slip has {SLIP_SIZE} octets, not {len(slip)}. Send all of it.", code="slip.truncated")
    try:
        TDH2_SECP256K1.group.decode(slip[:POINT_SIZE])
    except FormatError as error:
        raise SlipError("A slip begins with a compressed point of the curve.") from error


async def _acknowledgements(session: AsyncSession, slip_hash: bytes, origin: bytes) -> tuple[CityAcknowledgement, ...]:
    return tuple(map(acknowledgement_of, await repository.acknowledgements(session, slip_hash, origin)))


async def _keep(session: AsyncSession, *acknowledgements: CityAcknowledgement) -> None:
    await repository.keep_acknowledgements(session, list(map(_row, acknowledgements)))


def _row(acknowledgement: CityAcknowledgement) -> dict[str, object]:
    act = acknowledgement.act
    return {
        "slip_hash": act.slip,
        "origin": act.origin,
        "city": acknowledgement.city,
        "received_at": act.received_at,
        "merge_by": act.merge_by,
        "signature": acknowledgement.signature,
    }


def acknowledgement_of(row: StoredAcknowledgement) -> CityAcknowledgement:
    """Return the acknowledgement that is stored in `row`."""
    act = Acknowledgement(row.origin, row.slip_hash, row.received_at, row.merge_by)
    return CityAcknowledgement(row.city, act, row.signature)


def sort_by_city(acknowledgements: Sequence[CityAcknowledgement]) -> list[CityAcknowledgement]:
    """Return the acknowledgements ascending by city, as `admit` wants them after the origin's own."""
    return sorted(acknowledgements, key=lambda acknowledgement: acknowledgement.city)
