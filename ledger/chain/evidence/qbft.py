"""Besu QBFT: a block counts when ⌈2n/3⌉ of the pinned validators sealed it; then it is final.

`extraData = rlp([vanity, [validators], vote, round, [seals]])`. The block hash is keccak of the header with round 0
and no seals; a seal, 65 bytes r ‖ s ‖ v with v 0 or 1, signs keccak of the header with its true round and no seals
(witness-log.md, checked on headers of a real network in tests/vectors/qbft-besu.json).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.rlp_codec import (
    RlpItem,
    as_bytes,
    as_integer,
    as_list,
    decode_rlp,
    encode_rlp,
    from_integer,
)
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.keys import SIGNATURE_SIZE, SignatureError, recover


@dataclass(frozen=True)
class QbftExtraData:
    """What QBFT writes into extraData; `validators` is what the block says, and never what decides."""

    vanity: bytes
    validators: tuple[bytes, ...]
    vote: RlpItem
    round: int
    seals: tuple[bytes, ...]

    @classmethod
    def decode(cls, extra_data: bytes) -> QbftExtraData:
        """Return the extraData of a QBFT header; refuse every other byte string."""
        vanity, validators, vote, number, seals = as_list(decode_rlp(extra_data), 5)
        return cls(
            as_bytes(vanity, 32),
            tuple(as_bytes(item, 20) for item in as_list(validators)),
            vote,
            as_integer(number),
            tuple(as_bytes(item, SIGNATURE_SIZE) for item in as_list(seals)),
        )

    def without_seals(self, number: int) -> bytes:
        """Return the extraData as it is hashed: with this round and no seals."""
        return encode_rlp([self.vanity, list(self.validators), self.vote, from_integer(number), []])


def quorum_of(members: int) -> int:
    """Return ⌈2n/3⌉."""
    return -(-2 * members // 3)


def block_hash(header: BlockHeader) -> bytes:
    """Return the hash by which QBFT knows the block: round 0 and no seals."""
    return header.with_extra_data(QbftExtraData.decode(header.extra_data).without_seals(0)).keccak


def sealers(header: BlockHeader) -> frozenset[bytes]:
    """Return the addresses that sealed the header; refuse a seal from which no address is recovered."""
    extra = QbftExtraData.decode(header.extra_data)
    digest = header.with_extra_data(extra.without_seals(extra.round)).keccak
    return frozenset(_sealer(digest, seal) for seal in extra.seals)


def verify(header: BlockHeader, validators: Collection[bytes]) -> frozenset[bytes]:
    """Return the pinned validators that sealed the block, or raise if they are fewer than ⌈2n/3⌉."""
    members = frozenset(validators)
    found = sealers(header) & members
    needed = max(1, quorum_of(len(members)))
    if len(found) < needed:
        raise EvidenceError(
            f"block {header.number} has seals of {len(found)} pinned validators, {needed} are needed",
            code="evidence.seals",
            number=header.number,
        )
    return found


def _sealer(digest: bytes, seal: bytes) -> bytes:
    if seal[64] not in (0, 1):
        raise EvidenceError("a seal ends in 0 or 1", code="evidence.seals")
    try:
        return recover(digest, seal[:64] + bytes([seal[64] + 27]))
    except SignatureError as error:
        raise EvidenceError("a seal of the block is no signature", code="evidence.seals") from error
