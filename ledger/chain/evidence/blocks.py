"""Does a block count? The header, what vouches for it, and the trust file give the answer (witness-log.md).

This is the one door from "a node said" to "the chain holds": state proofs are believed only under the state root of
a block that passed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from ledger.canonical import JsonObject, JsonValue
from ledger.chain.evidence import attested, clique, qbft
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.chain.evidence.trust import BlockEvidenceKind, TrustFile
from ledger.json_fields import read_bytes, read_list, read_members, to_hex


@dataclass(frozen=True)
class BlockEvidence:
    """A header with what vouches for it besides its own seals: Clique's following headers, or cities' attestations."""

    header: BlockHeader
    followers: tuple[BlockHeader, ...] = ()
    attestations: tuple[bytes, ...] = ()

    def to_json(self) -> JsonObject:
        """Return the JSON object that a bundle carries; headers as RLP."""
        followers: list[JsonValue] = [to_hex(header.encode()) for header in self.followers]
        attestations: list[JsonValue] = [to_hex(signature) for signature in self.attestations]
        return {"header": to_hex(self.header.encode()), "followers": followers, "attestations": attestations}

    @classmethod
    def from_json(cls, value: JsonValue) -> BlockEvidence:
        """Return the evidence that `to_json` wrote; refuse every other value."""
        members = read_members(value, "block evidence", ("header", "followers", "attestations"))
        followers = read_list(members["followers"], "followers")
        attestations = read_list(members["attestations"], "attestations")
        return cls(
            header=BlockHeader.decode(read_bytes(members["header"], "header")),
            followers=tuple(BlockHeader.decode(read_bytes(item, "follower")) for item in followers),
            attestations=tuple(read_bytes(item, "attestation") for item in attestations),
        )


@dataclass(frozen=True)
class VerifiedBlock:
    """A block that counts: its hash, height, time and state root, and who vouched for it (cities, or addresses).

    `has_own_time` is False where no validator seals blocks: then the block's time is nobody's evidence.
    """

    header: BlockHeader
    hash: bytes
    vouched_by: tuple[str, ...]
    has_own_time: bool

    @property
    def number(self) -> int:
        """The height."""
        return self.header.number

    @property
    def timestamp(self) -> int:
        """The block's time, seconds since the epoch."""
        return self.header.timestamp

    @property
    def state_root(self) -> bytes:
        """The root for `StateProof.open`."""
        return self.header.state_root


def block_hash(kind: BlockEvidenceKind, header: BlockHeader) -> bytes:
    """Return the hash by which a chain of this kind knows the block."""
    return qbft.block_hash(header) if kind is BlockEvidenceKind.QBFT else header.keccak


def header_from_rpc(kind: BlockEvidenceKind, block: Mapping[str, Any]) -> BlockHeader:
    """Return the header of a JSON-RPC block whose members give the hash that the node names; refuse any other."""
    header = BlockHeader.from_rpc(block)
    if block.get("hash") != to_hex(block_hash(kind, header)):
        raise EvidenceError("the node's header does not hash to the block hash it names", code="evidence.header")
    return header


def verify_block(trust: TrustFile, evidence: BlockEvidence) -> VerifiedBlock:
    """Return the block if it counts by the trust file, else raise `EvidenceError` saying what it lacks."""
    header = evidence.header
    is_attested = trust.evidence is BlockEvidenceKind.ATTESTED
    if (evidence.followers and trust.evidence is not BlockEvidenceKind.CLIQUE) or (
        evidence.attestations and not is_attested
    ):
        raise EvidenceError(f"evidence of another kind than {trust.evidence.value}", code="evidence.trust")
    match trust.evidence:
        case BlockEvidenceKind.QBFT:
            vouchers = tuple(map(to_hex, sorted(qbft.verify(header, trust.validators))))
        case BlockEvidenceKind.CLIQUE:
            vouchers = tuple(map(to_hex, sorted(clique.verify(header, evidence.followers, trust.validators))))
        case BlockEvidenceKind.ATTESTED:
            vouchers = attested.verify(header, evidence.attestations, trust.witnesses, trust.domain)
        case _:
            assert_never(trust.evidence)
    return VerifiedBlock(header, block_hash(trust.evidence, header), vouchers, has_own_time=not is_attested)
