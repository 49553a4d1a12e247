"""The partner cities that keep copies of streams and slips, over signed requests.

A stream is not pushed: the partner is told its head and length and fetches it chunk by chunk, so that neither side ever
holds more than a chunk, and the head proves what arrives.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bidding.box.door import Partner
from bidding.box.errors import PartnerError, StreamError
from bidding.box.registry import KeyKind, city_of_key
from bidding.box.wire import CityAcknowledgement, CityReceipt
from bidding.sealing.header import BID_CHUNK_SIZE, StreamShape
from bidding.sealing.stream import TAG_SIZE
from ledger.chain.latest import LatestCalls
from ledger.clock import Clock, to_unix
from ledger.errors import SunbidError
from ledger.federation.peers import PeerAnswer, PeerClient, PeerDirectory
from ledger.json_fields import to_hex

logger = logging.getLogger(__name__)

STORED_CHUNK = BID_CHUNK_SIZE + TAG_SIZE
STREAM_DEADLINE = 300.0
"""Seconds that a partner has to fetch a stream; the device's upload waits for it."""


@dataclass(frozen=True)
class FederatedPartner:
    """One partner city, asked by signed requests."""

    peer: PeerClient

    @property
    def city(self) -> bytes:
        """Its id."""
        return self.peer.city.id32

    async def keep_stream(self, head: bytes, length: int, stream: Path) -> CityReceipt:
        """Have the partner fetch the stream, which lies here already, and return its receipt."""
        del stream  # the partner asks for it by its head
        body = {"head": to_hex(head), "length": length}
        return CityReceipt.from_json(await self._post("/v1/partner/streams", body, STREAM_DEADLINE))

    async def keep_slip(self, slip: bytes, own: CityAcknowledgement) -> CityAcknowledgement:
        """Hand the slip and this city's acknowledgement over, and return the partner's."""
        body = {"slip": to_hex(slip), "acknowledgement": own.to_json()}
        return CityAcknowledgement.from_json(await self._post("/v1/partner/slips", body, None))

    async def _post(self, path: str, body: dict[str, Any], deadline: float | None) -> Any:
        data = orjson.dumps(body)
        answer = await self.peer.post(path, data, content_type="application/json", deadline_seconds=deadline)
        return _need_success(self.peer, answer).json()


@dataclass
class FederatedCircle:
    """The partners of the directory; those that did not answer last time are asked last."""

    directory: PeerDirectory
    chain: LatestCalls
    clock: Clock
    silent: dict[str, str] = field(default_factory=dict)
    """Partners that failed when they were last asked, with the reason: for health and metrics."""

    async def wanted(self) -> int:
        """Return how many partners keep a copy: q as CityRegistry has it now."""
        return int(await self.chain.call("CityRegistry", "witnessQuorum"))

    async def is_receiving_key(self, city: bytes, address: bytes) -> bool:
        """Say whether this key stands now as a receiving key of the city."""
        return await city_of_key(self.chain, address, KeyKind.RECEIVING, to_unix(self.clock.now())) == city

    async def ask(self, wanted: int, given: frozenset[bytes], question: Callable[[Partner], Awaitable[None]]) -> None:
        """Put the question to partners not in `given`, one after the other, until `wanted` have answered."""
        for peer in sorted(self.directory, key=lambda peer: (peer.name in self.silent, peer.name)):
            if wanted <= 0 or peer.city.id32 in given:
                continue
            try:
                await question(FederatedPartner(peer))
            except SunbidError as error:
                logger.warning("%s keeps no copy: %s", peer.name, error.message)
                self.silent[peer.name] = error.message
            else:
                self.silent.pop(peer.name, None)
                wanted -= 1


async def fetch_stream(peer: PeerClient, head: bytes, length: int) -> AsyncIterator[bytes]:
    """Yield the chunks of a stream that the partner asks to keep; whoever stores them checks length and head.

    Raises `StreamError`, `stream.not_served`, if the partner does not give out what it asks to keep.
    """
    for index in range(StreamShape(length, BID_CHUNK_SIZE).count):
        answer = await peer.get(f"/v1/partner/streams/{to_hex(head)}/{index}")
        if not answer.is_success:
            raise StreamError(
                f"{peer.name} does not give out the stream that it asks to keep: status {answer.status}.",
                code="stream.not_served",
            )
        yield answer.body


def read_chunk(path: Path, index: int) -> bytes:
    """Return one stored chunk of a stream; refuse an index beyond its end."""
    with path.open("rb") as file:
        file.seek(index * STORED_CHUNK)
        chunk = file.read(STORED_CHUNK)
    if not chunk:
        raise StreamError("The stream has no such chunk.", code="stream.not_found")
    return chunk


def _need_success(peer: PeerClient, answer: PeerAnswer) -> PeerAnswer:
    if not answer.is_success:
        raise PartnerError(f"{peer.name} refused with status {answer.status}.", code="peer.refused", city=peer.name)
    return answer
