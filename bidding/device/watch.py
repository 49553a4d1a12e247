"""What is proven about an act in the box: who attests it, whether in time; never more than that."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bidding.box.book import OriginView
from bidding.box.lines import inclusion, slips
from bidding.box.proven import ProvenTender
from bidding.box.registry import KeyKind
from bidding.box.remote import CityClient
from bidding.device.chain import ProvenChain
from bidding.device.journal import Attempt
from bidding.sealing.slip import KIND_BID
from ledger.errors import SunbidError
from ledger.identity import city_id
from ledger.json_fields import to_hex
from witness.log.box_checkpoint import SignedBoxCheckpoint
from witness.log.merkle import leaf_hash, verify_inclusion

logger = logging.getLogger(__name__)


class Stage(StrEnum):
    """How far an act has come, by what the device can prove."""

    SEALED = "sealed"
    ACKNOWLEDGED = "acknowledged"
    IN_TIME = "in time"


@dataclass(frozen=True)
class Attested:
    """A checkpoint that origin and one witness signed in time, and the proof that the slip is in it."""

    witness: str
    index: int
    by_origin: SignedBoxCheckpoint
    by_witness: SignedBoxCheckpoint
    proof: tuple[bytes, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the form in which the journal keeps it."""
        return {
            "witness": self.witness,
            "index": self.index,
            "byOrigin": self.by_origin.to_json(),
            "byWitness": self.by_witness.to_json(),
            "proof": [to_hex(node) for node in self.proof],
        }


@dataclass(frozen=True)
class ActStatus:
    """One act as the bidder sees it; `acknowledged_by` counts cities, `attested_by` names the witnesses."""

    number: int
    kind: str
    lot: int
    envelope: str
    sequence: int
    stage: Stage
    acknowledged_by: int
    attested_by: tuple[str, ...] = ()

    @classmethod
    def of(cls, attempt: Attempt) -> ActStatus:
        """Return what the journal alone says."""
        planned, acknowledged = attempt.planned, len(attempt.read_json("acknowledgements.json") or [])
        attested = tuple(item["witness"] for item in attempt.read_json("in_time.json") or [])
        stage = Stage.IN_TIME if attested else Stage.ACKNOWLEDGED if acknowledged else Stage.SEALED
        kind = "bid" if planned.kind == KIND_BID else "withdrawal"
        envelope = planned.envelope.text
        return cls(attempt.number, kind, planned.lot, envelope, planned.sequence, stage, acknowledged, attested)

    @property
    def sentence(self) -> str:
        """Return what a person is told."""
        match self.stage:
            case Stage.IN_TIME:
                return f"sealed, attested by {', '.join(self.attested_by)}, in time"
            case Stage.ACKNOWLEDGED:
                return f"sealed, acknowledged by {self.acknowledged_by} cities, not in the box by proof yet"
            case Stage.SEALED:
                return "sealed on this device, acknowledged by nobody: resume"


@dataclass
class BoxWatch:
    """Looks into the lines of one tender's origins; `cities` are read without a session."""

    tender: ProvenTender
    chain: ProvenChain
    cities: Sequence[CityClient]
    _pages: dict[bytes, list[SignedBoxCheckpoint]] = field(default_factory=dict)

    async def look(self, attempt: Attempt) -> ActStatus:
        """Return the act's status; what proves it is kept in the journal, and never asked for again."""
        if attempt.read_json("in_time.json") is None:
            for origin in self.tender.at.origins:
                start = (attempt.read_json("sent.json") or {}).get(origin.origin.hex())
                found = await self._attested(origin, attempt, start) if start is not None else []
                if len(found) >= self.tender.at.view.q:
                    attempt.write_json("in_time.json", [one.to_json() for one in found])
                    break
        return ActStatus.of(attempt)

    async def _attested(self, origin: OriginView, attempt: Attempt, start: int) -> list[Attested]:
        """Return one proof for each witness whose checkpoint in time holds the slip."""
        pairs = pairs_in_time(origin, await self._checkpoints(origin, start), self.tender.at.view.deadline)
        if not pairs or attempt.slip is None:
            return []
        end, found = max(pair[1].size for pair in pairs), dict[str, Attested]()
        for city in self.cities:
            index = await self._find(city, origin, attempt.slip, start, end)
            for by_origin, by_witness in pairs:
                name = self._name(by_witness.city)
                if index is not None and index < by_witness.size and name not in found:
                    proof = await self._prove(city, attempt.slip, index, by_witness)
                    if proof is not None:
                        found[name] = Attested(name, index, by_origin, by_witness, proof)
        return [found[name] for name in sorted(found)]

    async def _find(self, city: CityClient, origin: OriginView, slip: bytes, start: int, end: int) -> int | None:
        try:
            return await _index_of(city, origin.origin, slip, start, end)
        except SunbidError as error:
            logger.info("%s shows no slips of %s: %s", city.name, origin.origin.hex()[:16], error.message)
            return None

    async def _prove(
        self, city: CityClient, slip: bytes, index: int, checkpoint: SignedBoxCheckpoint
    ) -> tuple[bytes, ...] | None:
        """Return the proof by this city's line, None if it does not lead to this checkpoint: lines of a fork differ."""
        try:
            return await _proof(city, slip, index, checkpoint)
        except SunbidError as error:
            logger.info("%s does not prove what %s signed: %s", city.name, self._name(checkpoint.city), error.message)
            return None

    async def _checkpoints(self, origin: OriginView, start: int) -> list[SignedBoxCheckpoint]:
        """Return every checkpoint beyond `start` that any city shows and that a key standing at its time signed."""
        if origin.origin not in self._pages:
            known: dict[bytes, SignedBoxCheckpoint] = {}
            for city in self.cities:
                try:
                    shown = await city.box_checkpoints(origin.origin, start)
                except SunbidError as error:
                    logger.info("%s shows no checkpoints: %s", city.name, error.message)
                    continue
                known |= {signed.signature: signed for signed in shown if signed.origin == origin.origin}
            self._pages[origin.origin] = await self._standing(origin, list(known.values()))
        return self._pages[origin.origin]

    async def _standing(self, origin: OriginView, shown: list[SignedBoxCheckpoint]) -> list[SignedBoxCheckpoint]:
        domain, asked = self.chain.trust.domain, dict[bytes, tuple[bytes, KeyKind, int]]()
        for signed in shown:
            kind = KeyKind.RECEIVING if signed.city == origin.city else KeyKind.WITNESS
            asked[signed.signature] = (signed.signer(domain), kind, signed.at)
        stands = await self.chain.key_cities(asked.values())
        return [signed for signed in shown if stands.get(asked[signed.signature]) == signed.city]

    def _name(self, city: bytes) -> str:
        return next((c.name for c in self.cities if city_id(c.name) == city), to_hex(city))


def pairs_in_time(
    origin: OriginView, known: Iterable[SignedBoxCheckpoint], deadline: int
) -> list[tuple[SignedBoxCheckpoint, SignedBoxCheckpoint]]:
    """Return the checkpoints that the origin's city and a witness both signed by the deadline, smallest first."""
    in_time = [signed for signed in known if signed.at <= deadline]
    by_origin = {(signed.size, signed.root): signed for signed in in_time if signed.city == origin.city}
    pairs = [
        (by_origin[signed.size, signed.root], signed)
        for signed in in_time
        if signed.city != origin.city and (signed.size, signed.root) in by_origin
    ]
    return sorted(pairs, key=lambda pair: (pair[1].size, pair[1].city))


async def _index_of(city: CityClient, origin: bytes, slip: bytes, start: int, end: int) -> int | None:
    index, wanted = start, hashlib.sha256(slip).digest()
    async for found in slips(city, origin, start, end):
        if hashlib.sha256(found).digest() == wanted:
            return index
        index += 1
    return None


async def _proof(city: CityClient, slip: bytes, index: int, checkpoint: SignedBoxCheckpoint) -> tuple[bytes, ...]:
    proof = await inclusion(city, checkpoint.origin, index, checkpoint.size)
    verify_inclusion(leaf_hash(slip), index, checkpoint.size, proof, checkpoint.root)
    return tuple(proof)
