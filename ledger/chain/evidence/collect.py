"""Storage proofs from a live node for whatever a computation reads, at one block, in a few round trips.

The computation does not know its slots before it has read others (an array's length, a key's owner). So it is run
again and again on what is known, unknown words read as zero, until nothing unknown is read; then the node proves it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from ledger.chain.client import Block, ChainClient
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.facts import StateProof, StateReader
from ledger.chain.rpc import to_bytes, to_hex
from ledger.errors import SunbidError

MAX_ROUNDS: Final = 64
"""Levels of reading that depends on reading; a computation that needs more never ends."""

_T = TypeVar("_T")


class _KnownState(StateReader):
    """Reads what is known, and notes what is not."""

    def __init__(self) -> None:
        self.known: dict[tuple[bytes, int], bytes] = {}
        self.asked: set[tuple[bytes, int]] = set()

    def word(self, address: bytes, slot: int) -> bytes:
        self.asked.add((address, slot))
        return self.known.get((address, slot), bytes(32))

    @property
    def unknown(self) -> list[tuple[bytes, int]]:
        return sorted(self.asked - self.known.keys())


async def collect_proof(
    chain: ChainClient, block: Block, compute: Callable[[StateReader], _T]
) -> tuple[_T, StateProof]:
    """Return what `compute` makes of the state at `block`, and the proof of every slot it read under the block's root.

    What `compute` raises on the true state is raised.
    """
    state = _KnownState()
    for _ in range(MAX_ROUNDS):
        state.asked.clear()
        outcome: _T | SunbidError
        try:
            outcome = compute(state)
        except SunbidError as error:
            outcome = error
        if not state.unknown:
            break
        await _read(chain, block, state)
    else:
        raise EvidenceError("the computation reads the state without end", code="evidence.rounds")
    if isinstance(outcome, SunbidError):
        raise outcome
    return outcome, await _prove(chain, block, state)


async def _read(chain: ChainClient, block: Block, state: _KnownState) -> None:
    unknown = state.unknown
    requests = [
        ("eth_getStorageAt", (to_hex(address), to_hex(slot.to_bytes(32, "big")), hex(block.number)))
        for address, slot in unknown
    ]
    for place, answer in zip(unknown, await chain.rpc.batch(requests), strict=True):
        if isinstance(answer, SunbidError):
            raise answer
        state.known[place] = to_bytes(answer).rjust(32, b"\x00")


async def _prove(chain: ChainClient, block: Block, state: _KnownState) -> StateProof:
    slots: dict[bytes, list[int]] = {}
    for address, slot in sorted(state.asked):
        slots.setdefault(address, []).append(slot)
    answers = [
        await chain.rpc.request(
            "eth_getProof", to_hex(address), [to_hex(slot.to_bytes(32, "big")) for slot in words], hex(block.number)
        )
        for address, words in slots.items()
    ]
    return StateProof.collect(block.state_root, answers, slots)
