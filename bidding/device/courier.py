"""Handing streams and slips to cities, and believing only answers whose signatures stand by proof."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bidding.box.proven import ProvenTender
from bidding.box.registry import KeyKind
from bidding.box.wire import Acknowledgements, CityAcknowledgement, StreamReceipts
from bidding.device.chain import ProvenChain
from bidding.device.cities import DeviceCity
from bidding.device.errors import DeviceError
from bidding.device.journal import Attempt
from bidding.device.sealer import StreamToSend
from ledger.acts import StreamReceipt, digest
from ledger.errors import SunbidError
from ledger.keys import recover

_PIECE = 1 << 18


@dataclass(frozen=True)
class Courier:
    """Carries the acts of one tender; `cities` are the known ones that the announcement lists, in the order to ask."""

    tender: ProvenTender
    chain: ProvenChain
    cities: Sequence[DeviceCity]
    now: int

    async def upload(self, attempt: Attempt, stream: StreamToSend) -> tuple[bytes, ...]:
        """Return receipts of q + 1 cities or more, asking one listed city after the other.

        Those got before are on disk and count. Raises `DeviceError` (`device.receipts`) while they are too few.
        """
        held = {bytes.fromhex(c): bytes.fromhex(s) for c, s in (attempt.read_json("receipts.json") or {}).items()}
        needed, failures = self.tender.at.view.q + 1, dict[str, str]()
        for city in self.cities:
            if len(held) >= needed:
                break
            try:
                given = await city.account.upload_stream(stream.head, stream.length, _pieces(attempt.stream))
                held |= await self._good_receipts(given, stream)
            except SunbidError as error:
                failures[city.name] = error.message
            attempt.write_json("receipts.json", {c.hex(): s.hex() for c, s in held.items()})
        if len(held) < needed:
            raise DeviceError(
                f"{len(held)} cities keep the stream, {needed} are needed. Run `resume` in a moment.",
                code="device.receipts",
                answers=failures,
            )
        return tuple(held.values())

    def signers(self, stream: StreamToSend, receipts: Sequence[bytes]) -> list[bytes]:
        """Return the addresses that signed these receipts."""
        signed = digest(StreamReceipt(stream.head, stream.length), self.chain.trust.domain)
        return [recover(signed, receipt) for receipt in receipts]

    async def send(self, attempt: Attempt) -> None:
        """Send the slip to the first listed city that takes it; keep the acknowledgements that hold.

        Raises `DeviceError` (`device.not_taken`) if none does.
        """
        slip, failures = attempt.slip, dict[str, str]()
        assert slip is not None
        for city in self.cities:
            origin = next(o.origin for o in self.tender.at.origins if o.city == city.id32)
            try:
                await self._note_size(city, origin, attempt)
                good = await self._good_acknowledgements(await city.account.upload_slip(origin, slip), origin, slip)
            except SunbidError as error:
                failures[city.name] = error.message
                continue
            if any(acknowledgement.city == city.id32 for acknowledgement in good):
                attempt.write_json("acknowledgements.json", [a.to_json() for a in good])
                return
            failures[city.name] = "its own acknowledgement does not hold"
        raise DeviceError("No city takes the slip. Run `resume` at once.", code="device.not_taken", answers=failures)

    async def _note_size(self, city: DeviceCity, origin: bytes, attempt: Attempt) -> None:
        """Keep the size of the log before the slip was sent: it cannot stand earlier."""
        known = attempt.read_json("sent.json") or {}
        if origin.hex() not in known:
            size = await city.reading.log_size(origin)
            attempt.write_json("sent.json", {**known, origin.hex(): size})

    async def _good_receipts(self, given: StreamReceipts, stream: StreamToSend) -> dict[bytes, bytes]:
        """Return those receipts for this stream that the named city's standing receiving key signed, by city."""
        if (given.act.head, given.act.length) != (stream.head, stream.length):
            raise DeviceError("The city answered for another stream.", code="device.false_answer")
        signed = digest(given.act, self.chain.trust.domain)
        asked = {r.city: (recover(signed, r.signature), KeyKind.RECEIVING, self.now) for r in given.by}
        stands = await self.chain.key_cities(asked.values())
        return {r.city: r.signature for r in given.by if stands.get(asked[r.city]) == r.city}

    async def _good_acknowledgements(
        self, given: Acknowledgements, origin: bytes, slip: bytes
    ) -> list[CityAcknowledgement]:
        if (given.origin, given.slip_hash) != (origin, hashlib.sha256(slip).digest()):
            raise DeviceError("The city acknowledged another slip.", code="device.false_answer")
        domain = self.chain.trust.domain
        signers = {a.city: recover(digest(a.act, domain), a.signature) for a in given.by}
        asked = {a.city: (signers[a.city], KeyKind.RECEIVING, a.act.received_at) for a in given.by}
        stands = await self.chain.key_cities(asked.values())
        return [a for a in given.by if stands.get(asked[a.city]) == a.city]


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
