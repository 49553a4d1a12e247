"""Chain facts with their proofs, for devices that have no node: a city hands them over, nobody has to believe it.

A tender and a company's papers are asked for apart, so that nobody learns from a question who looks at which tender.
"""

from __future__ import annotations

import asyncio

from bidding.box.proven import ProvenTender, read_answers, read_tender
from bidding.box.registry import Answers, Questions
from ledger.canonical import JsonObject
from ledger.chain.answers import Block
from ledger.chain.client import ChainClient
from ledger.chain.evidence.facts import StateReader
from ledger.chain.evidence.state import StateEvidence
from ledger.chain.prove import state_evidence
from ledger.errors import SunbidError

MAX_QUESTIONS = 64
"""Keys and papers a request."""


MAX_KEPT = 32
"""Tenders whose last proof is kept."""


class EvidenceDesk:
    """Hands out one proof a tender and final block, made once however many devices ask: near a deadline they all do."""

    def __init__(self, chain: ChainClient) -> None:
        self._chain = chain
        self._made: dict[bytes, tuple[bytes, asyncio.Task[JsonObject]]] = {}

    async def tender(self, tender: bytes) -> JsonObject:
        """Return the JSON form of `tender_evidence` at the last final block."""
        block = await self._chain.final_block()
        known = self._made.get(tender)
        if known is None or known[0] != block.hash:
            known = block.hash, asyncio.create_task(self._make(tender, block))
            self._made.pop(tender, None)
            self._made[tender] = known
            while len(self._made) > MAX_KEPT:
                del self._made[next(iter(self._made))]
        try:
            return await asyncio.shield(known[1])
        except Exception:
            if self._made.get(tender) is known:
                del self._made[tender]  # what failed is tried again, not remembered
            raise

    async def _make(self, tender: bytes, block: Block) -> JsonObject:
        return (await tender_evidence(self._chain, tender, block)).to_json()


async def tender_evidence(chain: ChainClient, tender: bytes, block: Block | None = None) -> StateEvidence:
    """Return the tender with its key sets as they stand at `block`, by default the last final one, proven."""

    def compute(state: StateReader, block: Block) -> ProvenTender:
        return read_tender(state, chain.chain_id, chain.registry, tender, block.number, block.timestamp)

    return await state_evidence(chain, compute, block)


async def registry_evidence(chain: ChainClient, questions: Questions) -> StateEvidence:
    """Return what CityRegistry holds about keys and papers at the last final block, proven."""
    if len(questions.keys) + len(questions.papers) > MAX_QUESTIONS:
        raise SunbidError(f"Ask for at most {MAX_QUESTIONS} keys and papers at once.", code="proof.too_large")

    def compute(state: StateReader, _block: Block) -> Answers:
        return read_answers(state, chain.registry, questions)

    return await state_evidence(chain, compute)
