"""What stands behind a tender's page: the newest checkpoint of the city's log, its anchor, the block it was read at."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from ledger.chain.client import ChainClient
from ledger.chain.rpc import ChainUnreachableError, RpcError
from ledger.city import City
from witness.log.checkpoint import Checkpoint
from witness.log.service import LogReader


@dataclass(frozen=True)
class LogProof:
    """The newest signed checkpoint of the public log, and which witnesses cosigned it."""

    size: int
    root: bytes
    cosigners: tuple[str, ...]


@dataclass(frozen=True)
class ChainProof:
    """What the chain holds at its last final block: the anchored size, and the tender's head and count."""

    block: int
    block_hash: bytes
    time: int
    anchored: int
    head: bytes
    count: int


async def log_proof(session: AsyncSession, city: City) -> LogProof | None:
    """Return the newest checkpoint, None before the first."""
    note = await LogReader(session).checkpoint(city.public_origin_id)
    if note is None:
        return None
    checkpoint = Checkpoint.parse(note.text)
    names = tuple(sorted({line.name for line in note.signatures} - {checkpoint.origin}))
    return LogProof(checkpoint.size, checkpoint.root, names)


async def chain_proof(chain: ChainClient, city: City, tender: bytes) -> ChainProof | None:
    """Return what the chain holds, None while the city's own node does not answer: the page says so."""
    try:
        block = await chain.final_block()
        size, _ = await chain.call("AnchorRegistry", "last", city.public_origin_id, block=block.number)
        view = await chain.call("TenderBook", "tenderOf", tender, block=block.number)
    except (ChainUnreachableError, RpcError):
        return None
    return ChainProof(block.number, block.hash, block.timestamp, size, view.head, view.head_count)
