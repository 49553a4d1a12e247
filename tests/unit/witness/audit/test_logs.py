"""The tender's log is believed only whole, in order, cosigned, anchored, and at the times that this allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from ledger.errors import SunbidError
from ledger.identity import origin_id
from tests.fixtures.box import b32, tender_at
from tests.fixtures.chain_state import MadeState
from witness.audit.chain import ProvenAnchors, ProvenRegistry
from witness.audit.logs import TOLERANCE, LogEvidence, ProvenLog, prove_log
from witness.audit.parts import LoggedEntry
from witness.log.checkpoint import Checkpoint
from witness.log.cosignature import Cosigner
from witness.log.entry import CHAIN_START, Body, Disclosed
from witness.log.kinds import ActorRole, Kind
from witness.log.merkle import inclusion_proof, leaf_hash, tree_head
from witness.log.note import Note, NoteSigner
from witness.log.policy import Policy
from witness.log.proof_file import ProofFile

LINE = "luan.sunbid.example/public"
ORIGIN = origin_id(LINE)
TENDER, CITY = b32("tender"), b32("luan")
REGISTRY, ANCHORS = b"\x01" * 20, b"\x02" * 20
LOG = NoteSigner(LINE, b32("log"))
WITNESSES = [Cosigner(f"{name}.sunbid.example/witness", b32(name)) for name in ("hefei", "nanjing")]
POLICY = Policy.of([LOG.vkey], [w.vkey for w in WITNESSES], 1)


@dataclass
class World:
    """A log of a tender's events among others', one checkpoint an entry, every second one anchored."""

    times: list[int] = field(default_factory=lambda: [1000, 1100, 1200, 1300])
    origin_city: bytes = CITY
    kind: int = 1
    entries: list[Disclosed] = field(default_factory=list)

    def __post_init__(self) -> None:
        prev = CHAIN_START
        for number, at in enumerate(self.times, start=1):
            body = Body(Kind.ANOMALY, ORIGIN, at, ActorRole.SYSTEM, TENDER, seq=number, prev=prev, data={"n": number})
            self.entries.append(Disclosed(b32(f"nonce {number}"), body))
            prev = self.entries[-1].entry

    @property
    def leaves(self) -> list[bytes]:
        """Each entry of the tender behind one of somebody else."""
        return [
            leaf for one in self.entries for leaf in (leaf_hash(b32(f"other {one.entry.hex()}")), leaf_hash(one.entry))
        ]

    def note(self, size: int, at: int, *witnesses: Cosigner, signer: NoteSigner = LOG) -> Note:
        """Return a checkpoint, cosigned at a time."""
        note = Checkpoint(signer.name, size, tree_head(self.leaves[:size])).sign(signer)
        return note.with_signatures(*(w.cosign(note.text, at) for w in witnesses or WITNESSES))

    def proof(self, place: int, at: int | None = None, *witnesses: Cosigner) -> ProofFile:
        """Return the proof of an entry under the checkpoint that ends with it."""
        index, size = 2 * place + 1, 2 * place + 2
        path = tuple(inclusion_proof(self.leaves, index, size))
        return ProofFile(index, path, self.note(size, at or self.times[place] + 5, *witnesses))

    def logged(self, place: int) -> LoggedEntry:
        """Return an entry with its way to the anchor behind it."""
        index, anchor = 2 * place + 1, place // 2
        path = tuple(inclusion_proof(self.leaves, index, self.anchor_size(anchor)))
        one = self.entries[place]
        return LoggedEntry(index, one.entry, one, anchor, path)

    def anchor_size(self, number: int) -> int:
        """Anchors end behind the second and the fourth entry."""
        return 4 * (number + 1)

    def evidence(self) -> LogEvidence:
        """Return what a bundle shows."""
        places = range(len(self.entries))
        proofs = {2 * p + 1: self.proof(p) for p in places}
        return LogEvidence([self.logged(p) for p in places], proofs, {}, POLICY)

    def state(self) -> MadeState:
        """Return the chain: the origin's city, and the anchors."""
        made = MadeState()
        made.put(REGISTRY, "CityRegistry", ("_origins", ORIGIN, "kind"), self.kind)
        made.put(REGISTRY, "CityRegistry", ("_origins", ORIGIN, "city"), self.origin_city)
        for number in range(2):
            size = self.anchor_size(number)
            members = {
                "size": size,
                "root": tree_head(self.leaves[:size]),
                "anchoredAt": self.times[2 * number + 1] + 20,
            }
            for name, value in members.items():
                made.put(ANCHORS, "AnchorRegistry", ("_checkpoints", ORIGIN, number, name), value)
        return made

    def prove(self, evidence: LogEvidence | None = None, policy: Policy = POLICY) -> ProvenLog:
        """Return the proven log."""
        reader = self.state().reader()
        head = self.entries[-1].entry if self.entries else CHAIN_START
        at = tender_at(tender=TENDER, head=head, head_count=len(self.entries))
        shown = evidence or self.evidence()
        return prove_log(shown, at, ProvenRegistry(reader, REGISTRY), ProvenAnchors(reader, ANCHORS), policy)


def test_a_log_is_dated_by_cosignatures_and_anchors() -> None:
    log = World().prove()
    assert [e.logged_by for e in log.entries] == [1005, 1105, 1205, 1305]
    assert [e.anchored_at for e in log.entries] == [1120, 1120, 1320, 1320]
    # An entry is later than every tree without it that one of its own witnesses knew, and than the anchor before.
    assert [e.not_before for e in log.entries] == [0, 1005, 1120, 1205]
    assert log.cosigners == ("hefei.sunbid.example/witness", "nanjing.sunbid.example/witness")
    assert log.checkpoint == f"{LINE} 8"


def test_a_checkpoint_of_nobody_in_particular_moves_the_earliest_time() -> None:
    world = World()
    later = replace(world.evidence(), checkpoints={2: world.note(2, 1099)})
    assert world.prove(later).entries[1].not_before == 1099


def test_a_witness_that_did_not_see_the_entry_says_nothing_of_it() -> None:
    world = World()
    evidence = world.evidence()
    proofs = {**evidence.proofs, 1: world.proof(0, 1005, WITNESSES[0]), 3: world.proof(1, 1105, WITNESSES[1])}
    assert world.prove(replace(evidence, proofs=proofs)).entries[1].not_before == 0


def test_entries_of_an_act_and_hidden_ones() -> None:
    world = World()
    body = replace(world.entries[3].body, act=b32("act"))
    world.entries[3] = Disclosed(b32("nonce 4"), body)
    evidence = world.evidence()
    hidden = replace(evidence.entries[1], disclosed=None)
    log = world.prove(replace(evidence, entries=[evidence.entries[0], hidden, *evidence.entries[2:]]))
    assert [e.place for e in log.of_act(b32("act"))] == [4]
    assert log.hidden == 1


Change = Callable[[World, LogEvidence], LogEvidence]


def with_proof(place: int, change: Callable[[World], ProofFile]) -> Change:
    """Return the change of one entry's proof."""
    return lambda world, shown: replace(shown, proofs={**shown.proofs, 2 * place + 1: change(world)})


def with_entry(place: int, **members: object) -> Change:
    """Return the change of one entry."""

    def change(_: World, shown: LogEvidence) -> LogEvidence:
        entries = list(shown.entries)
        entries[place] = replace(entries[place], **members)  # type: ignore[arg-type]
        return replace(shown, entries=entries)

    return change


STRANGER = NoteSigner(LINE, b32("stranger"))
OTHER_LOG = NoteSigner("hefei.sunbid.example/public", b32("log of hefei"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda w, s: replace(s, entries=[]), "no event of the tender"),
        (lambda w, s: replace(s, entries=s.entries[:-1]), "3 entries of the tender are here"),
        (lambda w, s: replace(s, proofs={i: p for i, p in s.proofs.items() if i != 3}), "has a proof of its own"),
        (lambda w, s: replace(s, proofs={**s.proofs, 99: s.proofs[1]}), "has a proof of its own"),
        (with_entry(1, index=1), "stands behind the one before"),
        (with_entry(2, anchor=0), "is not in a tree"),
        (with_entry(0, anchor=1), "does not lead to the root|hashes, . are needed"),
        (with_entry(2, anchor=7), "no such checkpoint"),
        (with_proof(1, lambda w: replace(w.proof(1), index=1)), "is of another entry"),
        (with_proof(1, lambda w: replace(w.proof(1), extra=b"x")), "is of another entry"),
        (with_proof(1, lambda w: replace(w.proof(1), note=w.note(4, 1105, signer=STRANGER))), "no known log signed"),
        (with_proof(1, lambda w: replace(w.proof(1), note=w.note(4, 1105, signer=OTHER_LOG))), "no known log signed"),
        (with_proof(1, lambda w: replace(w.proof(1), note=w.note(4, 1105).with_signatures(
            Cosigner("eve.example/witness", b32("eve")).cosign("x\n", 1105)))), "keys that are not pinned"),
        (with_proof(0, lambda w: replace(w.proof(0), note=Checkpoint(LINE, 2, tree_head(w.leaves[:2])).sign(LOG))),
         "lacks cosignatures"),
        (lambda w, s: replace(s, checkpoints={3: w.note(2, 1099)}), "another size than its name"),
        (lambda w, s: replace(s, policy=Policy.of([LOG.vkey], [x.vkey for x in WITNESSES], 2), proofs={
            **s.proofs, 1: w.proof(0, 1005, WITNESSES[0])}), "lacks cosignatures"),
    ],
)  # fmt: skip
def test_other_evidence_is_refused(change: Change, says: str) -> None:
    world = World()
    with pytest.raises(SunbidError, match=says):
        world.prove(change(world, world.evidence()))


def test_an_anchor_that_holds_the_entry_already_comes_first() -> None:
    world = World()
    evidence = world.evidence()
    path = tuple(inclusion_proof(world.leaves, 1, 8))
    entries = [replace(evidence.entries[0], anchor=1, path=path), *evidence.entries[1:]]
    with pytest.raises(SunbidError, match="an earlier anchor holds the entry already"):
        world.prove(replace(evidence, entries=entries))


@pytest.mark.parametrize("world", [World(origin_city=b32("elsewhere")), World(kind=2)])
def test_the_log_is_the_public_one_of_the_tenders_city(world: World) -> None:
    with pytest.raises(SunbidError, match=r"another city|no public log"):
        world.prove()


def test_events_of_one_tender_stand_in_one_log() -> None:
    world = World()
    body = replace(world.entries[3].body, origin=origin_id("x.example/public"))
    world.entries[3] = Disclosed(b32("nonce 4"), body)
    with pytest.raises(SunbidError, match="stand in one log"):
        world.prove()


@pytest.mark.parametrize(("place", "off", "holds"), [
    (1, TOLERANCE + 5, True), (1, TOLERANCE + 6, False), (2, -TOLERANCE - 80, True), (2, -TOLERANCE - 81, False),
])  # fmt: skip
def test_an_event_claims_a_time_within_the_tolerance(place: int, off: int, holds: bool) -> None:
    world = World()
    claimed = World(times=[t + (off if i == place else 0) for i, t in enumerate(world.times)])
    claimed.times = world.times  # cosigned and anchored as ever: only the event's own word differs
    if holds:
        claimed.prove()
        return
    with pytest.raises(SunbidError, match=f"event {place + 1} claims a time"):
        claimed.prove()
