"""Anchoring the own logs on chain: the newest checkpoint with its proof from the last one that the chain accepted.

Every `anchor_interval` seconds, and at once after a deadline of the own box or an event that others rely on (an
opening, a report, a decision). One transaction a log is under way at a time, because each proves from the one before;
when somebody else anchored meanwhile, or the contract refused, the next attempt starts from what stands on chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from ledger.chain.sender import TxStatus
from ledger.db import exclusive
from ledger.failpoints import Failpoint, reach
from witness.log.anchor_repository import AnchorRepository
from witness.log.box_checkpoint import SignedBoxCheckpoint
from witness.log.box_repository import BoxRepository
from witness.log.models import AnchorRow
from witness.log.node import LogNode
from witness.log.ports import TreeHead
from witness.log.repository import TreeRepository
from witness.log.service import LogReader

CONTRACT, FUNCTION = "AnchorRegistry", "anchor"


@dataclass(frozen=True)
class _Next:
    """What can be anchored now, with the signatures that it needs."""

    head: TreeHead
    signatures: tuple[SignedBoxCheckpoint, ...] = ()


async def run_anchor(node: LogNode) -> bool:
    """Submit what is due of both logs; return whether anything was."""
    await node.clock.refresh()
    public = await _anchor(node, node.city.public_origin_id)
    sealed = await _anchor(node, node.city.sealed_origin_id)
    return public or sealed


async def _anchor(node: LogNode, origin: bytes) -> bool:
    async with node.database.reading() as session:
        if await TreeRepository(session).find(origin) is None:
            return False
        row = await AnchorRepository(session).find(origin)
        if not await _is_due(node, session, row):
            return False
    anchored = await node.chain.anchored(origin)
    needed = await node.chain.witnesses_needed(origin) if origin == node.city.sealed_origin_id else 0
    reach(Failpoint.ANCHOR_READ)
    async with node.database.unit_of_work() as session:
        await exclusive(session, "log.anchor")  # two workers would prove two transactions from one anchor
        row = await AnchorRepository(session).find(origin)
        if await _under_way(node, session, row, anchored):
            return False
        found = await _next(node, session, origin, anchored.size, needed)
        if found is None:
            return False
        await _submit(node, session, origin, anchored, found)
        reach(Failpoint.ANCHOR_SUBMITTED)
    reach(Failpoint.ANCHOR_COMMITTED)
    return True


async def _is_due(node: LogNode, session: AsyncSession, row: AnchorRow | None) -> bool:
    if row is None or row.pressing or not 0 <= node.now - row.submitted_at < node.anchor_interval:
        return True  # a clock that was set back must not put anchoring off until it has caught up
    deadlines = await node.box.deadlines(session, row.submitted_at)
    return any(row.submitted_at <= deadline < node.now for deadline in deadlines)


async def _under_way(node: LogNode, session: AsyncSession, row: AnchorRow | None, anchored: TreeHead) -> bool:
    """Say whether the last transaction may still land: the next one would prove from the wrong checkpoint."""
    if row is None or row.tx_key is None or anchored.size >= row.size:
        return False
    outcome = await node.sender.outcome(session, row.tx_key)
    if outcome is None or outcome.status is TxStatus.REVERTED:
        return False
    return not outcome.final


async def _next(node: LogNode, session: AsyncSession, origin: bytes, after: int, needed: int) -> _Next | None:
    if origin == node.city.public_origin_id:
        row = await TreeRepository(session).checkpoint(origin)
        return _Next(TreeHead(row.size, row.root)) if row and row.size > after else None
    box = BoxRepository(session)
    head = await box.largest_by_cities(origin, node.city.id32, needed, after)
    if head is None:
        return None
    signed = [one for one in await box.at_size(origin, head.size) if one.root == head.root]
    own = [one for one in signed if one.city == node.city.id32]
    others = [one for one in signed if one.city != node.city.id32]
    return _Next(head, (*own, *others[:needed]))


async def _submit(node: LogNode, session: AsyncSession, origin: bytes, anchored: TreeHead, found: _Next) -> None:
    proof = await LogReader(session).consistency(origin, anchored.size, found.head.size)
    signatures = [(signed.at, signed.signature) for signed in found.signatures]
    key = _key(origin, anchored.size, found.head.size, signatures)
    args = [origin, found.head.size, found.head.root, proof, signatures]
    await node.sender.submit(session, CONTRACT, FUNCTION, args, key=key)
    await AnchorRepository(session).submitted(origin, key, found.head.size, node.now)


def _key(origin: bytes, start: int, size: int, signatures: Sequence[tuple[int, bytes]]) -> str:
    """Name the transaction by all that its call holds, so that repeating an attempt is the same transaction."""
    signed = hashlib.sha256(b"".join(signature for _, signature in signatures)).hexdigest()[:16]
    return f"anchor/{origin.hex()}/{start}-{size}/{signed}"
