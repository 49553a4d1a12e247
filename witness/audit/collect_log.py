"""The tender's events with their proofs, from the city's own log and the anchors on chain."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box.book import TenderAtBlock
from ledger.chain.client import Call, ChainClient
from ledger.chain.rpc import MAX_BATCH
from ledger.errors import SunbidError
from witness.audit.parts import LoggedEntry
from witness.log.checkpoint import Checkpoint
from witness.log.note import Note, NoteError
from witness.log.policy import Policy
from witness.log.proof_file import ProofFile
from witness.log.proof_repository import ProofRepository
from witness.log.service import PublicLog

LOOKS: Final = MAX_BATCH
"""Anchors looked at together: as many as go into one request."""


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
    """Return the log of a tender; raise `NotLoggedError` while something of it has no anchor or no cosignatures yet.

    However many events the tender has, the database is asked as often; the chain once for each hundreds of anchors.
    """
    found = (await log.disclosed(session, at.tender))[: at.view.head_count]
    if len(found) < at.view.head_count or not found:
        raise NotLoggedError("the log has fewer events of the tender than the chain")
    indices = [one.index for one in found]
    anchors = await anchors_holding(chain, log.origin, indices, at.block)
    if len(anchors) < len(indices):
        raise NotLoggedError("the last events of the tender are not anchored yet")
    repository = ProofRepository(session, log.origin)
    notes = await notes_holding(repository, indices, policy)
    sizes = {index: Checkpoint.parse(note.text).size for index, note in notes.items()}
    paths = await repository.inclusions(
        {*((index, sizes[index]) for index in indices), *((index, anchors[index].size) for index in indices)}
    )
    entries = [
        LoggedEntry(one.index, one.entry, one.disclosed, anchor.number, paths[one.index, anchor.size])
        for one, anchor in ((one, anchors[one.index]) for one in found)
    ]
    proofs = {index: ProofFile(index, paths[index, sizes[index]], notes[index]) for index in indices}
    return CollectedLog(tuple(entries), proofs, await _earlier(repository, indices, set(sizes.values()), policy))


async def notes_holding(repository: ProofRepository, indices: Collection[int], policy: Policy) -> dict[int, Note]:
    """Return for each entry the first checkpoint that holds it and satisfies the policy.

    A checkpoint made just before the city or its partners went away may never be cosigned: the next one counts then.
    Raises `NotLoggedError` if an entry has none.
    """
    cosigned = not policy.is_satisfied(set())
    found: dict[int, Note] = {}
    wanted = {index: index for index in indices}  # entry → the entry that the checkpoint in question has to hold
    while wanted:
        asked = set(wanted.values())
        sizes = await repository.first_holding(asked, cosigned=cosigned)
        if asked - sizes.keys():
            raise NotLoggedError("no checkpoint with the last events of the tender is cosigned yet")
        notes = _satisfying(await repository.notes(set(sizes.values())), policy)
        found |= {index: notes[sizes[after]] for index, after in wanted.items() if sizes[after] in notes}
        wanted = {index: sizes[after] for index, after in wanted.items() if index not in found}
    return found


def _satisfying(notes: Mapping[int, Note], policy: Policy) -> dict[int, Note]:
    return {size: note for size, note in notes.items() if _satisfies(policy, note)}


def _satisfies(policy: Policy, note: Note) -> bool:
    try:
        policy.check(note)
    except NoteError:
        return False
    return True


async def _earlier(
    repository: ProofRepository, indices: Collection[int], shown: Collection[int], policy: Policy
) -> dict[int, Note]:
    """Return, for each entry, the last cosigned checkpoint without it, where no other proof carries that already."""
    sizes = set((await repository.last_without(indices)).values()) - set(shown)
    return dict(sorted(_satisfying(await repository.notes(sizes), policy).items()))


# --- anchors -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Anchor:
    """A checkpoint on chain: its number among the log's, from 0, and how many entries it holds."""

    number: int
    size: int


async def anchors_holding(chain: ChainClient, origin: bytes, indices: Collection[int], block: int) -> dict[int, Anchor]:
    """Return for each entry the first anchored checkpoint that holds it; those of entries not anchored are missing.

    A log has an anchor every few minutes for ever, and each is larger than the one before: so this looks at hundreds of
    them spread over all, and then between those that enclose an entry.
    """
    count = await chain.call("AnchorRegistry", "count", origin, block=block)
    sizes = {-1: 0}  # by number; stands for the empty tree before the first
    while numbers := _between(sizes, count, indices):
        calls = [Call("AnchorRegistry", "checkpoint", (origin, number)) for number in numbers]
        rows = await chain.call_many(calls, block=block)
        sizes |= {number: row.size for number, row in zip(numbers, rows, strict=True)}
    known = [Anchor(number, sizes[number]) for number in sorted(sizes)]
    places = {index: bisect_right(known, index, key=lambda anchor: anchor.size) for index in indices}
    return {index: known[place] for index, place in places.items() if place < len(known)}


def _between(sizes: Mapping[int, int], count: int, indices: Collection[int]) -> list[int]:
    """Return which anchors to look at next: some in every gap between known ones in which an entry's first one lies."""
    known = sorted(sizes)
    ends = [*known[1:], count]
    places = {bisect_right(known, index, key=sizes.__getitem__) - 1 for index in indices}
    gaps = [range(known[place] + 1, ends[place]) for place in sorted(places) if known[place] + 1 < ends[place]]
    each = max(1, LOOKS // max(1, len(gaps)))
    return [number for gap in gaps for number in _spread(gap, each)]


def _spread(gap: range, most: int) -> list[int]:
    """Return up to `most` numbers of a gap, all of them or evenly spread."""
    parts = min(most, len(gap))
    return [gap[(2 * part + 1) * len(gap) // (2 * parts)] for part in range(parts)]
