"""Block headers of the forks that Sunbid's chains run, from Frontier to Prague, taken apart without believing them.

A header is the RLP list of 15 members; London appends the base fee, Shanghai the withdrawals' root, Cancun three
members and Prague one. What a header's *hash* is depends on the consensus: keccak of the RLP, but on QBFT keccak of
the RLP without round and seals (qbft.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from eth_hash.auto import keccak

from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.rlp_codec import (
    as_bytes,
    as_integer,
    decode_rlp_list,
    encode_rlp,
    from_integer,
)

_MEMBERS: Final[tuple[tuple[str, int | None], ...]] = (
    ("parentHash", 32),
    ("sha3Uncles", 32),
    ("miner", 20),
    ("stateRoot", 32),
    ("transactionsRoot", 32),
    ("receiptsRoot", 32),
    ("logsBloom", 256),
    ("difficulty", None),
    ("number", None),
    ("gasLimit", None),
    ("gasUsed", None),
    ("timestamp", None),
    ("extraData", -1),
    ("mixHash", 32),
    ("nonce", 8),
    ("baseFeePerGas", None),
    ("withdrawalsRoot", 32),
    ("blobGasUsed", None),
    ("excessBlobGas", None),
    ("parentBeaconBlockRoot", 32),
    ("requestsHash", 32),
)
"""Members in order: their names in JSON-RPC and their sizes in bytes; None is a number, −1 any length."""

_FORK_LENGTHS = (15, 16, 17, 20, 21)
_EXTRA_DATA = 12


@dataclass(frozen=True)
class BlockHeader:
    """A header's members as bytes, in the order of the RLP list; read by name with the properties."""

    members: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if len(self.members) not in _FORK_LENGTHS:
            raise EvidenceError(f"no known header has {len(self.members)} members", code="evidence.header")
        for value, (name, size) in zip(self.members, _MEMBERS, strict=False):
            if size is None:
                as_integer(value)
            elif size >= 0 and len(value) != size:
                raise EvidenceError(f"{name} of the header has not {size} bytes", code="evidence.header")

    @classmethod
    def decode(cls, data: bytes) -> BlockHeader:
        """Return the header in its RLP; refuse every other byte string."""
        return cls(tuple(as_bytes(item) for item in decode_rlp_list(data)))

    @classmethod
    def from_rpc(cls, block: Mapping[str, Any]) -> BlockHeader:
        """Return the header of a block as JSON-RPC gives it (hex strings); its hash is for the caller to compare."""
        names = [name for name, _ in _MEMBERS]
        while names and block.get(names[-1]) is None:
            names.pop()
        try:
            return cls(tuple(_from_hex(block[name], size) for name, size in _MEMBERS[: len(names)]))
        except (KeyError, ValueError, AttributeError) as error:
            raise EvidenceError("the node's block lacks a member of the header", code="evidence.header") from error

    def encode(self) -> bytes:
        """Return the RLP."""
        return encode_rlp(list(self.members))

    def with_extra_data(self, extra_data: bytes) -> BlockHeader:
        """Return the header with another extraData, as seals are signed over."""
        return BlockHeader((*self.members[:_EXTRA_DATA], extra_data, *self.members[_EXTRA_DATA + 1 :]))

    @property
    def keccak(self) -> bytes:
        """Keccak-256 of the RLP: the block hash, but on QBFT."""
        return bytes(keccak(self.encode()))

    @property
    def parent_hash(self) -> bytes:
        """The hash of the block before."""
        return self.members[0]

    @property
    def state_root(self) -> bytes:
        """The root under which accounts are proven."""
        return self.members[3]

    @property
    def number(self) -> int:
        """The height."""
        return as_integer(self.members[8])

    @property
    def timestamp(self) -> int:
        """The block's own time, seconds since the epoch."""
        return as_integer(self.members[11])

    @property
    def extra_data(self) -> bytes:
        """Where validators sign."""
        return self.members[_EXTRA_DATA]


def _from_hex(value: str, size: int | None) -> bytes:
    return from_integer(int(value, 16)) if size is None else bytes.fromhex(value.removeprefix("0x"))
