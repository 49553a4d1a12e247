"""What a bidder's device does: seal a document, sign and seal the slip, and refuse to send what would not count.

The device judges a slip with the list rule's own functions, so that it never sends what the list would drop or void.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bidding.sealing.acts import ActChain, event_digest, header_hash_of, label_of
from bidding.sealing.errors import FormatError, LabelError, SealingError
from bidding.sealing.facts import TenderFacts
from bidding.sealing.header import BID_CHUNK_SIZE, Header, Label
from bidding.sealing.judge import Reason, drop_reason, void_reason
from bidding.sealing.keyset import KeySet
from bidding.sealing.slip import (
    DELEGATION_NONE,
    KIND_BID,
    KIND_EVENT,
    KIND_WITHDRAWAL,
    NO_CORE,
    NO_SIGNATURE,
    RECEIPTS,
    ZERO32,
    SlipBody,
    SlipKeys,
    form_fault,
    seal_slip,
)
from bidding.sealing.stream import PricePadder, Sink, Source
from bidding.sealing.tdh2 import derive_r, seal
from ledger.acts import Envelope

Sign = Callable[[bytes], bytes]
"""Signs a 32-byte digest into 65 canonical bytes, as `SigningKey.sign` does."""


class BidRefusedError(SealingError):
    """A slip that the list rule would not count; its own device does not send it. The code names the reason."""

    code = "bid.refused"


@dataclass(frozen=True)
class SealedBid:
    """A sealed document: its full header and the stored stream, which goes to the cities."""

    header: Header
    stream: bytes


@dataclass(frozen=True)
class Authority:
    """Why a key may act for a company: its credential, and the delegation if the company's own key lent it the right.

    The credential is that of the delegating key then. `delegation_tender` is 0 none, 1 all tenders, 2 this one.
    """

    subject: bytes
    valid_from: int
    valid_to: int
    credential_signature: bytes
    delegation_tender: int = DELEGATION_NONE
    delegation_to: int = 0
    delegation_scope: int = 0
    delegation_signature: bytes = NO_SIGNATURE


def seal_bid(source: Source, length: int, label: Label, key_set: KeySet, seed: bytes, rnd: bytes, sink: Sink) -> Header:
    """Seal the document of `length` bytes in `source`, write the stream to `sink` and return the full header.

    A price document is padded first. The label's attempt nonce is fresh and random at every call; `seed` is the
    bidder's for this tender, `rnd` 32 fresh random bytes. Raises `LabelError` for another key set, `FormatError` for a
    document of another length.
    """
    if label.key_id != key_set.key_id:
        raise LabelError("the label names another key set than the one to seal to")
    is_price = label.envelope is Envelope.PRICE
    payload = PricePadder(source, length) if is_price else source
    header = seal(
        key_set.joint_key, label.encode(), seed, payload, sink, chunk_size=BID_CHUNK_SIZE, rnd=rnd, suite=key_set.suite
    )
    if not is_price and header.shape.length != length:
        raise FormatError("the document changed while it was sealed: seal it again under a new attempt nonce")
    return header


def seal_bid_bytes(document: bytes, label: Label, key_set: KeySet, seed: bytes, rnd: bytes) -> SealedBid:
    """Return the sealed bid of a document that fits in memory; see `seal_bid`."""
    sink = io.BytesIO()
    header = seal_bid(io.BytesIO(document), len(document), label, key_set, seed, rnd, sink)
    return SealedBid(header, sink.getvalue())


def bid_body(
    header: Header,
    facts: TenderFacts,
    authority: Authority,
    *,
    sequence: int,
    signed_at: int,
    notice: bytes,
    receipts: Sequence[bytes],
    sign: Sign,
) -> SlipBody:
    """Return the signed body of a bid with this header; up to four receipts of cities that keep its stream."""
    label = Label.decode(header.label)
    places = (*receipts, *(NO_SIGNATURE,) * (RECEIPTS - len(receipts)))
    unsigned = SlipBody(
        KIND_BID,
        label.lot,
        label.envelope,
        label.bidder,
        sequence,
        signed_at,
        label.attempt_nonce,
        header.core,
        header.head,
        header.shape.length,
        notice,
        NO_SIGNATURE,
        receipts=places,
    )
    return _signed(unsigned, facts, authority, sign)


def withdrawal_body(
    lot: int,
    envelope: Envelope,
    bidder: bytes,
    facts: TenderFacts,
    authority: Authority,
    *,
    sequence: int,
    signed_at: int,
    sign: Sign,
) -> SlipBody:
    """Return the signed body of a withdrawal (撤回) of what the bidder submitted for this lot and envelope."""
    unsigned = SlipBody(
        KIND_WITHDRAWAL, lot, envelope, bidder, sequence, signed_at, ZERO32, NO_CORE, ZERO32, 0, ZERO32, NO_SIGNATURE
    )
    return _signed(unsigned, facts, authority, sign)


def _signed(body: SlipBody, facts: TenderFacts, authority: Authority, sign: Sign) -> SlipBody:
    signature = sign(ActChain(body, facts).act_digest)
    return replace(
        body,
        signature=signature,
        subject=authority.subject,
        valid_from=authority.valid_from,
        valid_to=authority.valid_to,
        credential_signature=authority.credential_signature,
        delegation_tender=authority.delegation_tender,
        delegation_to=authority.delegation_to,
        delegation_scope=authority.delegation_scope,
        delegation_signature=authority.delegation_signature,
    )


def event_body(
    facts: TenderFacts, origin: bytes, *, sequence: int, commitment: bytes, signed_at: int, sign: Sign
) -> SlipBody:
    """Return the signed body of a secret event of the city of `origin`; `sign` is its receiving key's."""
    unsigned = SlipBody(
        KIND_EVENT, 0, 0, ZERO32, sequence, signed_at, ZERO32, NO_CORE, commitment, 0, ZERO32, NO_SIGNATURE
    )
    return replace(unsigned, signature=sign(event_digest(unsigned, facts, origin)))


def make_slip(body: SlipBody, facts: TenderFacts, seed: bytes) -> bytes:
    """Return the 896-byte slip of `body` for the tender's box; the same body and seed give the same slip."""
    box = facts.box_key_set
    return seal_slip(body.encode(), SlipKeys.of(box.joint_key, box.suite), seed)


def opening_of(body: SlipBody, facts: TenderFacts, seed: bytes) -> tuple[bytes, bytes]:
    """Return (headerHash, r), with which the bidder opens the bid in `body` by itself (`BidOpening`)."""
    label = label_of(body, facts).encode()
    return header_hash_of(body, facts), derive_r(seed, label, facts.key_set.suite)


def check_before_sending(
    body: SlipBody,
    facts: TenderFacts,
    now: int,
    *,
    header: Header | None = None,
    slip: bytes | None = None,
    seed: bytes | None = None,
    previous: Sequence[SlipBody] = (),
) -> None:
    """Refuse with `BidRefusedError` whatever the list rule would not count as this bidder's act, before it is sent.

    `now` is the time in seconds, `header` the sealed bid's own, `slip` what is about to be sent with the `seed` it was
    made from, `previous` the bodies that this device sent for the tender before. Codes: bid.late, bid.malformed,
    bid.wrong_lot, bid.wrong_notice, bid.superseded_notice, bid.delegation, bid.credential, bid.revoked, bid.header,
    bid.receipts, bid.wrong_tender, bid.wrong_key_set, bid.wrong_header, bid.wrong_box, bid.sequence, bid.nonce_reused.
    """
    if now > facts.deadline:
        _refuse("bid.late", "the deadline has passed: a bid can no longer be handed in")
    fault = form_fault(body)
    if fault is not None or body.kind == KIND_EVENT:
        _refuse("bid.malformed", f"the slip is not a well-formed bid or withdrawal: {fault or 'it is an event'}")
    _check_previous(body, previous)
    if header is not None:
        _check_header(header, body, facts)
    reason = drop_reason(ActChain(body, facts))
    if reason is None and body.kind == KIND_BID:
        reason = void_reason(body, facts)
    if reason is not None and reason is not Reason.LISTED:
        _refuse(*_REFUSALS[reason])
    if slip is not None and seed is not None and make_slip(body, facts, seed) != slip:
        _refuse(
            "bid.wrong_box", "the slip is not sealed to this tender's box key, or not from this body: make it again"
        )


def _check_previous(body: SlipBody, previous: Sequence[SlipBody]) -> None:
    for earlier in previous:
        if earlier == body:
            continue
        same_subject = (earlier.lot, earlier.envelope, earlier.bidder) == (body.lot, body.envelope, body.bidder)
        if same_subject and earlier.sequence >= body.sequence:
            _refuse("bid.sequence", "an act with this sequence or a higher one was sent: use a higher sequence")
        is_other_bid = earlier.kind == body.kind == KIND_BID and earlier.core != body.core
        if is_other_bid and earlier.attempt_nonce == body.attempt_nonce:
            _refuse("bid.nonce_reused", "another bid was sealed under this attempt nonce: seal again under a fresh one")


def _check_header(header: Header, body: SlipBody, facts: TenderFacts) -> None:
    label = Label.decode(header.label)
    if (label.chain_id, label.contract, label.tender) != (facts.chain_id, facts.tender_book, facts.tender):
        _refuse("bid.wrong_tender", "the bid was sealed for another tender, contract or chain: seal it for this one")
    if label.key_id != facts.key_id:
        _refuse("bid.wrong_key_set", "the bid was sealed to another key set than the tender's: seal it again")
    if header.hash != header_hash_of(body, facts):
        _refuse("bid.wrong_header", "the slip is for another header than the sealed bid's: make the slip again")


def _refuse(code: str, message: str) -> None:
    raise BidRefusedError(message, code=code)


_REFUSALS = {
    Reason.LOT: ("bid.wrong_lot", "the tender has no such lot and envelope: check the announcement"),
    Reason.NOTICE: ("bid.wrong_notice", "the tender never had this notice: answer its latest"),
    Reason.DELEGATION: (
        "bid.delegation",
        "the delegation ends too early, lacks the scope to submit, or is not from the company's own key: get a new one",
    ),
    Reason.CREDENTIAL: (
        "bid.credential",
        "the credential is not in force at the deadline, or no registered issuer signed it for this key: renew it",
    ),
    Reason.REVOKED: ("bid.revoked", "credential or delegation is revoked: act with a key that is in force"),
    Reason.VOID_HEADER: (
        "bid.header",
        "the header does not verify for this tender, lot, bidder and key set: seal the document again",
    ),
    Reason.VOID_NOTICE: ("bid.superseded_notice", "the notice was superseded: answer the latest one"),
    Reason.VOID_RECEIPTS: ("bid.receipts", "too few cities signed receipts for the stream: upload it and collect them"),
}
