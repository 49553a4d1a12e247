"""What a device knows of the chain: only what is proven under a block that counts by its trust file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bidding.box.facts import base_facts, with_registry
from bidding.box.proven import ProvenTender, city_of_key, read_answers, read_tender
from bidding.box.registry import Answers, KeyKind, Questions
from bidding.box.remote import CityClient
from bidding.device.errors import DeviceError
from bidding.sealing.facts import TenderFacts
from ledger.acts import digest
from ledger.authority import ActChain
from ledger.chain.evidence.blocks import VerifiedBlock
from ledger.chain.evidence.facts import ProvenState
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.chain.evidence.state import StateEvidence
from ledger.chain.evidence.trust import TrustFile
from ledger.errors import SunbidError
from ledger.keys import recover

logger = logging.getLogger(__name__)


@dataclass
class ProvenChain:
    """Believes what is proven, and nothing older than what it has seen; `faults` names whose answer did not hold.

    About a tender all cities are asked and the newest answer counts, so that none can hide an amendment. About the
    registry one good answer is enough, if its block is not older.
    """

    trust: TrustFile
    cities: Sequence[CityClient]
    faults: dict[str, str] = field(default_factory=dict)
    _floor: int = 0
    _attested: dict[bytes, dict[str, asyncio.Task[bytes | None]]] = field(default_factory=dict)

    async def tender(self, tender: bytes) -> ProvenTender:
        """Return the tender with its key sets, whose ids are recomputed and whose polynomials are checked."""
        block, state = await self._newest(lambda city: city.tender_evidence(tender))
        trust = self.trust
        return read_tender(state, trust.chain_id, trust.city_registry, tender, block.number, block.timestamp)

    async def facts(self, tender: ProvenTender, papers: ActChain, keys: Iterable[bytes] = ()) -> TenderFacts:
        """Return the tender's facts with what the registry says of these papers, their issuer, and further keys.

        The registry is asked apart from the tender, so that nobody learns who looks at which tender.
        """
        return with_registry(
            base_facts(tender.at, tender.contracts, tender.seal, tender.box),
            await self.registry(questions_of(papers, self.trust, keys)),
        )

    async def registry(self, questions: Questions) -> Answers:
        """Return what CityRegistry holds about keys and papers."""
        state = await self._registry_state(questions)
        return read_answers(state, self.trust.city_registry, questions)

    async def key_cities(self, signed: Iterable[tuple[bytes, KeyKind, int]]) -> dict[tuple[bytes, KeyKind, int], bytes]:
        """Return the city of each (address, kind, time) for which the key stood as that kind at that time."""
        wanted = sorted(set(signed))
        if not wanted:
            return {}
        keys = Questions(frozenset(address for address, _, _ in wanted), frozenset())
        state = await self._registry_state(keys)
        found = {one: city_of_key(state, self.trust.city_registry, *one) for one in wanted}
        return {one: city for one, city in found.items() if city is not None}

    async def _newest(self, ask: Callable[[CityClient], Awaitable[StateEvidence]]) -> tuple[VerifiedBlock, ProvenState]:
        answers = await asyncio.gather(*(self._ask(city, ask) for city in self.cities))
        proven = [answer for answer in answers if answer is not None]
        if not proven:
            raise self._unproven()
        newest = max(proven, key=lambda answer: answer[0].number)
        self._floor = max(self._floor, newest[0].number)
        return newest

    async def _registry_state(self, questions: Questions) -> ProvenState:
        for city in self.cities:
            answer = await self._ask(city, lambda asked: asked.registry_evidence(questions))
            if answer is not None and answer[0].number >= self._floor:
                return answer[1]
        raise self._unproven()

    def _unproven(self) -> DeviceError:
        return DeviceError(
            "No city proves the state of the chain. Try again, or ask why they do not agree.",
            code="device.chain_unproven",
            answers=dict(self.faults),
        )

    async def _ask(
        self, city: CityClient, ask: Callable[[CityClient], Awaitable[StateEvidence]]
    ) -> tuple[VerifiedBlock, ProvenState] | None:
        try:
            evidence = await ask(city)
            opened = evidence.open(self.trust, await self._attestations(evidence.header))
        except SunbidError as error:
            logger.info("%s proves nothing: %s", city.name, error.message)
            self.faults[city.name] = error.message
            return None
        self.faults.pop(city.name, None)
        return opened

    async def _attestations(self, header: BlockHeader) -> list[bytes]:
        """Return the cities' signatures of a block, each asked for once; of the last block only they are kept."""
        if header.keccak not in self._attested:
            self._attested = {header.keccak: {}}
        asked = self._attested[header.keccak]
        for city in self.cities:
            task = asked.get(city.name)
            if task is None or (task.done() and task.result() is None):
                asked[city.name] = asyncio.create_task(_attestation(city, header.number))
        signatures = await asyncio.gather(*asked.values())
        return [signature for signature in signatures if signature is not None]


def questions_of(papers: ActChain, trust: TrustFile, keys: Iterable[bytes] = ()) -> Questions:
    """Return what the registry has to be asked about papers: their digests and their issuer."""
    credential = digest(papers.credential, trust.domain)
    found = {credential} | ({digest(papers.delegation, trust.domain)} if papers.delegation else set())
    return Questions(frozenset({recover(credential, papers.credential_signature), *keys}), frozenset(found))


async def _attestation(city: CityClient, number: int) -> bytes | None:
    try:
        return await city.attestation(number)
    except SunbidError as error:
        logger.info("%s attests no block %d: %s", city.name, number, error.message)
        return None
