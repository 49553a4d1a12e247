"""The one writer of the public log: drains the outbox in order, one transaction a batch.

Entries, tiles, the tenders' chains, the signed checkpoint and the messages' end are one transaction, so a crash
anywhere loses nothing and doubles nothing: either all of it stands, or the messages still wait.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from ledger.failpoints import Failpoint, reach
from ledger.outbox import OutboxItem, is_waiting, mark_done, take
from witness.log.anchor_repository import AnchorRepository
from witness.log.entry import CHAIN_START, commit
from witness.log.event import TOPIC, QueuedEvent
from witness.log.kinds import Kind
from witness.log.models import LogKind
from witness.log.node import LogNode
from witness.log.repository import Commitment, DisclosureRepository, TreeRepository

BATCH = 1000
_NONCE_SIZE = 32
PRESSING = frozenset(
    {
        Kind.DEADLINE_CLOSED,
        Kind.BOX_OPENED,
        Kind.BID_LIST_FIXED,
        Kind.OPENING_RECORD,
        Kind.EVALUATION_REPORT,
        Kind.AWARD_DECIDED,
        Kind.LOT_FAILED,
    }
)
"""After these the log is anchored at once (witness-log.md, "Writing")."""


async def run_public_sequencer(node: LogNode) -> bool:
    """Append one batch of waiting events; return whether there was one."""
    async with node.database.reading() as session:
        if not await is_waiting(session, TOPIC):
            return False
    await node.clock.refresh()
    async with node.database.unit_of_work() as session:
        await node.lease.hold(session, node.city.public_origin)
        items = await take(session, TOPIC, BATCH, is_alone=True)
        if items:
            await _append(node, session, items)
            reach(Failpoint.SEQUENCER_APPENDED)
            await mark_done(session, items)
    if items:
        reach(Failpoint.SEQUENCER_COMMITTED)
    return bool(items)


async def _append(node: LogNode, session: AsyncSession, items: list[OutboxItem]) -> None:
    """Append the messages' events; the number of statements does not depend on how many there are."""
    trees, disclosures = TreeRepository(session), DisclosureRepository(session)
    tree = await trees.open(node.city.public_origin, LogKind.PUBLIC, own=True)
    events = [QueuedEvent.from_payload(item.payload) for item in items]
    tenders = {event.tender for event in events if event.tender is not None}
    chains = _Chains(tree.origin, await disclosures.tender_heads(tree.origin, tenders))
    entries: list[bytes] = []
    commitments: list[Commitment] = []
    for event in events:
        entry, commitment = chains.add(event, node.randomness(_NONCE_SIZE))
        entries.append(entry)
        commitments.append(commitment)
    await disclosures.add(tree.origin, tree.size, commitments)
    await disclosures.set_tender_heads(tree.origin, chains.moved)
    tree = await trees.append(tree, entries)
    note = node.sign_checkpoint(tree.line, tree.head)
    await trees.add_checkpoint(tree.origin, tree.head, bytes(note).decode(), node.now)
    if any(event.kind in PRESSING for event in events):
        await AnchorRepository(session).press(tree.origin)


class _Chains:
    """The tenders' chains as one batch moves them on; `heads` are last entry and count of those that have begun."""

    def __init__(self, origin: bytes, heads: Mapping[bytes, tuple[bytes, int]]) -> None:
        self._origin = origin
        self._heads = heads
        self.moved: dict[bytes, tuple[bytes, int]] = {}

    def add(self, event: QueuedEvent, nonce: bytes) -> tuple[bytes, Commitment]:
        """Return the 32-byte entry of the event, the next of its tender, and what it commits to."""
        if event.tender is None:
            body = event.placed(self._origin, 1, CHAIN_START)
            return commit(nonce, body), Commitment(None, None, event.disclosed, nonce, body)
        prev, count = self.moved.get(event.tender) or self._heads.get(event.tender) or (CHAIN_START, 0)
        body = event.placed(self._origin, count + 1, prev)
        entry = commit(nonce, body)
        self.moved[event.tender] = entry, count + 1
        return entry, Commitment(event.tender, count + 1, event.disclosed, nonce, body)
