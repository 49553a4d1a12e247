"""Clique: a block counts when more than half of the pinned signers have built on it (finality by depth).

The last 65 bytes of extraData are the signer's r ‖ s ‖ v, v 0 or 1, over keccak of the header with extraData less
those bytes. The block hash is keccak of the whole header, so the headers that follow chain to it by parentHash.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.keys import SIGNATURE_SIZE, SignatureError, recover

_VANITY = 32


def signer(header: BlockHeader) -> bytes:
    """Return the 20-byte address that signed the header; refuse a header without a signature."""
    extra = header.extra_data
    if len(extra) < _VANITY + SIGNATURE_SIZE or extra[-1] not in (0, 1):
        raise EvidenceError("header carries no Clique signature", code="evidence.clique", number=header.number)
    signature = extra[-SIGNATURE_SIZE:-1] + bytes([extra[-1] + 27])
    try:
        return recover(header.with_extra_data(extra[:-SIGNATURE_SIZE]).keccak, signature)
    except SignatureError as error:
        raise EvidenceError("header's Clique signature is none", code="evidence.clique") from error


def verify(header: BlockHeader, followers: Sequence[BlockHeader], signers: Collection[bytes]) -> frozenset[bytes]:
    """Return the pinned signers that built on the block, or raise if they are not more than half of all.

    `followers` are the headers after the block, in order and without a gap; each, and the block itself, is signed by
    a pinned signer.
    """
    members = frozenset(signers)
    chain = [header, *followers]
    for parent, child in zip(chain, followers, strict=False):
        if child.parent_hash != parent.keccak or child.number != parent.number + 1:
            raise EvidenceError(f"block {child.number} does not follow", code="evidence.clique", number=child.number)
    found = [signer(block) for block in chain]
    if not members.issuperset(found):
        raise EvidenceError("a block of the chain is signed by no pinned signer", code="evidence.clique")
    built = frozenset(found[1:])
    if len(built) * 2 <= len(members):
        raise EvidenceError(
            f"{len(built)} of {len(members)} pinned signers built on block {header.number}, more than half must",
            code="evidence.clique",
            number=header.number,
        )
    return built
