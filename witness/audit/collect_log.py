"""The tender's events with their proofs, from the city's own log and the anchors on chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box.book import TenderAtBlock
from ledger.chain.client import Call, ChainClient
from ledger.errors import SunbidError
from witness.audit.chain import AnchoredTree
from witness.audit.parts import LoggedEntry
from witness.log.checkpoint import Checkpoint
from witness.log.note import Note, NoteError
from witness.log.policy import Policy
from witness.log.proof_file import ProofFile
from witness.log.repository import TreeRepository
from witness.log.service import LogReader, PublicLog, TenderEntry


class NotLoggedError(SunbidError):
    """Events that are not yet in the log, not yet cosigned or not yet anchored: ask again."""

    code = "bundle.not_yet"


@dataclass(frozen=True)
class CollectedLog:
    """The tender's entries up to the head on chain, with proofs, and earlier checkpoints."""

    entries: tuple[LoggedEntry, ...]
    proofs: dict[int, ProofFile]
    checkpoints: dict[int, Note] = field(default_factory=dict)

    @property
    def acts(self) -> frozenset[bytes]:
        """The digests of the acts that the entries name."""
        bodies = [entry.disclosed.body for entry in self.entries if entry.disclosed]
        return frozenset(body.act for body in bodies if body.act)


async def collect_log(
    session: AsyncSession, chain: ChainClient, log: PublicLog, at: TenderAtBlock, policy: Policy
) -> CollectedLog:
    """Return the log of a tender; raise `NotLoggedError` while something of it has no anchor or no cosignatures yet."""
    found = (await log.disclosed(session, at.tender))[: at.view.head_count]
    if len(found) < at.view.head_count or not found:
        raise NotLoggedError("the log has fewer events of the tender than the chain")
    anchors = await _anchors(chain, log.origin, at.block)
    reader = LogReader(session)
    entries, proofs = [], {}
    for one in found:
        number = next((i for i, tree in enumerate(anchors) if tree.size > one.index), None)
        note = await covering_note(reader, log.origin, one.index, policy)
        if number is None:
            raise NotLoggedError("the last events of the tender are not anchored yet")
        path = (await reader.inclusion(log.origin, one.index, anchors[number].size)).proof
        entries.append(LoggedEntry(one.index, one.entry, one.disclosed, number, path))
        proofs[one.index] = await _proof(reader, log.origin, one, note)
    return CollectedLog(tuple(entries), proofs, await _earlier(session, reader, log.origin, found, proofs, policy))


async def covering_note(reader: LogReader, origin: bytes, index: int, policy: Policy) -> Note:
    """Return the first checkpoint with entry `index` that satisfies the policy; raise `NotLoggedError` if none does.

    A checkpoint made just before the city or its partners went away may never be cosigned: the next one counts then.
    """
    after = index
    while (note := await reader.checkpoint_covering(origin, after)) is not None:
        if _satisfies(policy, note):
            return note
        after = Checkpoint.parse(note.text).size
    raise NotLoggedError("no checkpoint with the last events of the tender is cosigned yet")


def _satisfies(policy: Policy, note: Note) -> bool:
    try:
        policy.check(note)
    except NoteError:
        return False
    return True


async def _anchors(chain: ChainClient, origin: bytes, block: int) -> list[AnchoredTree]:
    count = await chain.call("AnchorRegistry", "count", origin, block=block)
    rows = await chain.call_many(
        [Call("AnchorRegistry", "checkpoint", (origin, number)) for number in range(count)], block=block
    )
    return [AnchoredTree(row.size, row.root, row.anchored_at) for row in rows]


async def _proof(reader: LogReader, origin: bytes, entry: TenderEntry, note: Note) -> ProofFile:
    size = Checkpoint.parse(note.text).size
    path = (await reader.inclusion(origin, entry.index, size)).proof
    return ProofFile(entry.index, path, note)


async def _earlier(
    session: AsyncSession,
    reader: LogReader,
    origin: bytes,
    found: Sequence[TenderEntry],
    proofs: dict[int, ProofFile],
    policy: Policy,
) -> dict[int, Note]:
    """Return, for each entry, the last cosigned checkpoint without it, where no other proof carries that already."""
    shown = {Checkpoint.parse(proof.note.text).size for proof in proofs.values()}
    notes: dict[int, Note] = {}
    trees = TreeRepository(session)
    for one in found:
        row = await trees.checkpoint_before(origin, one.index)
        if row is not None and row.size not in shown | notes.keys():
            note = await reader.checkpoint(origin, row.size)
            if note is not None and _satisfies(policy, note):
                notes[row.size] = note
    return dict(sorted(notes.items()))
