"""The key-holder: a process of its own with its own keys, its own chain node and its own record.

`step` does once all that is due: it releases shares of box keys after the close, computes and signs the list, releases
shares of bids while their envelope opens, and hands to the cities what they do not have yet. It believes only its own
node and its own folder; from cities it takes bytes that prove themselves.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bidding.box.book import BookState, LotView, TenderAtBlock
from bidding.box.committee import RegisteredKeySet, read_key_set
from bidding.box.facts import LoadedList, load_list
from bidding.box.lines import LineReader
from bidding.box.remote import CityClient
from bidding.box.watch import TenderWatch
from bidding.keyholder import checks
from bidding.keyholder.config import HeldShare, HolderFolder
from bidding.keyholder.errors import ReleaseRefusedError
from bidding.keyholder.journal import Journal, Kind, Record
from bidding.keyholder.witnessed import bidder_openings, box_shares
from bidding.sealing.acts import header_of, label_of
from bidding.sealing.box import Entry
from bidding.sealing.boxkey import interpolate_box_key
from bidding.sealing.tdh2 import VerifiedHeader, make_share
from ledger.acts import Act, BidList, BoxShare, Envelope, Purpose, ShareRelease
from ledger.chain.client import Call, ChainClient
from ledger.eip712 import Domain, digest
from ledger.errors import SunbidError
from ledger.failpoints import Failpoint, reach
from ledger.identity import city_id
from ledger.keys import SigningKey

logger = logging.getLogger(__name__)

_DEADLINE = 10.0
"""Seconds that a city has to answer; it is asked again in the next step."""


@dataclass(frozen=True)
class Refusal:
    """Why a holder did not go on with a tender in its last step."""

    tender: bytes
    code: str
    message: str


@dataclass
class KeyHolder:
    """One holder at work; `cities` are all cities it hands its acts to, by name."""

    folder: HolderFolder
    chain: ChainClient
    cities: Sequence[CityClient]
    journal: Journal
    signing: SigningKey
    watch: TenderWatch
    randomness: Callable[[int], bytes] = secrets.token_bytes
    refusals: list[Refusal] = field(default_factory=list)
    _lists: dict[bytes, LoadedList] = field(default_factory=dict)
    _delivered: dict[bytes, set[tuple[str, bytes]]] = field(default_factory=dict)

    async def step(self) -> bool:
        """Do all that is due once; return whether anything was signed or handed over.

        What cannot be done for one tender is noted in `refusals` and tried again in the next step; the other tenders
        are not held up.
        """
        block = await self.chain.final_block()
        self.refusals.clear()
        busy = False
        for tender in await self.watch.tenders(block):
            try:
                busy |= await self._attend(tender)
            except SunbidError as error:
                logger.info("tender %s: %s", tender.tender.hex()[:16], error.message)
                self.refusals.append(Refusal(tender.tender, error.code, error.message))
        return busy

    async def _attend(self, tender: TenderAtBlock) -> bool:
        match tender.view.state:
            case BookState.CLOSED:
                return await self._open_box(tender)
            case BookState.LISTED | BookState.DONE:
                busy = await self._open_bids(tender)
                held_up = any(refusal.tender == tender.tender for refusal in self.refusals)
                if tender.view.state is BookState.DONE and not busy and not held_up:
                    self._let_go(tender.tender)
                return busy
            case BookState.TERMINATED:
                self._let_go(tender.tender)
                return False
            case _:
                return False

    def _let_go(self, tender: bytes) -> None:
        """Keep nothing of a tender that is over but what the folder keeps: it is not attended in this life again."""
        self.watch.forget(tender)
        self._lists.pop(tender, None)
        self._delivered.pop(tender, None)
        self.journal.let_go(tender)

    # --- the box -----------------------------------------------------------------------------------------------

    async def _open_box(self, tender: TenderAtBlock) -> bool:
        box = await read_key_set(self.chain, tender.view.box_key_id, Purpose.BOX, tender.block)
        record = await self._box_share(tender, box)
        busy = await self._deliver(tender.tender, record, self.cities)
        listed = await self._list(tender, box)
        return await self._deliver(tender.tender, listed, self.cities) or busy

    async def _box_share(self, tender: TenderAtBlock, box: RegisteredKeySet) -> Record:
        checks.need_box(tender, box)
        share = self._share(Purpose.BOX, box)
        key_id = box.keys.key_id
        act = BoxShare(tender.tender, key_id, box.keys.epoch, share.index, share.secret)
        return await self._sign(Kind.BOX_SHARE, key_id, act)

    async def _list(self, tender: TenderAtBlock, box: RegisteredKeySet) -> Record:
        loaded = await self._loaded(tender, box)
        act = BidList(tender.tender, tender.view.inputs, loaded.list.root, len(loaded.list.entries), loaded.list.counts)
        self._share(Purpose.SEAL, loaded.seal)
        note = await self._box_secret(tender, box)
        return await self._sign(Kind.LIST, tender.tender, act, note)

    async def _loaded(self, tender: TenderAtBlock, box: RegisteredKeySet) -> LoadedList:
        known = self._lists.get(tender.tender)
        if known is None or known.at.view.inputs != tender.view.inputs:
            secret = await self._box_secret(tender, box)
            known = await load_list(self.chain, LineReader(self.cities), tender, secret)
            self._lists[tender.tender] = known
        return known

    async def _box_secret(self, tender: TenderAtBlock, box: RegisteredKeySet) -> bytes:
        known = self.journal.find(Kind.LIST, tender.tender)
        if known is not None:
            return known.note
        shares = await box_shares(self.cities, tender.tender, box.keys)
        own = self.journal.find(Kind.BOX_SHARE, box.keys.key_id)
        if own is not None and isinstance(own.act, BoxShare):
            shares[own.act.holder] = own.act.scalar
        return interpolate_box_key(box.keys, shares)

    # --- bids --------------------------------------------------------------------------------------------------

    async def _open_bids(self, tender: TenderAtBlock) -> bool:
        checks.need_not_stopped(tender)
        box = await read_key_set(self.chain, tender.view.box_key_id, Purpose.BOX, tender.block)
        loaded = await self._loaded(tender, box)
        checks.need_listed(tender, loaded.list.root, len(loaded.list.entries))
        busy = False
        for lot in tender.lots:
            for envelope in Envelope:
                if lot.has_opened(envelope):
                    busy |= await self._open_envelope(tender, loaded, lot, envelope)
        return busy

    async def _open_envelope(self, tender: TenderAtBlock, loaded: LoadedList, lot: LotView, envelope: Envelope) -> bool:
        try:
            checks.need_opening(tender, lot, envelope)
        except ReleaseRefusedError as error:
            self.refusals.append(Refusal(tender.tender, error.code, error.message))
            return False
        seal = await read_key_set(self.chain, tender.view.key_id, Purpose.SEAL, tender.block)
        mine = [e for e in loaded.list.entries if (e.lot, e.envelope, e.void) == (lot.number, envelope, 0)]
        excluded = await self._excluded(tender, lot, envelope, mine)
        headers = {e.header_hash: self._header(loaded, seal, e) for e in mine if e.bidder not in excluded}
        opened = await bidder_openings(self.cities, tender.tender, headers)
        readers = self.cities if envelope is Envelope.PRICE else self._own_city(tender)
        busy = False
        for entry in mine:
            if entry.header_hash in headers.keys() - opened:
                checks.need_entry(entry, lot, envelope, excluded)
                record = await self._release(tender, seal, headers[entry.header_hash])
                busy |= await self._deliver(tender.tender, record, readers)
        return busy

    @staticmethod
    def _header(loaded: LoadedList, seal: RegisteredKeySet, entry: Entry) -> VerifiedHeader:
        body = loaded.bodies[entry.header_hash]
        expected = label_of(body, loaded.facts)
        return checks.need_header(header_of(body, loaded.facts), entry.header_hash, expected, seal.keys)

    async def _release(self, tender: TenderAtBlock, seal: RegisteredKeySet, verified: VerifiedHeader) -> Record:
        header_hash = verified.header.hash
        known = self.journal.find(Kind.SHARE, header_hash)
        if known is not None:
            return known
        share = self._share(Purpose.SEAL, seal)
        secret = int.from_bytes(share.secret, "big")
        made = make_share(verified, seal.keys, share.index, secret, self.randomness(32))
        act = ShareRelease(tender.tender, header_hash, seal.keys.key_id, seal.keys.epoch, made)
        return await self._sign(Kind.SHARE, header_hash, act)

    async def _excluded(
        self, tender: TenderAtBlock, lot: LotView, envelope: Envelope, entries: Sequence[Entry]
    ) -> set[bytes]:
        bidders = sorted({entry.bidder for entry in entries})
        earlier = [e for e in Envelope if e < envelope and lot.envelopes & e.bit]
        calls = [
            (bidder, Call("TenderBook", "isExcluded", (tender.tender, lot.number, e, bidder)))
            for bidder in bidders
            for e in earlier
        ]
        answers = await self.chain.call_many([call for _, call in calls], block=tender.block)
        return {bidder for (bidder, _), is_out in zip(calls, answers, strict=True) if is_out}

    # --- signing and handing over ------------------------------------------------------------------------------

    def _share(self, purpose: Purpose, registered: RegisteredKeySet) -> HeldShare:
        share = self.folder.share(registered.keys.key_id, registered.keys.epoch)
        return checks.need_share(share, purpose, registered, self.signing.address)

    async def _sign(self, kind: Kind, key: bytes, act: Act, note: bytes = b"") -> Record:
        """Return the record of `act`, on disk; the journal refuses another act under the same key."""
        known = self.journal.find(kind, key)
        if known is not None:
            return self.journal.append(Record(kind, key, act, known.signature, note))
        domain = Domain(self.chain.chain_id, await self.chain.contract(act.contract))
        record = Record(kind, key, act, self.signing.sign(digest(act, domain)), note)
        reach(Failpoint.HOLDER_SIGNED)
        return self.journal.append(record)

    async def _deliver(self, tender: bytes, record: Record, cities: Sequence[CityClient]) -> bool:
        """Hand the record to every city that has not confirmed it in this life of the process."""
        confirmed = self._delivered.get(tender, set())
        waiting = [city for city in cities if (city.name, record.signature) not in confirmed]
        results = await asyncio.gather(*(self._hand_over(tender, record, city) for city in waiting))
        return any(results)

    async def _hand_over(self, tender: bytes, record: Record, city: CityClient) -> bool:
        try:
            await city.post_record(tender, record.act, record.signature)
        except SunbidError as error:
            logger.info("%s does not take a %s: %s", city.name, record.kind, error.message)
            self.refusals.append(Refusal(tender, error.code, error.message))
            return False
        reach(Failpoint.HOLDER_DELIVERED)
        self._delivered.setdefault(tender, set()).add((city.name, record.signature))
        return True

    def _own_city(self, tender: TenderAtBlock) -> list[CityClient]:
        """Return the tender's own city: shares that open trade secrets go to nobody else."""
        return [city for city in self.cities if city_id(city.name) == tender.origins[0].city]


@asynccontextmanager
async def open_holder(path: Path, transport: httpx.AsyncBaseTransport | None = None) -> AsyncIterator[KeyHolder]:
    """Yield the holder of this folder, connected; `transport` stands for the network in tests."""
    folder = HolderFolder(path)
    config = folder.config()
    async with (
        ChainClient(config.rpc_urls, config.chain_id, config.registry, finality=config.finality) as chain,
        AsyncExitStack() as stack,
    ):
        cities = [
            CityClient(name, await stack.enter_async_context(_http(url, transport)))
            for name, url in sorted(config.cities.items())
        ]
        journal = Journal(folder.journal_path)
        yield KeyHolder(folder, chain, cities, journal, folder.signing_key(), TenderWatch(chain, config.first_block))


async def run(path: Path, stop: asyncio.Event) -> None:
    """Work until `stop` is set: step after step while something is due, then rest for the configured seconds."""
    async with open_holder(path) as holder:
        await holder.chain.check()
        rest = holder.folder.config().poll_seconds
        while not stop.is_set():
            busy = False
            try:
                busy = await holder.step()
            except SunbidError as error:
                logger.warning("nothing can be done now: %s", error.message)
            if not busy:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), rest)


def _http(url: str, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=_DEADLINE, transport=transport)
