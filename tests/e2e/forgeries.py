"""Forged bundles of a finished tender: wrong evidence, well formed, re-signed by the right keys, canonically packed.

Each forgery names the claims that must not hold because of it; what merely rests on those is not counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.robots.people import Party
from bidding.award.domain import Basis, parse_basis
from bidding.evaluation.report import Report, parse_report
from bidding.sealing.box import Entry
from bidding.sealing.merkle import rfc6962_root
from bidding.sealing.slip import SLIP_SIZE
from ledger.acts import (
    Act,
    AwardDecision,
    BidList,
    BidOpening,
    BoxShare,
    Contract,
    Envelope,
    EvaluationReport,
    LotCount,
    ScoreSheet,
    ShareRelease,
    digest,
)
from ledger.chain.evidence.attested import attestation
from ledger.chain.evidence.facts import StateProof
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.eip712 import Domain
from ledger.encoding import dec
from ledger.keys import SigningKey, recover
from ledger.signed import Signed
from tests.fixtures.finished import Finished
from witness.audit.bundle import Anchor, Bundle
from witness.audit.chain import Contracts
from witness.audit.named import named_documents
from witness.audit.parts import LoggedEntry, SignedRecord
from witness.audit.shown import ShownBid, ShownEnvelope, ShownOrigin
from witness.log.checkpoint import Checkpoint
from witness.log.entry import Disclosed
from witness.log.merkle import inclusion_proof, leaf_hash, node_hash
from witness.log.note import NoteSigner
from witness.log.proof_file import ProofFile

Forge = Callable[[], Bundle]
LOT = 1


@dataclass(frozen=True)
class Forger:
    """Somebody with everybody's keys but the power to change the chain."""

    finished: Finished

    @property
    def bundle(self) -> Bundle:
        """The true public bundle."""
        return self.finished.bundle

    @property
    def full(self) -> Bundle:
        """The true bundle with all envelopes."""
        return Bundle.from_bytes(self.finished.full)

    @property
    def boxed(self) -> Bundle:
        """The true bundle with the whole box."""
        return Bundle.from_bytes(self.finished.boxed)

    @property
    def other(self) -> Bundle:
        """The true bundle of another tender."""
        return Bundle.from_bytes(self.finished.other)

    @property
    def contracts(self) -> Contracts:
        """Where acts are signed."""
        m = self.bundle.manifest
        return Contracts(m.chain_id, m.city_registry, m.tender_book, m.key_sets, m.anchor_registry)

    @property
    def registry(self) -> Domain:
        """CityRegistry's domain."""
        return self.contracts.domain(Contract.CITY_REGISTRY.value)

    # --- acts ---------------------------------------------------------------------------------------------------

    def sign(self, party: Party, act: Act) -> Signed:
        """Return an act as this party signs it."""
        return Signed(act, party.key.sign(digest(act, self.contracts.domain(act.contract))), party.chain)

    def find(self, kind: type[Act], **members: Any) -> list[int]:
        """Return the places of the acts of a type with these members."""
        return [
            i
            for i, signed in enumerate(self.bundle.acts)
            if isinstance(signed.act, kind) and all(getattr(signed.act, n) == v for n, v in members.items())
        ]

    def with_act(self, place: int, signed: Signed, **more: Any) -> Bundle:
        """Return the bundle with another act at a place."""
        acts = self.bundle.acts
        return replace(self.bundle, acts=(*acts[:place], signed, *acts[place + 1 :]), **more)

    def changed(self, kind: type[Act], party: Party, **members: Any) -> Bundle:
        """Return the bundle with the last act of a type changed and signed again."""
        place = self.find(kind)[-1]
        return self.with_act(place, self.sign(party, replace(self.bundle.acts[place].act, **members)))

    def without_acts(self, *places: int) -> Bundle:
        """Return the bundle with acts left out, and what only they named."""
        return tidied(replace(self.bundle, acts=tuple(a for i, a in enumerate(self.bundle.acts) if i not in places)))

    def documents(self, *contents: bytes) -> dict[bytes, bytes]:
        """Return the documents with these added."""
        return {**self.bundle.documents, **{hashlib.sha256(c).digest(): c for c in contents}}

    def sheet_exchanged(self) -> Bundle:
        """Return the bundle with another paper in place of a score sheet that an expert signed."""
        place = self.find(ScoreSheet)[0]
        sheet = self.bundle.acts[place].act.scores  # type: ignore[attr-defined]
        others = self.documents(self.bundle.documents[sheet].replace(b'"points":"', b'"points":"1', 1))
        return replace(self.bundle, documents={h: content for h, content in others.items() if h != sheet})

    # --- anchor -------------------------------------------------------------------------------------------------

    def attested_by(self, keys: Sequence[SigningKey]) -> Bundle:
        """Return the bundle with its block attested by these keys."""
        block = self.bundle.anchor.block
        signed = digest(attestation(block.header), self.registry)
        forged = replace(block, attestations=tuple(key.sign(signed) for key in keys))
        return replace(self.bundle, anchor=replace(self.bundle.anchor, block=forged))

    def another_state(self) -> Bundle:
        """Return the bundle under a header with another state root; nobody attested that."""
        block = self.bundle.anchor.block
        members = block.header.members
        header = BlockHeader((*members[:3], bytes(32), *members[4:]))
        return replace(self.bundle, anchor=replace(self.bundle.anchor, block=replace(block, header=header)))

    def without_proof_of(self, address: bytes) -> Bundle:
        """Return the bundle with the proof of one contract's storage left out, canonical again."""
        anchor = self.bundle.anchor
        slots = {contract: words for contract, words in anchor.state.slots if contract != address}
        proof = StateProof.collect(anchor.block.header.state_root, anchor.state.nodes, slots)
        return replace(self.bundle, anchor=Anchor(anchor.block, proof))

    # --- the log ------------------------------------------------------------------------------------------------

    def without_entry(self, place: int) -> Bundle:
        """Return the bundle with an event left out."""
        entries = tuple(e for i, e in enumerate(self.bundle.entries) if i != place)
        return self.with_entries(entries)

    def with_entries(self, entries: tuple[LoggedEntry, ...]) -> Bundle:
        """Return the bundle with these events and their proofs."""
        known = {**self.other.proofs, **self.bundle.proofs}
        return replace(self.bundle, entries=entries, proofs={e.index: known[e.index] for e in entries})

    def rewritten(self) -> Bundle:
        """Return the bundle in which the city rewrote its last event, and signed the tree that follows from that."""
        last = self.bundle.entries[-1]
        assert last.disclosed is not None
        body = replace(last.disclosed.body, data={"winner": "0x" + "00" * 32})
        shown = Disclosed(last.disclosed.nonce, body)
        proof = self.bundle.proofs[last.index]
        known = Checkpoint.parse(proof.note.text)
        root = root_of(leaf_hash(shown.entry), last.index, known.size, proof.proof)
        signer = NoteSigner(known.origin, self.finished.cities["luan"].log.private_bytes_raw())
        note = Checkpoint(known.origin, known.size, root).sign(signer)
        entry = replace(last, entry=shown.entry, disclosed=shown)
        proofs = {**self.bundle.proofs, last.index: ProofFile(last.index, proof.proof, note)}
        return replace(self.bundle, entries=(*self.bundle.entries[:-1], entry), proofs=proofs)

    # --- the box ------------------------------------------------------------------------------------------------

    def with_shares(self, *holders: int, box: bytes | None = None) -> Bundle:
        """Return the bundle with these holders' box shares, of another box key if one is given."""
        shown = self.bundle.box
        assert shown is not None
        genuine = shown.shares[0].act
        assert isinstance(genuine, BoxShare)
        shares = []
        for holder in holders:
            keys = self.finished.holders[holder]
            scalar = keys.boxes[box or genuine.box_key_id].secret
            act = replace(genuine, holder=holder, scalar=scalar)
            shares.append(SignedRecord(act, keys.signing.sign(digest(act, self.registry))))
        return replace(self.bundle, box=replace(shown, shares=tuple(shares)))

    def moved_slip(self) -> Bundle:
        """Return the bundle with a slip at another index than it is proven at."""
        shown = self.bundle.box
        assert shown is not None
        origin = shown.origins[0]
        cut = origin.cuts[0]
        slip = replace(cut.slips[0], index=cut.slips[0].index + 1)
        moved = replace(origin, cuts=(replace(cut, slips=(slip, *cut.slips[1:])), *origin.cuts[1:]))
        return replace(self.bundle, box=replace(shown, origins=(moved, *shown.origins[1:])))

    def foreign_slip(self) -> Bundle:
        """Return the bundle with a slip that really stands in the box, but is none of the tender's."""
        shown, boxed = self.bundle.box, self.boxed
        assert shown is not None
        assert boxed.box is not None
        origin = shown.origins[0]
        [line] = boxed.lines[origin.origin]
        index = next(i for i, slip in enumerate(line) if slip not in shown.slips)
        leaves = [leaf_hash(slip) for slip in line]
        cuts = []
        for cut in origin.cuts:
            path = tuple(inclusion_proof(leaves, index, len(line)))
            placed = replace(cut.slips[0], slip=len(shown.slips), index=index, path=path)
            cuts.append(replace(cut, slips=(*cut.slips, placed)))
        forged = replace(origin, cuts=tuple(cuts))
        return replace(
            self.bundle,
            box=replace(shown, slips=(*shown.slips, line[index]), origins=(forged, *shown.origins[1:])),
        )

    def bid_kept_out(self) -> Bundle:
        """Return the bundle with a bid and its slip left out, and the smaller list signed by k holders."""
        shown, listed = self.bundle.box, self.bundle.list
        assert shown is not None
        assert listed is not None
        leaf = listed.entries[0]
        entry = decode_entry(leaf)
        origin = shown.origins[entry.origin]
        gone = next(s.slip for cut in origin.cuts for s in cut.slips if s.index == entry.index)
        origins = tuple(without_slip(o, gone) for o in shown.origins)
        slips = tuple(s for i, s in enumerate(shown.slips) if i != gone)
        entries = listed.entries[1:]
        counts = tuple(LotCount(c.lot, c.bidders - (c.lot == entry.lot and not entry.void)) for c in listed.act.counts)
        act = BidList(listed.act.tender, listed.act.inputs, rfc6962_root(entries), len(entries), counts)
        signed = digest(act, self.contracts.domain(Contract.TENDER_BOOK.value))
        signatures = tuple(self.finished.holders[i].signing.sign(signed) for i in (1, 2))
        return replace(
            self.bundle,
            box=replace(shown, origins=origins, slips=slips),
            list=replace(listed, act=act, signatures=signatures, entries=entries),
        )

    def slip_kept_out_of_the_box(self) -> Bundle:
        """Return the bundle with the box in which one slip was replaced by padding."""
        boxed = self.boxed
        origin, lines = next(iter(boxed.lines.items()))
        assert self.bundle.box is not None
        place = next(i for i, slip in enumerate(lines[0]) if slip in self.bundle.box.slips)
        line = (*lines[0][:place], bytes(SLIP_SIZE), *lines[0][place + 1 :])
        return replace(boxed, lines={**boxed.lines, origin: (line, *lines[1:])})

    # --- openings -----------------------------------------------------------------------------------------------

    def with_envelope(self, bundle: Bundle, envelope: Envelope, change: Callable[[ShownEnvelope], Any]) -> Bundle:
        """Return the bundle with one envelope of the lot shown in another way."""
        shown = [change(e) if (e.lot, e.envelope) == (LOT, envelope) else e for e in bundle.openings]
        return replace(bundle, openings=tuple(shown))

    def swapped_streams(self) -> Bundle:
        """Return the bundle with the streams of two bids exchanged."""
        first, second, *rest = self.bundle.streams.items()
        return replace(self.bundle, streams={first[0]: second[1], second[0]: first[1], **dict(rest)})

    def another_r(self) -> Bundle:
        """Return the bundle with another number in place of r, signed by the bidder."""

        def change(shown: ShownEnvelope) -> ShownEnvelope:
            bid = shown.bids[0]
            assert bid.opening is not None
            assert isinstance(bid.opening.act, BidOpening)
            act = replace(bid.opening.act, r=(5).to_bytes(32, "big"))
            forged = [self._signed_by_bidder(act, party) for party in self.finished.bidders.values()]
            own = next(r for r in forged if self._signer_fits(bid, r))
            return replace(shown, bids=(replace(bid, opening=own), *shown.bids[1:]))

        return self.with_envelope(self.bundle, Envelope.PRICE, change)

    def _signed_by_bidder(self, act: BidOpening, party: Party) -> SignedRecord:
        return SignedRecord(act, party.key.sign(digest(act, self.registry)))

    def _signer_fits(self, bid: ShownBid, record: SignedRecord) -> bool:
        assert bid.opening is not None
        assert bid.opening.signature is not None
        assert record.signature is not None
        own = recover(digest(bid.opening.act, self.registry), bid.opening.signature)
        return own == recover(digest(record.act, self.registry), record.signature)

    def shares_left_out(self) -> Bundle:
        """Return the full bundle without what opens a bid that the committee opened."""

        def change(shown: ShownEnvelope) -> ShownEnvelope:
            return replace(shown, bids=tuple(b for b in shown.bids if b.opening is not None))

        return self.with_envelope(self.full, Envelope.QUALIFICATION, change)

    def shares_of_another_bid(self) -> Bundle:
        """Return the full bundle with one bid's shares under another bid's name, signed by their holders."""

        def change(shown: ShownEnvelope) -> ShownEnvelope:
            one, two = [bid for bid in shown.bids if bid.opening is None][:2]
            shares = []
            for record in two.shares:
                assert isinstance(record.act, ShareRelease)
                act = replace(record.act, header_hash=one.header_hash)
                holder = int.from_bytes(act.share[:4], "big")
                shares.append(SignedRecord(act, self.finished.holders[holder].signing.sign(digest(act, self.registry))))
            bids = [replace(bid, shares=tuple(shares)) if bid is one else bid for bid in shown.bids]
            return replace(shown, bids=tuple(bids))

        return self.with_envelope(self.full, Envelope.QUALIFICATION, change)

    # --- evaluation and award -----------------------------------------------------------------------------------

    def without_examination(self) -> Bundle:
        """Return the bundle without the report by which a bidder was excluded."""
        kept = {h: c for h, c in self.bundle.documents.items() if not c.startswith(b'{"kind":"examination-report"')}
        return replace(self.bundle, documents=kept)

    def another_ranking(self) -> Bundle:
        """Return the bundle with the ranking turned round, the report signed by all experts, both decisions on it."""
        report = self._report()
        header = {**report.records[0], "ranking": list(reversed(report.records[0]["ranking"]))}  # type: ignore[arg-type]
        forged = Report(report.kind, (header, *report.records[1:]))
        documents, acts, last = self.documents(forged.to_bytes()), list(self.bundle.acts), bytes(32)
        for place in self.find(EvaluationReport, root=report.root):
            expert = self._expert(self.bundle.acts[place])
            acts[place] = self.sign(expert, replace(self.bundle.acts[place].act, root=forged.root))
        for place in self.find(AwardDecision):
            act = self.bundle.acts[place].act
            assert isinstance(act, AwardDecision)
            basis = replace(parse_basis(self.bundle.documents[act.basis]), report=forged.root, replaces=last)
            documents |= {basis.hash: basis.to_bytes()}
            acts[place] = self.sign(self.finished.tenderer, replace(act, basis=basis.hash, replaces=last))
            last = acts[place].digest(self.contracts)
        return tidied(replace(self.bundle, acts=tuple(acts), documents=documents))

    def another_winner(self) -> Bundle:
        """Return the bundle in which the last decision names the first candidate again."""
        first, place = self.find(AwardDecision)
        act, winner = self.bundle.acts[place].act, self.bundle.acts[first].act.winner  # type: ignore[attr-defined]
        assert isinstance(act, AwardDecision)
        basis: Basis = replace(parse_basis(self.bundle.documents[act.basis]), rank=1)
        signed = self.sign(self.finished.tenderer, replace(act, winner=winner, basis=basis.hash))
        return tidied(self.with_act(place, signed, documents=self.documents(basis.to_bytes())))

    def _report(self) -> Report:
        reports = [
            parse_report(c) for c in self.bundle.documents.values() if c.startswith(b'{"kind":"evaluation-report"')
        ]
        return reports[0]

    def _expert(self, signed: Signed) -> Party:
        return next(e for e in self.finished.experts if e.key.address == signed.chain.credential.key)


def tidied(bundle: Bundle) -> Bundle:
    """Return the bundle without the documents that nothing in it names any more."""
    return replace(bundle, documents=named_documents(bundle.acts, bundle.entries, bundle.documents))


def root_of(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root to which an inclusion path leads from a leaf (RFC 9162 §2.1.3.2)."""
    inner = (index ^ (size - 1)).bit_length()
    head = leaf
    for level, sibling in enumerate(path):
        right = level < inner and not index >> level & 1
        head = node_hash(head, sibling) if right else node_hash(sibling, head)
    return head


def decode_entry(leaf: bytes) -> Entry:
    """Return the entry of a list from its leaf."""
    lot, envelope, origin, index, bidder, sequence, header_hash, void = dec(leaf, 8)
    numbers = [int.from_bytes(n, "big") for n in (lot, envelope, origin, index)]
    return Entry(*numbers, bidder, int.from_bytes(sequence, "big"), header_hash, void[0])


def without_slip(origin: ShownOrigin, gone: int) -> ShownOrigin:
    """Return what is shown of an origin without one slip, the others renumbered."""
    return replace(
        origin,
        cuts=tuple(
            replace(cut, slips=tuple(replace(s, slip=s.slip - (s.slip > gone)) for s in cut.slips if s.slip != gone))
            for cut in origin.cuts
        ),
    )
