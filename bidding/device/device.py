"""The bidder's device: it trusts its own keys, its trust file and its journal, and no city.

`submit`, `replace` and `withdraw` seal, upload and send; `resume` goes on after a crash or a silence, with the same
bytes; `watch` says what is proven about each act; `admit` brings to the contract what the cities did not; `open`
publishes r once the chain says that the envelope is opening.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bidding.box.book import BookState
from bidding.box.proven import ProvenTender
from bidding.device.bring import Bringer
from bidding.device.chain import ProvenChain
from bidding.device.cities import DeviceCity
from bidding.device.courier import Courier
from bidding.device.errors import DeviceError
from bidding.device.journal import Attempt, Planned, TenderJournal
from bidding.device.opening import publish_openings
from bidding.device.sealer import Sealer, Signer
from bidding.device.watch import ActStatus, BoxWatch
from bidding.sealing.device import BidRefusedError
from bidding.sealing.facts import TenderFacts
from bidding.sealing.slip import KIND_BID, KIND_WITHDRAWAL, RECEIPTS
from ledger.acts import ZERO32, Envelope
from ledger.chain.client import ChainClient
from ledger.chain.evidence.trust import TrustFile
from ledger.clock import Clock, to_unix


@dataclass(frozen=True)
class Device:
    """One device of one bidder; `cities` are those it knows, the ones where it hands in first before the others.

    `chain` is a node of anybody's, needed only by `admit`.
    """

    folder: Path
    signer: Signer
    trust: TrustFile
    cities: Sequence[DeviceCity]
    clock: Clock
    chain: ChainClient | None = None
    randomness: Callable[[int], bytes] = secrets.token_bytes

    # --- acts --------------------------------------------------------------------------------------------------

    async def submit(self, tender: bytes, lot: int, envelope: Envelope, document: Path) -> ActStatus:
        """Seal the document for this lot and envelope, hand it in, and return what is acknowledged.

        A later submission replaces an earlier one. Refused with `BidRefusedError`, before anything leaves the device,
        if the list would not count it; `DeviceError` if no city can be had.
        """
        proven = await self._announced(tender)
        attempt = await self._seal(proven, lot, envelope, document)
        return await self._hand_in(self.journal(tender), proven, attempt)

    async def seal(self, tender: bytes, lot: int, envelope: Envelope, document: Path) -> Attempt:
        """Seal the document on this device and send nothing; `resume` hands it in, from here or after a look at it."""
        return await self._seal(await self._announced(tender), lot, envelope, document)

    async def replace(self, tender: bytes, lot: int, envelope: Envelope, document: Path) -> ActStatus:
        """Like `submit`, where something was submitted before; refuse where nothing was."""
        self._need_earlier(tender, lot, envelope)
        return await self.submit(tender, lot, envelope, document)

    async def withdraw(self, tender: bytes, lot: int, envelope: Envelope) -> ActStatus:
        """Withdraw (撤回) what was submitted for this lot and envelope; random bytes go first, as with a bid."""
        self._need_earlier(tender, lot, envelope)
        proven = await self._announced(tender)
        journal = self.journal(tender)
        attempt = journal.begin(self._plan(journal, KIND_WITHDRAWAL, lot, envelope, ZERO32, ZERO32))
        return await self._hand_in(journal, proven, attempt)

    async def resume(self, tender: bytes) -> tuple[ActStatus, ...]:
        """Go on with every act on disk that q + 1 cities have not acknowledged yet; a retry sends the same bytes."""
        proven = await self._announced(tender)
        journal = self.journal(tender)
        waiting = [
            attempt
            for attempt in journal.alive()
            if len(attempt.read_json("acknowledgements.json") or []) <= proven.at.view.q
        ]
        return tuple([await self._hand_in(journal, proven, attempt) for attempt in waiting])

    async def watch(self, tender: bytes) -> tuple[ActStatus, ...]:
        """Return what is proven about each act that was sent: who attests that it is in the box, and in time."""
        proven = await self._proven(tender)
        watch = BoxWatch(proven, self._proof_chain, [city.reading for city in self.cities])
        return tuple([await watch.look(attempt) for attempt in self.journal(tender).sent()])

    async def admit(self, tender: bytes) -> bool:
        """Bring the cuts and slips that the contract lacks, once the box is closing; return whether any was sent."""
        if self.chain is None:
            raise DeviceError("Bringing a slip to the contract needs a chain node: give the device one's address.")
        proven = await self._proven(tender)
        if proven.at.view.state is not BookState.CLOSING:
            return False
        bringer = Bringer(self.chain, [city.reading for city in self.cities])
        return await bringer.bring(proven.at, self.journal(tender).sent())

    async def open(self, tender: bytes) -> int:
        """Publish r for every own bid whose envelope is opening by proof; return how many were opened so."""
        proven = await self._proven(tender)
        journal = self.journal(tender)
        facts = await self._facts(proven)
        cities = {city.id32: city.reading for city in self.cities}
        return await publish_openings(proven, facts, journal, self.signer, cities)

    def journal(self, tender: bytes) -> TenderJournal:
        """Return the journal of a tender."""
        return TenderJournal.open(self.folder, tender, self.randomness)

    # --- steps -------------------------------------------------------------------------------------------------

    async def _seal(self, proven: ProvenTender, lot: int, envelope: Envelope, document: Path) -> Attempt:
        journal = self.journal(proven.at.tender)
        nonce, notice = self.randomness(32), proven.at.notices[-1]
        attempt = journal.begin(self._plan(journal, KIND_BID, lot, envelope, nonce, notice))
        await asyncio.to_thread(self._sealer(journal, proven).seal, attempt, document)
        return attempt

    async def _hand_in(self, journal: TenderJournal, proven: ProvenTender, attempt: Attempt) -> ActStatus:
        courier = Courier(proven, self._proof_chain, self._listed(proven), self._now)
        if attempt.slip is None:
            await self._make_slip(journal, proven, attempt, courier)
        elif self._now > proven.at.view.deadline:
            raise BidRefusedError("The deadline has passed: use `admit` for what was taken.", code="bid.late")
        await courier.send(attempt)
        return ActStatus.of(attempt)

    async def _make_slip(
        self, journal: TenderJournal, proven: ProvenTender, attempt: Attempt, courier: Courier
    ) -> None:
        sealer, is_bid = self._sealer(journal, proven), attempt.planned.kind == KIND_BID
        sealer.need_sendable(attempt, await self._facts(proven))
        if not is_bid:
            sealer.write_dummy(attempt)
        stream = await asyncio.to_thread(sealer.stream_of, attempt)
        receipts = (await courier.upload(attempt, stream))[:RECEIPTS]
        facts = await self._facts(proven, courier.signers(stream, receipts))
        sealer.make_slip(attempt, facts, receipts if is_bid else ())

    # --- what it stands on -------------------------------------------------------------------------------------

    @cached_property
    def _proof_chain(self) -> ProvenChain:
        return ProvenChain(self.trust, [city.reading for city in self.cities])

    @property
    def _now(self) -> int:
        return to_unix(self.clock.now())

    async def _proven(self, tender: bytes) -> ProvenTender:
        await self.clock.refresh()
        return await self._proof_chain.tender(tender)

    async def _announced(self, tender: bytes) -> ProvenTender:
        proven = await self._proven(tender)
        if proven.at.view.state is not BookState.ANNOUNCED or proven.at.view.is_suspended:
            raise BidRefusedError("The tender takes no bids now: it is closed or suspended.", code="bid.closed")
        return proven

    async def _facts(self, proven: ProvenTender, keys: Sequence[bytes] = ()) -> TenderFacts:
        return await self._proof_chain.facts(proven, self.signer.papers, keys)

    def _listed(self, proven: ProvenTender) -> list[DeviceCity]:
        """Return the known cities that the announcement lists, in the device's own order."""
        origins = {origin.city for origin in proven.at.origins}
        listed = [city for city in self.cities if city.id32 in origins]
        if not listed:
            raise DeviceError("This device knows none of the cities that the announcement lists.")
        return listed

    def _sealer(self, journal: TenderJournal, proven: ProvenTender) -> Sealer:
        return Sealer(journal, proven, self.signer, self.randomness, self._now)

    def _plan(
        self, journal: TenderJournal, kind: int, lot: int, envelope: Envelope, nonce: bytes, notice: bytes
    ) -> Planned:
        return Planned(kind, lot, envelope, journal.next_sequence(lot, envelope), self._now, nonce, notice)

    def _need_earlier(self, tender: bytes, lot: int, envelope: Envelope) -> None:
        sent = [a.planned for a in self.journal(tender).sent()]
        if not any((planned.lot, planned.envelope) == (lot, envelope) for planned in sent):
            raise DeviceError("Nothing was submitted for this lot and envelope.", code="device.nothing_submitted")
