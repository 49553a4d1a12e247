"""Development chains: a block counts when ⌈2/3⌉ of the pinned cities attested it, each from its own node.

Nothing on such a chain seals blocks, so its time is nobody's evidence but the cities'; a verdict says "attested by …,
no independent time".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledger.acts import BlockAttestation, digest
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.qbft import quorum_of
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.eip712 import Domain
from ledger.keys import SignatureError, recover


def attestation(header: BlockHeader) -> BlockAttestation:
    """Return the act that a city signs for this block."""
    return BlockAttestation(number=header.number, block_hash=header.keccak)


def verify(
    header: BlockHeader, signatures: Sequence[bytes], cities: Mapping[str, bytes], domain: Domain
) -> tuple[str, ...]:
    """Return the names of the pinned cities that attested the block, or raise if they are fewer than ⌈2/3⌉.

    `cities` maps names to the 20-byte addresses of witness keys; `domain` is CityRegistry's. A signature by anybody
    else, or that is none, is refused: a bundle has no reason to carry it.
    """
    names = {address: name for name, address in cities.items()}
    signed = digest(attestation(header), domain)
    try:
        signers = {recover(signed, signature) for signature in signatures}
    except SignatureError as error:
        raise EvidenceError("an attestation carries no signature", code="evidence.attestation") from error
    if not names.keys() >= signers:
        raise EvidenceError("somebody other than the pinned cities attested the block", code="evidence.attestation")
    needed = max(1, quorum_of(len(cities)))
    if len(names) != len(cities) or len(signers) < needed:
        raise EvidenceError(
            f"block {header.number} is attested by {len(signers)} pinned cities, {needed} are needed",
            code="evidence.attestation",
            number=header.number,
        )
    return tuple(sorted(names[signer] for signer in signers))
