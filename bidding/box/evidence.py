"""Chain facts with their proofs, for devices that have no node: a city hands them over, nobody has to believe it.

A tender and a company's papers are asked for apart, so that nobody learns from a question who looks at which tender.
"""

from __future__ import annotations

from bidding.box.proven import ProvenTender, read_answers, read_tender
from bidding.box.registry import Answers, Questions
from ledger.chain.client import Block, ChainClient
from ledger.chain.evidence.facts import StateReader
from ledger.chain.evidence.state import StateEvidence
from ledger.chain.prove import state_evidence
from ledger.errors import SunbidError

MAX_QUESTIONS = 64
"""Keys and papers a request."""


async def tender_evidence(chain: ChainClient, tender: bytes) -> StateEvidence:
    """Return the tender with its key sets as they stand at the last final block, proven."""

    def compute(state: StateReader, block: Block) -> ProvenTender:
        return read_tender(state, chain.chain_id, chain.registry, tender, block.number, block.timestamp)

    return await state_evidence(chain, compute)


async def registry_evidence(chain: ChainClient, questions: Questions) -> StateEvidence:
    """Return what CityRegistry holds about keys and papers at the last final block, proven."""
    if len(questions.keys) + len(questions.papers) > MAX_QUESTIONS:
        raise SunbidError(f"Ask for at most {MAX_QUESTIONS} keys and papers at once.", code="proof.too_large")

    def compute(state: StateReader, _block: Block) -> Answers:
        return read_answers(state, chain.registry, questions)

    return await state_evidence(chain, compute)
