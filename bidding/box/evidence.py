"""Chain facts with their proofs, for devices that have no node: a city hands them over, nobody has to believe it.

A tender and a company's papers are asked for apart, so that nobody learns from a question who looks at which tender.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bidding.box.proven import ProvenTender, read_answers, read_tender
from bidding.box.registry import Answers, Questions
from ledger.acts import BlockAttestation, digest
from ledger.canonical import JsonObject, JsonValue
from ledger.chain.client import Block, ChainClient
from ledger.chain.evidence.blocks import BlockEvidence, VerifiedBlock, verify_block
from ledger.chain.evidence.facts import ProvenState, StateProof, StateReader
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.chain.evidence.trust import BlockEvidenceKind, TrustFile
from ledger.chain.prove import prove
from ledger.errors import SunbidError
from ledger.json_fields import read_bytes, read_list, read_members, to_hex
from ledger.keys import recover

MAX_QUESTIONS = 64
"""Keys and papers a request."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class StateEvidence:
    """A block's header, the headers that follow it (where finality is by depth), and a state proof under it."""

    header: BlockHeader
    followers: tuple[BlockHeader, ...]
    proof: StateProof

    def to_json(self) -> JsonObject:
        """Return the JSON form."""
        followers: list[JsonValue] = [to_hex(header.encode()) for header in self.followers]
        return {"header": to_hex(self.header.encode()), "followers": followers, "proof": self.proof.to_json()}

    @classmethod
    def from_json(cls, value: JsonValue) -> StateEvidence:
        """Return what `to_json` wrote; nothing is verified by that."""
        members = read_members(value, "state evidence", ("header", "followers", "proof"))
        followers = read_list(members["followers"], "followers")
        return cls(
            BlockHeader.decode(read_bytes(members["header"], "header")),
            tuple(BlockHeader.decode(read_bytes(item, "follower")) for item in followers),
            StateProof.from_json(members["proof"]),
        )

    def open(self, trust: TrustFile, attestations: Sequence[bytes]) -> tuple[VerifiedBlock, ProvenState]:
        """Return the block, if it counts by the trust file, and the state that is proven under it.

        `attestations` are cities' signatures of this block, needed where no validator seals blocks; others are left
        out, so that a city which signs another block only adds nothing.
        """
        is_clique = trust.evidence is BlockEvidenceKind.CLIQUE
        chosen = attestations_by_pinned(trust, self.header, attestations)
        block = verify_block(trust, BlockEvidence(self.header, self.followers if is_clique else (), chosen))
        return block, self.proof.open(block.state_root)


def attestations_by_pinned(trust: TrustFile, header: BlockHeader, signatures: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return those signatures of this block that are by pinned cities, none where validators seal blocks."""
    if trust.evidence is not BlockEvidenceKind.ATTESTED:
        return ()
    signed = digest(BlockAttestation(header.number, header.keccak), trust.domain)
    pinned = set(trust.witnesses.values())
    return tuple(signature for signature in signatures if _signer(signed, signature) in pinned)


def _signer(signed: bytes, signature: bytes) -> bytes | None:
    try:
        return recover(signed, signature)
    except SunbidError:
        return None


async def tender_evidence(chain: ChainClient, tender: bytes) -> StateEvidence:
    """Return the tender with its key sets as they stand at the last final block, proven."""

    def compute(state: StateReader, block: Block) -> ProvenTender:
        return read_tender(state, chain.chain_id, chain.registry, tender, block.number, block.timestamp)

    return await _evidence(chain, compute)


async def registry_evidence(chain: ChainClient, questions: Questions) -> StateEvidence:
    """Return what CityRegistry holds about keys and papers at the last final block, proven."""
    if len(questions.keys) + len(questions.papers) > MAX_QUESTIONS:
        raise SunbidError(f"Ask for at most {MAX_QUESTIONS} keys and papers at once.", code="proof.too_large")

    def compute(state: StateReader, _block: Block) -> Answers:
        return read_answers(state, chain.registry, questions)

    return await _evidence(chain, compute)


async def _evidence(chain: ChainClient, compute: Callable[[StateReader, Block], _T]) -> StateEvidence:
    block = await chain.final_block()
    proven = await prove(chain, _kind(block), block, lambda state: compute(state, block))
    head = (await chain.block()).number if chain.finality.depth else block.number
    followers = await chain.blocks(range(block.number + 1, min(head, block.number + chain.finality.depth) + 1))
    headers = tuple(BlockHeader.from_rpc(follower.raw) for follower in followers)
    return StateEvidence(proven.header, headers, proven.proof)


def _kind(block: Block) -> BlockEvidenceKind:
    """Return by which rule the header gives the block's hash: QBFT leaves its seals out."""
    is_plain = BlockHeader.from_rpc(block.raw).keccak == block.hash
    return BlockEvidenceKind.ATTESTED if is_plain else BlockEvidenceKind.QBFT
