"""From a live node to evidence: run a computation on a block's state, then prove every slot that it read.

The computation is ordinary synchronous code over a `StateReader`; a verifier runs the same code on the proof
(evidence/facts.py). Whoever builds bundles needs nothing else of the node than blocks and `eth_getProof`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from ledger.chain.answers import Block
from ledger.chain.client import ChainClient
from ledger.chain.contracts import artifact
from ledger.chain.evidence.blocks import header_from_rpc
from ledger.chain.evidence.facts import RecordingState, StateProof, StateReader
from ledger.chain.evidence.layout import StorageLayout
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.chain.evidence.state import StateEvidence
from ledger.chain.evidence.trust import BlockEvidenceKind

_T = TypeVar("_T")

READ_AHEAD = 8
"""Slots read with one request from the one asked for: members of a struct and elements of an array are neighbours."""

SLOTS_A_REQUEST = 256
"""Slots that one `eth_getProof` asks for, so that no node's answer grows without bound."""


@dataclass(frozen=True)
class Proven(Generic[_T]):
    """What a computation returned at a block, the block's header, and the proof of all that it read there."""

    result: _T
    header: BlockHeader
    proof: StateProof


@cache
def storage_layout(contract: str) -> StorageLayout:
    """Return the storage layout of a shipped contract, by its name."""
    return StorageLayout.from_json(artifact(contract).storage_layout)


async def prove(
    client: ChainClient, kind: BlockEvidenceKind, block: Block, compute: Callable[[StateReader], _T]
) -> Proven[_T]:
    """Return what `compute` makes of the state after `block`, with the proof of what it read.

    `compute` runs in a thread of its own, once, and may read as it goes: every slot is fetched when it is first asked
    for, with its neighbours, or together with all that it is expected with (`StateReader.expect`); only what is asked
    for is proven. Raises `EvidenceError` if the node's header or
    its proofs do not hold, and whatever `compute` raises.
    """
    header = header_from_rpc(kind, block.raw)
    loop = asyncio.get_running_loop()
    known: dict[tuple[bytes, int], bytes] = {}

    async def fetch(address: bytes, slots: Sequence[int]) -> None:
        words = await client.storages(address, slots, block.number)
        known.update({(address, slot): word.to_bytes(32, "big") for slot, word in zip(slots, words, strict=True)})

    def look_ahead(address: bytes, slots: Sequence[int]) -> None:
        wanted = [slot for slot in dict.fromkeys(slots) if (address, slot) not in known]
        if wanted:
            asyncio.run_coroutine_threadsafe(fetch(address, wanted), loop).result()

    def read(address: bytes, slot: int) -> bytes:
        if (address, slot) not in known:
            look_ahead(address, range(slot, slot + READ_AHEAD))
        return known[address, slot]

    state = RecordingState(read, look_ahead)
    result = await asyncio.to_thread(compute, state)
    nodes = await _nodes(client, block, state.slots)
    return Proven(result, header, StateProof.collect(header.state_root, nodes, state.slots))


async def _nodes(client: ChainClient, block: Block, slots: dict[bytes, list[int]]) -> set[bytes]:
    nodes: set[bytes] = set()
    for address, wanted in slots.items():
        for start in range(0, len(wanted), SLOTS_A_REQUEST):
            words = [slot.to_bytes(32, "big") for slot in wanted[start : start + SLOTS_A_REQUEST]]
            answer = await client.get_proof(address, words, block.number)
            nodes.update(answer.nodes, *(entry.nodes for entry in answer.storage))
    return nodes


async def state_evidence(
    client: ChainClient, compute: Callable[[StateReader, Block], object], block: Block | None = None
) -> StateEvidence:
    """Return the proof of all that `compute` reads of the state at `block`, by default the last final one."""
    chosen = block or await client.final_block()
    proven = await prove(client, _kind(chosen), chosen, lambda state: compute(state, chosen))
    head = (await client.block()).number if client.finality.depth else chosen.number
    followers = await client.blocks(range(chosen.number + 1, min(head, chosen.number + client.finality.depth) + 1))
    headers = tuple(BlockHeader.from_rpc(follower.raw) for follower in followers)
    return StateEvidence(proven.header, headers, proven.proof)


def _kind(block: Block) -> BlockEvidenceKind:
    """Return by which rule the header gives the block's hash: QBFT leaves its seals out."""
    is_plain = BlockHeader.from_rpc(block.raw).keccak == block.hash
    return BlockEvidenceKind.ATTESTED if is_plain else BlockEvidenceKind.QBFT
