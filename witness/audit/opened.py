"""From what a bundle shows of box and openings to the claims on them; every fact of the chain as proven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bidding.box.book import BookState, LotState, LotView, TenderAtBlock
from bidding.box.claims import ListInputs, ListStatement, ProvenList, SignedShare, TenderKeys
from bidding.box.cuts import PlacedSlip, slips_of_lines, slips_under_cut
from bidding.box.errors import BoxError
from bidding.box.facts import Contracts as ActContracts
from bidding.box.proven import read_answers, read_excluded, read_key_record, read_key_set
from bidding.opening.claims import (
    BidKeys,
    EnvelopeCase,
    EnvelopeVerifier,
    OpenedEnvelope,
    SignedOpening,
    SignedRelease,
)
from bidding.sealing.facts import BoxContents, Cut, OriginBox
from ledger.acts import BidOpening, BoxShare, Envelope, Purpose, ShareRelease
from ledger.chain.evidence.facts import StateReader
from ledger.claims import Claim, Words, settled
from witness.audit.bundle import Bundle
from witness.audit.chain import Contracts
from witness.audit.parts import SignedRecord
from witness.audit.shown import ShownBid, ShownBox, ShownEnvelope, ShownOrigin


def read_keys(state: StateReader, contracts: Contracts, at: TenderAtBlock) -> TenderKeys:
    """Return the tender's key sets from proven storage, ids recomputed and polynomials checked."""
    view = at.view
    return TenderKeys(
        read_key_set(state, contracts.key_sets, view.key_id, Purpose.SEAL),
        read_key_set(state, contracts.key_sets, view.box_key_id, Purpose.BOX),
        read_key_record(state, contracts.key_sets, view.key_id),
        read_key_record(state, contracts.key_sets, view.box_key_id),
    )


@dataclass(frozen=True)
class BoxReading:
    """What the bundle shows of the box, ready for the claims on it."""

    bundle: Bundle
    at: TenderAtBlock
    state: StateReader
    contracts: Contracts

    @property
    def shown(self) -> ShownBox:
        """The member `box.json`; refuse a bundle without it."""
        if self.bundle.box is None:
            raise BoxError("The bundle shows no box.", code="box.missing")
        return self.bundle.box

    @property
    def shares(self) -> tuple[SignedShare, ...]:
        """The holders' shares of the box key."""
        shares = self.bundle.box.shares if self.bundle.box else ()
        return tuple(SignedShare(share.act, _signature(share)) for share in shares if isinstance(share.act, BoxShare))

    def contents(self) -> BoxContents:
        """Return the slips with their places, proven under every cut."""
        shown = self.shown
        by_origin = {origin.origin: origin for origin in shown.origins}
        if [origin.origin for origin in shown.origins] != [origin.origin for origin in self.at.origins]:
            raise BoxError("The bundle shows other origins than were announced.", code="box.origins")
        if not self.bundle.manifest.with_box and set(range(len(shown.slips))) != {
            slip.slip for origin in shown.origins for cut in origin.cuts for slip in cut.slips
        }:
            raise BoxError("A slip is shown that stands nowhere in the box.", code="box.place")
        boxes = [
            OriginBox(origin.origin, origin.city, origin.start_size, self._cuts(number, by_origin[origin.origin]))
            for number, origin in enumerate(self.at.origins)
        ]
        return BoxContents(tuple(boxes), shown.admitted)

    def _cuts(self, number: int, shown: ShownOrigin) -> tuple[Cut, ...]:
        origin = self.at.origins[number]
        if self.bundle.manifest.with_box:
            lines = self.bundle.lines.get(origin.origin, ())
            if len(lines) != shown.lines or shown.cuts or self.shown.slips:
                raise BoxError("With the box, slips are shown in its lines and nowhere else.", code="box.lines")
            found = slips_of_lines(origin, shown.frontier, lines)
            return tuple(Cut(cut.city, found[cut.city]) for cut in origin.cuts)
        if shown.lines or shown.frontier or [cut.city for cut in shown.cuts] != [cut.city for cut in origin.cuts]:
            raise BoxError("The bundle shows other cuts than the chain holds.", code="box.cuts")
        slips = self.shown.slips
        return tuple(
            Cut(
                cut.city,
                slips_under_cut(
                    origin, cut, [PlacedSlip(_item(slips, slip.slip), slip.index, slip.path) for slip in seen.slips]
                ),
            )
            for cut, seen in zip(origin.cuts, shown.cuts, strict=True)
        )

    def inputs(self, keys: TenderKeys, contents: BoxContents, secret: bytes) -> ListInputs:
        """Return what the list is computed from."""
        contracts = ActContracts(self.contracts.chain_id, self.contracts.book, self.contracts.registry)
        return ListInputs(
            contracts,
            keys,
            contents,
            secret,
            lambda questions: read_answers(self.state, self.contracts.registry, questions),
            self.bundle.manifest.with_box,
        )

    def statement(self) -> ListStatement | None:
        """Return the list as holders signed it, if the bundle has one."""
        shown = self.bundle.list
        return ListStatement(shown.act, shown.signatures, shown.entries) if shown else None


def _item(slips: tuple[bytes, ...], number: int) -> bytes:
    if number >= len(slips):
        raise BoxError("The bundle names a slip that it does not show.", code="box.place")
    return slips[number]


def _signature(record: SignedRecord) -> bytes:
    return record.signature or b""


# --- openings ----------------------------------------------------------------------------------------------------

Opened = dict[tuple[int, Envelope], OpenedEnvelope | None]


def opening_claims(
    reading: BoxReading, listed: Callable[[], ProvenList], keys: Callable[[], TenderKeys]
) -> tuple[list[Claim], Opened]:
    """Return the claim on each envelope of each lot that was opened, and what came out where the claim holds."""
    claims: list[Claim] = []
    opened: Opened = {}
    for lot in reading.at.lots:
        for envelope in Envelope:
            if lot.has_opened(envelope):
                claim, found = _envelope_claim(reading, lot, envelope, listed, keys)
                claims.append(claim)
                opened[lot.number, envelope] = found
    return claims, opened


def _envelope_claim(
    reading: BoxReading,
    lot: LotView,
    envelope: Envelope,
    listed: Callable[[], ProvenList],
    keys: Callable[[], TenderKeys],
) -> tuple[Claim, OpenedEnvelope | None]:
    code = f"opening.{lot.number}.{envelope.text}"

    def find() -> tuple[OpenedEnvelope, Words]:
        found = listed()
        verifier = EnvelopeVerifier(found.facts, keys().seal, found.bodies)
        opened = verifier.open(_case(reading, found, lot, envelope))
        return opened, _opened_words(lot, envelope, opened)

    subject = Words(
        f"Every valid bid on lot {lot.number}, {envelope.text} envelope, was opened as it was sealed.",
        f"标段 {lot.number} {_ZH[envelope]}信封：每份有效投标均按密封时的内容开启。",
    )
    return settled(code, subject, find)


def _case(reading: BoxReading, listed: ProvenList, lot: LotView, envelope: Envelope) -> EnvelopeCase:
    shown = _shown(reading.bundle.openings, lot.number, envelope)
    entries = [e for e in listed.list.entries if (e.lot, e.envelope) == (lot.number, envelope)]
    hidden = bool(shown.statuses) or (not shown.bids and not entries and envelope is not Envelope.PRICE)
    if hidden and envelope is Envelope.PRICE:
        raise BoxError("Price envelopes are opened in every bundle.", code="opening.record")
    bidders = {entry.bidder for entry in entries}
    book, tender = reading.contracts.book, reading.at.tender
    return EnvelopeCase(
        tender,
        lot.number,
        envelope,
        entries,
        {bid.header_hash: _keys_of(bid, listed, reading.bundle) for bid in shown.bids},
        read_excluded(reading.state, book, tender, lot, envelope, sorted(bidders)),
        reading.at.view.committee,
        _is_over(reading.at, lot, envelope),
        shown.statuses if hidden else None,
        frozenset(shown.late),
    )


def _shown(openings: tuple[ShownEnvelope, ...], lot: int, envelope: Envelope) -> ShownEnvelope:
    found = [shown for shown in openings if (shown.lot, shown.envelope) == (lot, envelope)]
    if len(found) != 1:
        raise BoxError("The bundle shows each opened envelope once.", code="opening.missing")
    return found[0]


def _keys_of(bid: ShownBid, listed: ProvenList, bundle: Bundle) -> BidKeys:
    body = listed.bodies.get(bid.header_hash)
    opening = bid.opening
    return BidKeys(
        SignedOpening(opening.act, opening.signature) if opening and isinstance(opening.act, BidOpening) else None,
        tuple(SignedRelease(s.act, _signature(s)) for s in bid.shares if isinstance(s.act, ShareRelease)),
        bundle.streams.get(body.head) if body else None,
    )


def _is_over(at: TenderAtBlock, lot: LotView, envelope: Envelope) -> bool:
    """Say whether the opening of this envelope has ended, so that an unopened bid is somebody's debt."""
    if at.view.state is BookState.TERMINATED:
        return False
    return lot.envelope > envelope or lot.state in {LotState.EXAMINING, LotState.OPENED} or lot.reached_opened


_ZH = {Envelope.QUALIFICATION: "资格", Envelope.TECHNICAL: "技术", Envelope.PRICE: "价格"}


def _opened_words(lot: LotView, envelope: Envelope, found: OpenedEnvelope) -> Words:
    number, opened = lot.number, sum(bid.opened for bid in found.bids)
    if not found.shown:
        return Words(
            f"Lot {number}, {envelope.text} envelope: {opened} of {len(found.bids)} valid bids were opened, by the "
            "words of the opening record that the host signed. Their contents are not public and are not checked here.",
            f"标段 {number} {_ZH[envelope]}信封：据主持人签署的开标记录，{len(found.bids)} 份有效投标中 {opened} 份"
            "已开启。其内容不公开，此处未予核验。",
        )
    return Words(
        f"Lot {number}, {envelope.text} envelope: {opened} of {len(found.bids)} valid bids opened exactly as sealed, "
        f"{found.by_bidder} by the bidder, {found.by_committee} by the committee; void {found.void}, "
        f"unreadable {found.unreadable}.",
        f"标段 {number} {_ZH[envelope]}信封：{len(found.bids)} 份有效投标中 {opened} 份按密封内容开启，"
        f"投标人自行开启 {found.by_bidder} 份，委员会开启 {found.by_committee} 份；无效 {found.void} 份，"
        f"无法读取 {found.unreadable} 份。",
    )
