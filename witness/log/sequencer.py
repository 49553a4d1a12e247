"""The one writer of the public log: drains the outbox in order, one transaction a batch.

Entries, tiles, the tenders' chains, the signed checkpoint and the messages' end are one transaction, so a crash
anywhere loses nothing and doubles nothing: either all of it stands, or the messages still wait.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from ledger.failpoints import Failpoint, reach
from ledger.outbox import OutboxItem, is_waiting, mark_done, take
from witness.log.anchor_repository import AnchorRepository
from witness.log.entry import CHAIN_START, commit
from witness.log.event import TOPIC, Event
from witness.log.kinds import Kind
from witness.log.models import DisclosureRow, LogKind
from witness.log.node import LogNode
from witness.log.repository import DisclosureRepository, TreeRepository

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
        items = await take(session, TOPIC, BATCH)
        if items:
            await _append(node, session, items)
            reach(Failpoint.SEQUENCER_APPENDED)
            await mark_done(session, items)
    if items:
        reach(Failpoint.SEQUENCER_COMMITTED)
    return bool(items)


async def _append(node: LogNode, session: AsyncSession, items: list[OutboxItem]) -> None:
    trees = TreeRepository(session)
    tree = await trees.open(node.city.public_origin, LogKind.PUBLIC, own=True)
    chains = _Chains(DisclosureRepository(session), tree.origin)
    entries: list[bytes] = []
    for number, item in enumerate(items):
        nonce = node.randomness(_NONCE_SIZE)
        entries.append(await chains.add(tree.size + number, Event.from_payload(item.payload), nonce))
    await chains.store()
    tree = await trees.append(tree, entries)
    note = node.sign_checkpoint(tree.line, tree.head)
    await trees.add_checkpoint(tree.origin, tree.head, bytes(note).decode(), node.now)
    if chains.pressing:
        await AnchorRepository(session).press(tree.origin)


class _Chains:
    """The tenders' chains as one batch moves them on."""

    def __init__(self, disclosures: DisclosureRepository, origin: bytes) -> None:
        self._disclosures = disclosures
        self._origin = origin
        self._heads: dict[bytes, tuple[bytes, int]] = {}
        self.pressing = False

    async def add(self, index: int, event: Event, nonce: bytes) -> bytes:
        """Return the 32-byte entry of the event at `index`, the next of its tender."""
        self.pressing = self.pressing or event.kind in PRESSING
        prev, count = await self._end(event.tender) if event.tender else (CHAIN_START, 0)
        body = event.body(self._origin, count + 1, prev)
        data = body.to_bytes()
        entry = commit(nonce, data)
        if event.tender:
            self._heads[event.tender] = entry, count + 1
        await self._disclosures.add(
            DisclosureRow(
                origin=self._origin,
                index=index,
                tender=event.tender,
                seq=body.seq,
                disclosed=event.disclosed,
                nonce=nonce,
                body=data,
            )
        )
        return entry

    async def _end(self, tender: bytes) -> tuple[bytes, int]:
        if tender not in self._heads:
            row = await self._disclosures.tender_head(self._origin, tender)
            self._heads[tender] = (row.head, row.count) if row else (CHAIN_START, 0)
        return self._heads[tender]

    async def store(self) -> None:
        for tender, (head, count) in self._heads.items():
            await self._disclosures.set_tender_head(self._origin, tender, head, count)
