"""The tender's events: all of them, in order, in a log that witnesses cosigned and the chain anchored.

Every entry is proven twice: under the first checkpoint that covers it, with the cosignatures of the policy (which date
it), and under a checkpoint that AnchorRegistry holds (so the log it stands in is the one line that consensus accepted).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bidding.box.book import TenderAtBlock
from ledger.errors import SunbidError
from witness.audit.chain import AnchoredTree, ProvenAnchors, ProvenRegistry
from witness.audit.parts import LoggedEntry
from witness.log.entry import Body, ChainLink, check_chain
from witness.log.merkle import leaf_hash, verify_inclusion
from witness.log.note import Note
from witness.log.policy import Cosigned, Policy
from witness.log.proof_file import ProofFile

TOLERANCE: Final = 300
"""Seconds by which an event's own time may lie outside what checkpoints and anchors prove."""


class LogClaimError(SunbidError):
    """Entries, proofs or checkpoints that do not prove what they are there for."""

    code = "log.unproven"


@dataclass(frozen=True)
class Logged:
    """A proven entry: `place` in the tender's chain from 1, its body if disclosed, and when it was logged.

    It was in the log at `logged_by` (the earliest cosignature on the first checkpoint that covers it), and not yet in
    what witnesses saw at `not_before`; the chain held it at `anchored_at`. All in seconds since 1970.
    """

    place: int
    index: int
    body: Body | None
    logged_by: int
    not_before: int
    anchored_at: int


@dataclass(frozen=True)
class ProvenLog:
    """All entries of a tender in order; `origin` is the log, `checkpoint` names the last one used."""

    origin: bytes
    entries: tuple[Logged, ...]
    checkpoint: str
    cosigners: tuple[str, ...]

    def of_act(self, digest: bytes) -> list[Logged]:
        """Return the entries of an act, one for each time it was handed in, in order."""
        return [entry for entry in self.entries if entry.body is not None and entry.body.act == digest]

    @property
    def hidden(self) -> int:
        """How many entries are not disclosed."""
        return sum(entry.body is None for entry in self.entries)


@dataclass
class _Notes:
    """Checks notes under the verifier's policy and the one that the bundle states, each note once."""

    own: Policy
    stated: Policy
    _checked: dict[bytes, Cosigned] = field(default_factory=dict)

    def check(self, note: Note, origin: bytes) -> Cosigned:
        """Return the checkpoint; refuse one of another log, or with a signature by a key that is not pinned."""
        data = bytes(note)
        if data not in self._checked:
            found = self.own.check(note)
            self.stated.check(note)
            if len(found.times) + 1 != len(note.signatures):
                raise LogClaimError("a checkpoint carries signatures of keys that are not pinned")
            self._checked[data] = found
        found = self._checked[data]
        if found.checkpoint.origin_id != origin:
            raise LogClaimError("a checkpoint is of another log")
        return found


@dataclass(frozen=True)
class LogEvidence:
    """What a bundle shows of the log."""

    entries: Sequence[LoggedEntry]
    proofs: Mapping[int, ProofFile]
    checkpoints: Mapping[int, Note]
    policy: Policy


def prove_log(
    evidence: LogEvidence,
    at: TenderAtBlock,
    registry: ProvenRegistry,
    anchors: ProvenAnchors,
    policy: Policy,
) -> ProvenLog:
    """Return the tender's events as proven, or raise with what is missing or wrong.

    Every checkpoint has to satisfy the verifier's own `policy`, and the one that the bundle states.
    """
    _need_all(evidence, at)
    origin = _origin(evidence.entries, at, registry)
    notes = _Notes(policy, evidence.policy)
    covering = [_covering(evidence.proofs[entry.index], entry, notes, origin) for entry in evidence.entries]
    earlier = [notes.check(note, origin) for note in evidence.checkpoints.values()]
    if [c.checkpoint.size for c in earlier] != list(evidence.checkpoints):
        raise LogClaimError("a checkpoint has another size than its name says")
    last_trees = {entry.anchor for entry in evidence.entries}
    anchors.expect(origin, last_trees | {number - 1 for number in last_trees if number})
    trees: dict[int, AnchoredTree] = {}
    logged = []
    for place, (entry, cover) in enumerate(zip(evidence.entries, covering, strict=True), start=1):
        after, before = _anchored(entry, anchors, origin, trees)
        found = Logged(
            place,
            entry.index,
            entry.disclosed.body if entry.disclosed else None,
            min(cover.times.values(), default=after.anchored_at),
            max(_not_before(entry.index, cover, [*covering, *earlier]), before),
            after.anchored_at,
        )
        _need_timely(found, before)
        logged.append(found)
    last = max(covering, key=lambda cosigned: cosigned.checkpoint.size)
    name = f"{last.checkpoint.origin} {last.checkpoint.size}"
    return ProvenLog(origin, tuple(logged), name, tuple(sorted(last.times)))


def _need_all(evidence: LogEvidence, at: TenderAtBlock) -> None:
    """Refuse entries that are not all of the tender's, in order, or a proof that belongs to none of them."""
    if not evidence.entries:
        raise LogClaimError("the bundle holds no event of the tender")
    links = [ChainLink(entry.entry, entry.disclosed) for entry in evidence.entries]
    check_chain(at.tender, links, at.view.head, at.view.head_count)
    indices = [entry.index for entry in evidence.entries]
    if indices != sorted(set(indices)) or set(indices) != set(evidence.proofs):
        raise LogClaimError("every entry stands behind the one before, and has a proof of its own")


def _origin(entries: Collection[LoggedEntry], at: TenderAtBlock, registry: ProvenRegistry) -> bytes:
    origins = {entry.disclosed.body.origin for entry in entries if entry.disclosed}
    if len(origins) != 1:
        raise LogClaimError("the events of a tender stand in one log")
    [origin] = origins
    if registry.city_of_public_log(origin) != at.origins[0].city:
        raise LogClaimError("the events stand in the log of another city than the tender's")
    return origin


def _covering(proof: ProofFile, entry: LoggedEntry, notes: _Notes, origin: bytes) -> Cosigned:
    cosigned = notes.check(proof.note, origin)
    if proof.index != entry.index or proof.extra is not None:
        raise LogClaimError("a proof is of another entry", index=entry.index)
    checkpoint = cosigned.checkpoint
    verify_inclusion(leaf_hash(entry.entry), entry.index, checkpoint.size, proof.proof, checkpoint.root)
    return cosigned


def _anchored(
    entry: LoggedEntry, anchors: ProvenAnchors, origin: bytes, trees: dict[int, AnchoredTree]
) -> tuple[AnchoredTree, int]:
    """Return the first anchored tree that holds the entry, and when the one before it was anchored."""

    def tree(number: int) -> AnchoredTree:
        if number not in trees:
            trees[number] = anchors.tree(origin, number)
        return trees[number]

    after = tree(entry.anchor)
    verify_inclusion(leaf_hash(entry.entry), entry.index, after.size, entry.path, after.root)
    if not entry.anchor:
        return after, 0
    before = tree(entry.anchor - 1)
    if before.size > entry.index:
        raise LogClaimError("an earlier anchor holds the entry already", index=entry.index)
    return after, before.anchored_at


def _not_before(index: int, cover: Cosigned, others: Sequence[Cosigned]) -> int:
    """Return the latest time at which a witness of `cover` knew no larger tree than one without the entry."""
    times = [
        at
        for other in others
        if other.checkpoint.size <= index
        for witness, at in other.times.items()
        if witness in cover.times
    ]
    return max(times, default=0)


def _need_timely(entry: Logged, before: int) -> None:
    """Refuse an event whose own time lies outside of what the anchor before and the checkpoints after it prove."""
    if entry.body is None:
        return
    latest = min(entry.logged_by, entry.anchored_at)
    if not before - TOLERANCE <= entry.body.occurred_at <= latest + TOLERANCE:
        raise LogClaimError(
            f"event {entry.place} claims a time at which it cannot have happened", place=entry.place,
            claimed=entry.body.occurred_at, after=before, by=latest,
        )  # fmt: skip
