"""The list of bids as a pure function of the box: whoever has the same facts and slips reads the same list.

Key-holders, cities, devices and the offline verifier all call `read_box`. Nothing in it depends on the order in which
anything arrived anywhere but the box itself (sealing.md, "The list").
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bidding.sealing.acts import ActChain, event_digest, header_hash_of, signer
from bidding.sealing.errors import KeySetError
from bidding.sealing.facts import BoxContents, OriginBox, TenderFacts
from bidding.sealing.group import decode_scalar
from bidding.sealing.judge import VOID_REASONS, Reason, drop_reason, receipt_cities, void_reason
from bidding.sealing.merkle import rfc6962_root
from bidding.sealing.slip import KIND_EVENT, KIND_WITHDRAWAL, SlipBody, SlipKeys, form_fault, open_slip
from ledger.acts import Envelope, Lot, LotCount
from ledger.encoding import enc, u8, u32, u64

ADMITTED = (1 << 32) - 1
"""The origin of a place of a slip that is only admitted."""


@dataclass(frozen=True, order=True)
class Place:
    """Where a slip stands: origin in announced order, index in its log, and SHA-256 to order a fork's two slips."""

    origin: int
    index: int
    slip_hash: bytes


@dataclass(frozen=True)
class OpenedSlip:
    """A slip that the tender's box key opens, where it stands, and what it says."""

    slip: bytes
    place: Place
    body: SlipBody


@dataclass(frozen=True)
class OpenedBox:
    """The slips of the tender that count, in the order of their places, with the origins that the places name."""

    origins: tuple[OriginBox, ...]
    slips: tuple[OpenedSlip, ...]


@dataclass(frozen=True)
class Entry:
    """A bid of the list; `void` 0 means that it is opened."""

    lot: int
    envelope: int
    origin: int
    index: int
    bidder: bytes
    sequence: int
    header_hash: bytes
    void: int

    def encode(self) -> bytes:
        """Return the leaf of the list's tree."""
        return enc(
            u32(self.lot),
            u8(self.envelope),
            u32(self.origin),
            u64(self.index),
            self.bidder,
            u32(self.sequence),
            self.header_hash,
            u8(self.void),
        )


@dataclass(frozen=True)
class Verdict:
    """What became of one slip that opened, and why."""

    slip: bytes
    place: Place
    body: SlipBody
    reason: Reason
    act_digest: bytes | None = None
    fault: str | None = None

    @property
    def subject(self) -> tuple[bytes, int, int]:
        """Whose act it is, and on what: bidder, lot, envelope."""
        return self.body.bidder, self.body.lot, self.body.envelope


@dataclass(frozen=True)
class BoxList:
    """The list: entries ascending by lot, envelope, place; its RFC 6962 root; bidders for each lot; every verdict."""

    entries: tuple[Entry, ...]
    root: bytes
    counts: tuple[LotCount, ...]
    verdicts: tuple[Verdict, ...]


def slips_in_time(contents: BoxContents, q: int) -> dict[bytes, Place]:
    """Return the place of every slip that counts: in the cuts of q witnesses of one origin, or admitted."""
    lowest: dict[bytes, tuple[int, int]] = {}
    for number, origin in enumerate(contents.origins):
        for slip, index in _attested(origin, q):
            lowest.setdefault(slip, (number, index))
    for index, slip in enumerate(contents.admitted):
        lowest.setdefault(slip, (ADMITTED, index))
    return {slip: Place(*place, hashlib.sha256(slip).digest()) for slip, place in lowest.items()}


def _attested(origin: OriginBox, q: int) -> Iterator[tuple[bytes, int]]:
    holders: dict[bytes, int] = {}
    lowest: dict[bytes, int] = {}
    for cut in origin.cuts:
        first: dict[bytes, int] = {}
        for index, slip in enumerate(cut.slips, origin.start):
            first.setdefault(slip, index)
        for slip, index in first.items():
            holders[slip] = holders.get(slip, 0) + 1
            lowest[slip] = min(lowest.get(slip, index), index)
    return ((slip, lowest[slip]) for slip, count in holders.items() if count >= q)


def open_box(facts: TenderFacts, contents: BoxContents, box_secret: bytes) -> OpenedBox:
    """Return every slip of the tender that counts as in time or admitted; `box_secret` is x_b, 32 bytes.

    Of `facts` only q and the box key matter here, so that a caller can look at the bodies before it asks the registry.
    Takes one product of a point for each slip. Raises `FormatError` or `KeySetError` if x_b is not the secret of the
    announced box key.
    """
    suite = facts.box_key_set.suite
    secret = decode_scalar(suite.group, box_secret)
    if suite.group.encode(suite.group.mul_base(secret)) != facts.box_key_set.joint_key:
        raise KeySetError("this is not the secret of the tender's box key")
    keys = SlipKeys.of(facts.box_key_set.joint_key, suite)
    opened = [
        OpenedSlip(slip, place, SlipBody.decode(data))
        for slip, place in slips_in_time(contents, facts.q).items()
        if (data := open_slip(slip, keys, secret)) is not None
    ]
    return OpenedBox(contents.origins, tuple(sorted(opened, key=lambda one: one.place)))


def list_bids(facts: TenderFacts, opened: OpenedBox) -> BoxList:
    """Return the list of the tender from its opened slips; takes some milliseconds for each of them."""
    return _list(facts, _rank(facts, [_judge(facts, opened.origins, one) for one in opened.slips]))


def read_box(facts: TenderFacts, contents: BoxContents, box_secret: bytes) -> BoxList:
    """Return the list of the tender from everything in its box: `open_box`, then `list_bids`."""
    return list_bids(facts, open_box(facts, contents, box_secret))


def _judge(facts: TenderFacts, origins: tuple[OriginBox, ...], one: OpenedSlip) -> Verdict:
    """Judge one slip by itself: its verdict is a reason to drop it, or LISTED for now."""
    fault = form_fault(one.body)
    if fault is not None:
        return Verdict(one.slip, one.place, one.body, Reason.FORM, fault=fault)
    if one.body.kind == KIND_EVENT:
        return _judge_event(facts, origins, one)
    chain = ActChain(one.body, facts)
    return Verdict(one.slip, one.place, one.body, drop_reason(chain) or Reason.LISTED, chain.act_digest)


def _judge_event(facts: TenderFacts, origins: tuple[OriginBox, ...], one: OpenedSlip) -> Verdict:
    if one.place.origin == ADMITTED:
        return Verdict(one.slip, one.place, one.body, Reason.CREDENTIAL, fault="an event cannot be admitted")
    origin = origins[one.place.origin]
    digest = event_digest(one.body, facts, origin.origin)
    address = signer(digest, one.body.signature)
    is_of_city = address is not None and facts.receiving_city(address) == origin.city
    return Verdict(one.slip, one.place, one.body, Reason.EVENT if is_of_city else Reason.CREDENTIAL, digest)


def _rank(facts: TenderFacts, verdicts: list[Verdict]) -> tuple[Verdict, ...]:
    """Let acts outweigh each other; `verdicts` are in the order of their places, and stay so."""
    first: dict[bytes | None, Verdict] = {}
    for verdict in verdicts:
        if verdict.reason in _COUNTS:
            first.setdefault(verdict.act_digest, verdict)
    best: dict[tuple[bytes, int, int], Verdict] = {}
    for verdict in first.values():
        if verdict.reason is Reason.LISTED:
            rival = best.setdefault(verdict.subject, verdict)
            if verdict.body.sequence > rival.body.sequence:
                best[verdict.subject] = verdict

    def final(verdict: Verdict) -> Reason:
        if verdict.reason in _COUNTS and first[verdict.act_digest] is not verdict:
            return Reason.REPEAT
        if verdict.reason is not Reason.LISTED:
            return verdict.reason
        return _reason_among(facts, verdict, best[verdict.subject])

    return tuple(replace(verdict, reason=final(verdict)) for verdict in verdicts)


def _reason_among(facts: TenderFacts, verdict: Verdict, best: Verdict) -> Reason:
    if best is not verdict:
        return Reason.OUTDONE
    return Reason.WITHDRAWAL if verdict.body.kind == KIND_WITHDRAWAL else void_reason(verdict.body, facts)


def _entry(facts: TenderFacts, verdict: Verdict) -> Entry:
    body, place = verdict.body, verdict.place
    return Entry(
        body.lot,
        body.envelope,
        place.origin,
        place.index,
        body.bidder,
        body.sequence,
        header_hash_of(body, facts),
        VOID_REASONS.index(verdict.reason),
    )


def _list(facts: TenderFacts, verdicts: tuple[Verdict, ...]) -> BoxList:
    listed = [verdict for verdict in verdicts if verdict.reason in VOID_REASONS]
    listed.sort(key=lambda verdict: (verdict.body.lot, verdict.body.envelope, verdict.place))
    entries = tuple(_entry(facts, verdict) for verdict in listed)
    counts = tuple(
        LotCount(lot.number, sum(_counts_for(lot, entry) for entry in entries))
        for lot in sorted(facts.lots, key=lambda lot: lot.number)
    )
    return BoxList(entries, rfc6962_root(entry.encode() for entry in entries), counts, verdicts)


def _counts_for(lot: Lot, entry: Entry) -> bool:
    first = min(envelope for envelope in Envelope if lot.envelopes & envelope.bit)
    return entry.lot == lot.number and entry.envelope == first and entry.void == 0


def explain(verdict: Verdict, facts: TenderFacts) -> str:
    """Return one sentence that tells a person why the slip is in the list, or why it is not."""
    sentence = _SENTENCES[verdict.reason]
    if verdict.fault is not None:
        return f"{sentence}: {verdict.fault}"
    if verdict.reason is Reason.VOID_RECEIPTS:
        return f"{sentence}: {len(receipt_cities(verdict.body, facts))} of {facts.q + 1} cities"
    return sentence


_COUNTS = (Reason.LISTED, Reason.EVENT)

_SENTENCES = {
    Reason.LISTED: "in the list, as a bid that counts",
    Reason.VOID_HEADER: "in the list as void: the header does not parse, its length is not allowed or its proof fails",
    Reason.VOID_NOTICE: "in the list as void: it answers a notice that an amendment superseded",
    Reason.VOID_RECEIPTS: "in the list as void: it lacks receipts of enough cities for its stream",
    Reason.WITHDRAWAL: "no entry: the bidder withdrew",
    Reason.OUTDONE: "not in the list: another act of the bidder for this lot and envelope has a higher sequence, "
    "or the same sequence and an earlier place",
    Reason.REPEAT: "not in the list again: the same act stands at an earlier place",
    Reason.EVENT: "a secret event of the city, read and not listed",
    Reason.FORM: "dropped, malformed",
    Reason.LOT: "dropped: the tender has no such lot and envelope",
    Reason.NOTICE: "dropped: the tender never had the notice that it answers",
    Reason.DELEGATION: "dropped: the delegation is out of force, lacks the scope to submit, "
    "or was not given by the company's own key",
    Reason.CREDENTIAL: "dropped: the credential is out of force, or no issuer of bidders' credentials signed it "
    "for this key and act",
    Reason.REVOKED: "dropped: credential or delegation was revoked by the deadline",
}
