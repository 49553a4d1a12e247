"""What a verifier can say of an opening: every listed bid was opened as it was sealed, or who owes that it was not.

Pure. A bid is opened here by the bidder's r or by k holders' shares, each proven for its header; its stream must be the
one that the header names, byte for byte. Envelopes whose contents are not public are not opened here: of them the
opening record's own words are shown to be the ones that the host signed.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bidding.box.committee import RegisteredKeySet
from bidding.evaluation.domain import OpenedBid
from bidding.opening.errors import OpeningError
from bidding.opening.payload import OpenedPayload, open_bid, z_of_shares
from bidding.opening.record import Outcome, RecordedBid, record_line, record_root
from bidding.sealing.acts import ActChain, header_of, label_of
from bidding.sealing.box import Entry
from bidding.sealing.facts import TenderFacts
from bidding.sealing.shares import VerifiedShare
from bidding.sealing.slip import SlipBody
from bidding.sealing.tdh2 import VerifiedHeader, verify_header, verify_share, z_of_bidder
from bidding.tender.documents import BidderName
from ledger.acts import BidOpening, Committee, Envelope, ShareRelease, digest
from ledger.eip712 import Domain
from ledger.keys import recover

_NOT_OPENED = "not_opened"


@dataclass(frozen=True)
class SignedOpening:
    """The bidder's r; the signature says that the key which signed the bid published it, None if another did."""

    act: BidOpening
    signature: bytes | None


@dataclass(frozen=True)
class SignedRelease:
    """A holder's share for one header."""

    act: ShareRelease
    signature: bytes


@dataclass(frozen=True)
class BidKeys:
    """By what a bid is opened, and its stream if it is shown."""

    opening: SignedOpening | None = None
    shares: Sequence[SignedRelease] = ()
    stream: bytes | None = None


@dataclass(frozen=True)
class EnvelopeCase:
    """One envelope of one lot: its entries in list order, what opens them, and whom earlier envelopes excluded.

    `statuses` are given instead of `keys` where the contents are not shown: the record's words, in list order. `late`
    are the bids that were opened after the record. `is_due` says that the opening has ended: what is not opened then
    is owed by somebody.
    """

    tender: bytes
    lot: int
    envelope: Envelope
    entries: Sequence[Entry]
    keys: Mapping[bytes, BidKeys]
    excluded: frozenset[bytes]
    committee: Committee
    is_due: bool
    statuses: Sequence[str] | None = None
    late: frozenset[bytes] = frozenset()


@dataclass(frozen=True)
class OpenedEnvelope:
    """What came out: the root that the opening record must carry, the bids with their prices, who opened how many."""

    root: bytes
    bids: tuple[OpenedBid, ...]
    by_bidder: int = 0
    by_committee: int = 0
    void: int = 0
    unreadable: int = 0
    shown: bool = True
    names: Mapping[bytes, BidderName] = field(default_factory=dict)


@dataclass
class _Tally:
    lines: list[bytes] = field(default_factory=list)
    bids: list[OpenedBid] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    by_bidder: int = 0
    names: dict[bytes, BidderName] = field(default_factory=dict)


@dataclass(frozen=True)
class EnvelopeVerifier:
    """Opens an envelope once more; `facts` are those of the proven list, `bodies` its bids by headerHash."""

    facts: TenderFacts
    seal: RegisteredKeySet
    bodies: Mapping[bytes, SlipBody]

    @property
    def _domain(self) -> Domain:
        return self.facts.registry_domain

    def open(self, case: EnvelopeCase) -> OpenedEnvelope:
        """Return what the envelope held; raise `SunbidError` naming the bid that is not opened as it must be."""
        if case.statuses is not None:
            return self._stated(case, case.statuses)
        tally = _Tally()
        for entry in case.entries:
            payload = None if entry.void else self._open(case, entry)
            self._note(tally, case, entry, payload)
        if (case.keys.keys() | case.late) - {entry.header_hash for entry in case.entries if not entry.void}:
            raise OpeningError("Something is opened that is no valid bid of this envelope.", code="opening.no_entry")
        outcomes = tally.outcomes
        return OpenedEnvelope(
            record_root(tally.lines),
            tuple(tally.bids),
            tally.by_bidder,
            len(outcomes) - tally.by_bidder,
            outcomes.count(Outcome.VOID),
            outcomes.count(Outcome.UNREADABLE),
            names=tally.names,
        )

    def _note(self, tally: _Tally, case: EnvelopeCase, entry: Entry, payload: OpenedPayload | None) -> None:
        prices = payload.document.prices if payload and payload.document else ()
        if not entry.void:
            tally.bids.append(OpenedBid(len(tally.bids), entry.bidder, prices, opened=payload is not None))
        if payload and payload.document and payload.document.bidder:
            tally.names[entry.bidder] = payload.document.bidder
        if payload is not None:
            tally.outcomes.append(payload.outcome)
            tally.by_bidder += case.keys[entry.header_hash].opening is not None
        is_recorded = payload is not None and entry.header_hash not in case.late
        recorded = RecordedBid(
            entry.bidder,
            entry.sequence,
            entry.header_hash,
            self.bodies[entry.header_hash].head,
            entry.void,
            payload.outcome if payload and is_recorded else None,
            prices if is_recorded else (),
        )
        tally.lines.append(record_line(case.tender, case.lot, case.envelope, len(tally.lines), recorded))

    def _open(self, case: EnvelopeCase, entry: Entry) -> OpenedPayload | None:
        """Return what a valid bid holds, None if nobody opened it and nobody owes that."""
        keys = case.keys.get(entry.header_hash, BidKeys())
        body = self.bodies[entry.header_hash]
        verified = verify_header(header_of(body, self.facts), self.seal.keys, label_of(body, self.facts))
        if entry.bidder in case.excluded:
            if keys != BidKeys():
                raise OpeningError("A bid is opened whose bidder was excluded before.", code="opening.excluded")
            return None
        z = self._z(case, verified, body, keys)
        if z is None:
            self._need_nothing_owed(case, entry, keys)
            return None
        if keys.stream is None:
            raise OpeningError("The stream of a bid is missing.", code="opening.stream", bidder=entry.bidder.hex())
        return open_bid(verified, z, io.BytesIO(keys.stream))

    def _z(self, case: EnvelopeCase, verified: VerifiedHeader, body: SlipBody, keys: BidKeys) -> bytes | None:
        shares: list[VerifiedShare] = []
        for release in keys.shares:
            act = release.act
            stated = (act.tender, act.header_hash, act.key_id, act.epoch)
            registered = (case.tender, verified.header.hash, self.seal.keys.key_id, self.seal.keys.epoch)
            share = verify_share(verified, self.seal.keys, act.share)
            seat = self.seal.index_of(recover(digest(act, self._domain), release.signature))
            if stated != registered or seat != share.index or share.index in {s.index for s in shares}:
                raise OpeningError("A share is of another bid or holder.", code="opening.wrong_seat")
            shares.append(share)
        if keys.opening is None:
            return z_of_shares(verified, self.seal.keys, shares)
        self._need_own(case, keys.opening, verified, body)
        return z_of_bidder(verified, keys.opening.act.r)

    def _need_own(self, case: EnvelopeCase, opening: SignedOpening, verified: VerifiedHeader, body: SlipBody) -> None:
        if (opening.act.tender, opening.act.header_hash) != (case.tender, verified.header.hash):
            raise OpeningError("An r is of another bid.", code="opening.no_entry")
        if opening.signature is None:
            return
        if recover(digest(opening.act, self._domain), opening.signature) != ActChain(body, self.facts).acting_key:
            raise OpeningError("An r was signed by another key than the bid.", code="opening.not_the_bidder")

    def _need_nothing_owed(self, case: EnvelopeCase, entry: Entry, keys: BidKeys) -> None:
        if case.is_due and case.committee is not Committee.NEVER:
            given = {int.from_bytes(release.act.share[:4], "big") for release in keys.shares}
            owing = sorted(set(range(1, self.seal.keys.n + 1)) - given)
            raise OpeningError(
                f"The bid of 0x{entry.bidder.hex()} was not opened: holders {', '.join(map(str, owing))} owe shares.",
                code="opening.failed",
            )
        if keys.shares:
            raise OpeningError("A bid has too few shares to open.", code="opening.failed")

    def _stated(self, case: EnvelopeCase, statuses: Sequence[str]) -> OpenedEnvelope:
        """Return the envelope as its record states it: contents are not shown, so nothing is opened here."""
        if case.keys or case.late or len(statuses) != len(case.entries):
            raise OpeningError("The record has a word on every bid, and nothing is opened here.", code="opening.record")
        lines: list[bytes] = []
        bids: list[OpenedBid] = []
        void = 0
        for place, (entry, status) in enumerate(zip(case.entries, statuses, strict=True)):
            outcome = _outcome_of(entry, status)
            head = self.bodies[entry.header_hash].head
            recorded = RecordedBid(entry.bidder, entry.sequence, entry.header_hash, head, entry.void, outcome)
            lines.append(record_line(case.tender, case.lot, case.envelope, place, recorded))
            if not entry.void:
                bids.append(OpenedBid(len(bids), entry.bidder, (), opened=outcome is not None))
                void += outcome is Outcome.VOID
        return OpenedEnvelope(record_root(lines), tuple(bids), void=void, shown=False)


def _outcome_of(entry: Entry, status: str) -> Outcome | None:
    if entry.void:
        if status != f"void {entry.void}":
            raise OpeningError("The record calls a void bid something else.", code="opening.record")
        return None
    if status == _NOT_OPENED:
        return None
    if status not in set(Outcome):
        raise OpeningError(f"A record has no status {status!r}.", code="opening.record")
    return Outcome(status)
