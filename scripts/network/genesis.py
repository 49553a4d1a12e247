"""The genesis of a Clique chain (EIP-225) on which transactions cost nothing: Berlin, for London sets a base fee."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ledger.chain.rpc import to_hex
from ledger.keys import SIGNATURE_SIZE

PERIOD = 1
"""Seconds between two blocks."""

_VANITY = bytes(32)
_EPOCH = 30_000
_FORKS = (
    *("homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg"),
    *("istanbul", "berlin"),
)


def clique_genesis(chain_id: int, signers: Collection[bytes], gas_limit: int) -> dict[str, Any]:
    """Return the genesis that `geth init` reads; `signers` are 20-byte addresses, at least one."""
    extra = _VANITY + b"".join(sorted(signers)) + bytes(SIGNATURE_SIZE)
    return {
        "config": {
            "chainId": chain_id,
            **{f"{fork}Block": 0 for fork in _FORKS},
            "clique": {"period": PERIOD, "epoch": _EPOCH},
        },
        "difficulty": "0x1",
        "gasLimit": hex(gas_limit),
        "extraData": to_hex(extra),
        "alloc": {},
    }


def depth_of_finality(validators: int) -> int:
    """Return how many blocks must follow for more than half of the validators to have built on a block.

    A Clique signer sits out ⌊n/2⌋ blocks after its own, so any ⌊n/2⌋ + 1 blocks in a row have that many signers.
    """
    return validators // 2 + 1
