"""A state proof with the header that it stands under: what one who has a node hands to one who has none.

Nobody has to believe it: `open` asks the trust file whether the block counts, and reads only what is proven under it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.acts import BlockAttestation, digest
from ledger.canonical import JsonObject, JsonValue
from ledger.chain.evidence.blocks import BlockEvidence, VerifiedBlock, verify_block
from ledger.chain.evidence.facts import ProvenState, StateProof
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.chain.evidence.trust import BlockEvidenceKind, TrustFile
from ledger.errors import SunbidError
from ledger.json_fields import read_bytes, read_list, read_members, to_hex
from ledger.keys import recover


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
