"""The one writer of the sealed log: it grows on public ticks by whole batches, and by nothing else (sealing.md).

When ticks were missed, because the city was down or a development clock was driven forward, each still gets its own
whole batch, so that the log's size stays a function of public facts alone. The batches of up to `MAX_SLIPS` slips
then share one transaction and one checkpoint, signed with the true time of signing: a checkpoint is never backdated,
so a slip that was taken before a deadline and merged after it comes in by admission, not by a cut.

Nothing here counts, logs or measures what was real: a batch takes the same steps whatever it holds.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from ledger.acts import BoxCheckpoint
from ledger.failpoints import Failpoint, reach
from witness.log.box_checkpoint import SignedBoxCheckpoint
from witness.log.box_repository import BoxRepository, QueueRepository
from witness.log.models import LogKind
from witness.log.node import LogNode
from witness.log.repository import Tree, TreeRepository
from witness.log.schedule import FAST_TAIL, Tick, Waiting, plan_batch

MAX_SLIPS = 4096
"""Slips a transaction at most, but one tick: bounds memory, and how long others wait for SQLite's one writer."""


async def run_sealed_ticks(node: LogNode) -> bool:
    """Merge the batches of all ticks up to now; return whether there were any.

    Runs at most `MAX_SLIPS` slips, so a caller that catches up calls again until it returns False.
    """
    await node.clock.refresh()
    async with node.database.reading() as session:
        last = await QueueRepository(session).last_tick(node.city.sealed_origin_id)
        if last is not None and not await _due(node, session, last):
            return False
    async with node.database.unit_of_work() as session:
        await node.lease.hold(session, node.city.sealed_origin)
        tree = await TreeRepository(session).open(node.city.sealed_origin, LogKind.SEALED, own=True)
        queue = QueueRepository(session)
        last = await queue.last_tick(tree.origin)
        if last is None:
            await queue.set_last_tick(tree.origin, node.now)
            return False
        ticks = await _due(node, session, last)
        if ticks:
            await _merge(node, session, tree, ticks)
            reach(Failpoint.SEALED_MERGED)
    if ticks:
        reach(Failpoint.SEALED_COMMITTED)
    return bool(ticks)


async def _due(node: LogNode, session: AsyncSession, last: int) -> list[Tick]:
    """Return the ticks after `last` up to now, as many as one transaction takes."""
    schedule = await node.box.schedule(session)
    deadlines = await node.box.deadlines(session, last - FAST_TAIL)
    due: list[Tick] = []
    room = MAX_SLIPS
    for tick in schedule.ticks(last, node.now, deadlines):
        room -= tick.slips
        if due and room < 0:
            break
        due.append(tick)
    return due


async def _merge(node: LogNode, session: AsyncSession, tree: Tree, ticks: Sequence[Tick]) -> None:
    queue = QueueRepository(session)
    waiting = await queue.waiting()
    merged: dict[int, int] = {}
    slips: list[bytes] = []
    for tick in ticks:
        # As much padding as slips, always: the time that a batch takes must not tell how much of it was needed.
        spare = iter([node.slips.padding() for _ in range(tick.slips)])
        line = [Waiting(queued.slip, queued.account) for queued in waiting]
        batch = plan_batch(line, tick.slips, spare.__next__, node.shuffler)
        at = {slip: tree.size + len(slips) + place for place, slip in enumerate(batch.slips)}
        merged |= {waiting[place].place: at[waiting[place].slip] for place in batch.taken}
        slips += batch.slips
        taken = set(batch.taken)
        waiting = [queued for place, queued in enumerate(waiting) if place not in taken]
    tree = await TreeRepository(session).append(tree, slips)
    await queue.merged(merged)
    await queue.set_last_tick(tree.origin, ticks[-1].at)
    await _sign(node, session, tree)


async def _sign(node: LogNode, session: AsyncSession, tree: Tree) -> None:
    """Store both forms of the checkpoint with the growth itself: nobody sees a size that was not signed for."""
    now, head = node.now, tree.head
    note = node.sign_checkpoint(tree.line, head)
    await TreeRepository(session).add_checkpoint(tree.origin, head, bytes(note).decode(), now)
    act = BoxCheckpoint(tree.origin, head.size, head.root, now)
    signed = SignedBoxCheckpoint.sign(act, node.city.id32, node.keys.receiving, node.registry)
    await BoxRepository(session).add(signed)
