"""`BlockAttestation`s: this city's own node holds this final block (for chains where no validator seals blocks)."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.acts import BlockAttestation, digest
from ledger.canonical import JsonObject
from ledger.errors import SunbidError
from ledger.json_fields import to_hex
from witness.log.box_repository import BoxRepository
from witness.log.models import AttestationRow
from witness.log.node import LogNode


class AttestationError(SunbidError):
    """A block that this city does not attest."""

    code = "attestation.state"


@dataclass(frozen=True)
class SignedAttestation:
    """A `BlockAttestation` with the 65-byte signature of the city's witness key."""

    act: BlockAttestation
    city: bytes
    signature: bytes

    def to_json(self) -> JsonObject:
        """Return what `GET /attestation/{number}` serves."""
        return {**self.act.to_json(), "city": to_hex(self.city), "signature": to_hex(self.signature)}


async def attest(node: LogNode, number: int) -> SignedAttestation:
    """Return this city's attestation of the block at `number`, signed once and stored before it is returned.

    Raises `AttestationError`: `attestation.not_yet` for a block that is not final yet, `attestation.conflict` if the
    own node now holds another block there than the one attested before.
    """
    final = await node.chain.final_block()
    if number > final:
        raise AttestationError("this block is not final yet", code="attestation.not_yet", final=final)
    block_hash = await node.chain.block_hash(number)
    async with node.database.unit_of_work() as session:
        act = BlockAttestation(number, block_hash)
        row = await BoxRepository(session).add_attestation(
            AttestationRow(
                number=number,
                block_hash=block_hash,
                signer=node.keys.witness.address,
                signature=node.keys.witness.sign(digest(act, node.registry)),
            )
        )
        stored = SignedAttestation(BlockAttestation(number, row.block_hash), node.city.id32, row.signature)
    if stored.act.block_hash != block_hash:
        raise AttestationError(
            "the own node holds another block at this number than the one attested: its chain was rewritten",
            code="attestation.conflict",
            number=number,
        )
    return stored
