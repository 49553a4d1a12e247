"""An envelope is opened once more by a verifier, who takes nothing but r, shares and streams that fit the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bidding.box.committee import Member, RegisteredKeySet
from bidding.opening.claims import (
    BidKeys,
    EnvelopeCase,
    EnvelopeVerifier,
    OpenedEnvelope,
    SignedOpening,
    SignedRelease,
)
from bidding.opening.record import Outcome, RecordedBid, record_lines, record_root
from bidding.sealing.acts import header_hash_of, header_of
from bidding.sealing.box import Entry
from bidding.sealing.slip import SlipBody
from bidding.sealing.tdh2 import derive_r, make_share, verify_header
from bidding.tender.documents import price_document
from ledger.acts import BidOpening, Committee, Envelope, Purpose, ShareRelease, digest
from ledger.errors import SunbidError
from ledger.keys import SigningKey
from tests.fixtures.people import key_named
from tests.fixtures.tenders import money
from tests.unit.bidding.sealing.world import FACTS, REGISTRY, SEAL, SEAL_SECRETS, Bidder, id32

ANN, BOB = Bidder("ann"), Bidder("bob")
BIDDERS = (ANN, BOB)
PRICES = {ANN.name: money("CNY 12.50"), BOB.name: money("CNY 13.00")}
DOCUMENTS = {name: price_document(FACTS.tender, 1, (price,)) for name, price in PRICES.items()}
BODIES = {b.name: b.bid(document=DOCUMENTS[b.name]) for b in BIDDERS}
HASHES = {name: header_hash_of(body, FACTS) for name, body in BODIES.items()}
STREAMS = {b.name: b.sealed(document=DOCUMENTS[b.name]).stream for b in BIDDERS}
ENTRIES = tuple(Entry(1, Envelope.PRICE, 0, i, b.id, 1, HASHES[b.name], 0) for i, b in enumerate(BIDDERS))
HOLDERS = [key_named(f"holder {i}") for i in range(1, 4)]
MEMBERS = tuple(Member(key.address, id32(f"city {i}"), id32(f"body {i}")) for i, key in enumerate(HOLDERS))
SEALED_TO = RegisteredKeySet(SEAL, Purpose.SEAL, MEMBERS, bytes(32))
VERIFIER = EnvelopeVerifier(
    FACTS,
    RegisteredKeySet(SEAL, Purpose.SEAL, MEMBERS, bytes(32)),
    {HASHES[name]: body for name, body in BODIES.items()},
)


def by_bidder(bidder: Bidder, r: bytes | None = None, key: SigningKey | None = None, **members: Any) -> SignedOpening:
    """Return the bidder's r, signed."""
    label = bidder.sealed(document=DOCUMENTS[bidder.name]).header.label
    act = replace(BidOpening(FACTS.tender, HASHES[bidder.name], r or derive_r(id32("seed"), label)), **members)
    return SignedOpening(act, (key or bidder.key).sign(digest(act, REGISTRY)))


def by_holder(bidder: Bidder, holder: int, key: SigningKey | None = None, **members: Any) -> SignedRelease:
    """Return a holder's share for a bid, signed."""
    verified = verify_header(header_of(BODIES[bidder.name], FACTS), SEAL)
    share = make_share(verified, SEAL, holder, int.from_bytes(SEAL_SECRETS[holder - 1], "big"), id32(f"rnd {holder}"))
    act = replace(ShareRelease(FACTS.tender, HASHES[bidder.name], SEAL.key_id, 1, share), **members)
    return SignedRelease(act, (key or HOLDERS[holder - 1]).sign(digest(act, REGISTRY)))


ANN_KEYS = BidKeys(by_bidder(ANN), (), STREAMS[ANN.name])
BOB_KEYS = BidKeys(None, (by_holder(BOB, 1), by_holder(BOB, 3)), STREAMS[BOB.name])
KEYS = {HASHES[ANN.name]: ANN_KEYS, HASHES[BOB.name]: BOB_KEYS}
CASE = EnvelopeCase(FACTS.tender, 1, Envelope.PRICE, ENTRIES, KEYS, frozenset(), Committee.AT_ONCE, is_due=True)


def root(*outcomes: Outcome | None, entries: tuple[Entry, ...] = ENTRIES) -> bytes:
    """Return the root of the record with these outcomes."""
    bids = [
        RecordedBid(e.bidder, 1, e.header_hash, body.head, e.void, outcome, (PRICES[name],) if outcome else ())
        for e, (name, body), outcome in zip(entries, BODIES.items(), outcomes, strict=True)
    ]
    return record_root(record_lines(FACTS.tender, 1, Envelope.PRICE, bids))


def with_keys(bidder: Bidder, keys: BidKeys) -> EnvelopeCase:
    return replace(CASE, keys={**KEYS, HASHES[bidder.name]: keys})


def test_both_paths_open_what_was_sealed() -> None:
    found = VERIFIER.open(CASE)
    assert found.root == root(Outcome.OPENED, Outcome.OPENED)
    assert [(b.place, b.bidder, b.prices, b.opened) for b in found.bids] == [
        (0, ANN.id, (PRICES[ANN.name],), True),
        (1, BOB.id, (PRICES[BOB.name],), True),
    ]
    assert (found.by_bidder, found.by_committee, found.void, found.unreadable) == (1, 1, 0, 0)


def test_r_counts_without_a_signature_and_beside_shares() -> None:
    bare = replace(by_bidder(ANN), signature=None)
    both = BidKeys(bare, (by_holder(ANN, 2),), STREAMS[ANN.name])
    assert VERIFIER.open(with_keys(ANN, both)) == VERIFIER.open(CASE)


def test_a_void_entry_is_recorded_and_not_opened() -> None:
    void = (replace(ENTRIES[0], void=2), ENTRIES[1])
    found = VERIFIER.open(replace(CASE, entries=void, keys={HASHES[BOB.name]: BOB_KEYS}))
    assert found.root == root(None, Outcome.OPENED, entries=void)
    assert [bid.bidder for bid in found.bids] == [BOB.id]
    with pytest.raises(SunbidError, match="no valid bid of this envelope"):
        VERIFIER.open(replace(CASE, entries=void))


def test_a_bid_opened_after_the_record_is_not_in_it() -> None:
    found = VERIFIER.open(replace(CASE, late=frozenset({HASHES[BOB.name]})))
    assert found.root == root(Outcome.OPENED, None)
    assert [bid.opened for bid in found.bids] == [True, True]
    with pytest.raises(SunbidError, match="no valid bid of this envelope"):
        VERIFIER.open(replace(CASE, late=frozenset({id32("nobody")})))


def test_who_was_excluded_before_stays_shut() -> None:
    shut = replace(CASE, excluded=frozenset({ANN.id}), keys={HASHES[BOB.name]: BOB_KEYS})
    assert VERIFIER.open(shut).root == root(None, Outcome.OPENED)
    with pytest.raises(SunbidError, match="was excluded before"):
        VERIFIER.open(replace(CASE, excluded=frozenset({ANN.id})))


def test_a_bid_that_nobody_opened_is_owed_by_those_who_gave_no_share() -> None:
    one = with_keys(BOB, BidKeys(None, (by_holder(BOB, 2),)))
    with pytest.raises(SunbidError, match="was not opened: holders 1, 3 owe shares"):
        VERIFIER.open(one)
    with pytest.raises(SunbidError, match="too few shares"):
        VERIFIER.open(replace(one, is_due=False))
    unopened = with_keys(BOB, BidKeys())
    for lawful in (replace(unopened, is_due=False), replace(unopened, committee=Committee.NEVER)):
        assert VERIFIER.open(lawful).root == root(Outcome.OPENED, None)


@pytest.mark.parametrize(
    "forged",
    [
        lambda: with_keys(ANN, replace(ANN_KEYS, stream=STREAMS[BOB.name])),
        lambda: with_keys(ANN, replace(ANN_KEYS, stream=STREAMS[ANN.name][:-1])),
        lambda: with_keys(ANN, replace(ANN_KEYS, stream=None)),
        lambda: with_keys(ANN, replace(ANN_KEYS, opening=by_bidder(ANN, r=id32("another r")))),
        lambda: with_keys(ANN, replace(ANN_KEYS, opening=by_bidder(ANN, key=BOB.key))),
        lambda: with_keys(ANN, replace(ANN_KEYS, opening=by_bidder(ANN, tender=id32("another tender")))),
        lambda: with_keys(ANN, replace(ANN_KEYS, opening=by_bidder(ANN, header_hash=HASHES[BOB.name]))),
        lambda: with_keys(ANN, replace(ANN_KEYS, shares=(by_holder(BOB, 1),))),
        lambda: with_keys(BOB, replace(BOB_KEYS, shares=(by_holder(BOB, 1), by_holder(BOB, 1)))),
        lambda: with_keys(BOB, replace(BOB_KEYS, shares=(by_holder(BOB, 1), by_holder(ANN, 3)))),
        lambda: with_keys(BOB, replace(BOB_KEYS, shares=(by_holder(BOB, 1), by_holder(BOB, 3, key=HOLDERS[1])))),
        lambda: with_keys(BOB, replace(BOB_KEYS, shares=(by_holder(BOB, 1), by_holder(BOB, 3, epoch=2)))),
        lambda: with_keys(BOB, replace(BOB_KEYS, shares=(by_holder(BOB, 1), by_holder(BOB, 3, key_id=id32("x"))))),
        lambda: replace(CASE, keys={**KEYS, id32("nobody"): BidKeys()}),
    ],
)  # fmt: skip
def test_other_evidence_opens_nothing(forged: Callable[[], EnvelopeCase]) -> None:
    with pytest.raises(SunbidError):
        VERIFIER.open(forged())


def test_a_header_that_is_not_what_the_list_judged_is_refused() -> None:
    other: SlipBody = replace(BODIES[ANN.name], head=id32("another stream"))
    with pytest.raises(SunbidError, match="proof does not hold"):
        replace(VERIFIER, bodies={**VERIFIER.bodies, HASHES[ANN.name]: other}).open(CASE)


# --- envelopes whose contents are not shown ------------------------------------------------------------------------


def stated(*statuses: str, entries: tuple[Entry, ...] = ENTRIES) -> OpenedEnvelope:
    return VERIFIER.open(replace(CASE, entries=entries, keys={}, statuses=statuses))


def test_a_records_own_words_give_its_root_and_no_price() -> None:
    found = stated("opened", "not_opened")
    bids = [
        RecordedBid(e.bidder, 1, e.header_hash, BODIES[b.name].head, 0, outcome)
        for e, b, outcome in zip(ENTRIES, BIDDERS, (Outcome.OPENED, None), strict=True)
    ]
    assert found.root == record_root(record_lines(FACTS.tender, 1, Envelope.PRICE, bids))
    assert [(bid.opened, bid.prices) for bid in found.bids] == [(True, ()), (False, ())]
    assert not found.shown
    assert stated("opened", "void").void == 1


@pytest.mark.parametrize(
    ("statuses", "void"),
    [(("opened",), 0), (("opened", "lost"), 0), (("opened", "opened"), 1), (("void 2", "opened"), 1)],
)
def test_words_that_no_record_has_are_refused(statuses: tuple[str, ...], void: int) -> None:
    with pytest.raises(SunbidError):
        stated(*statuses, entries=(replace(ENTRIES[0], void=void), ENTRIES[1]))


def test_words_and_keys_do_not_mix() -> None:
    with pytest.raises(SunbidError, match="nothing is opened here"):
        VERIFIER.open(replace(CASE, statuses=("opened", "opened")))
