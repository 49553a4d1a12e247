"""What a holder refuses: each case is one that would make it a decryption oracle, or let it be used against a rule."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from bidding.box.book import BookState, LotState
from bidding.box.committee import Member, RegisteredKeySet
from bidding.keyholder import checks
from bidding.keyholder.config import HeldShare
from bidding.keyholder.errors import ReleaseRefusedError
from bidding.sealing.acts import header_of, label_of
from bidding.sealing.box import Entry
from bidding.sealing.errors import FormatError, HeaderProofError, LabelError
from bidding.sealing.header import Header
from bidding.sealing.tdh2 import seal
from ledger.acts import Committee, Envelope, Purpose
from tests.fixtures.box import b32, lot_view, tender_at
from tests.fixtures.people import key_named
from tests.unit.bidding.sealing.world import BOX, BOX_SECRETS, FACTS, SEAL, SEAL_SECRETS, Bidder, id32

SIGNER = key_named("holder").address
MEMBERS = tuple(
    Member(SIGNER if i == 2 else bytes([i]) * 20, b32("city"), b32("organisation")) for i in range(1, SEAL.n + 1)
)
SEAL_SET = RegisteredKeySet(SEAL, Purpose.SEAL, MEMBERS, bytes(32))
BOX_SET = RegisteredKeySet(BOX, Purpose.BOX, MEMBERS, SEAL.key_id)
SEAL_SHARE = HeldShare(Purpose.SEAL, SEAL.key_id, 1, 2, SEAL_SECRETS[1])
BOX_SHARE = HeldShare(Purpose.BOX, BOX.key_id, 1, 2, BOX_SECRETS[1])
KEYS = {"key_id": SEAL.key_id, "box_key_id": BOX.key_id}


def refused(code: str):
    return pytest.raises(ReleaseRefusedError, check=lambda error: error.code == code)


def test_a_share_of_the_right_set_and_seat_may_be_used() -> None:
    assert checks.need_share(SEAL_SHARE, Purpose.SEAL, SEAL_SET, SIGNER) == SEAL_SHARE
    assert checks.need_share(BOX_SHARE, Purpose.BOX, BOX_SET, SIGNER) == BOX_SHARE


@pytest.mark.parametrize(
    ("share", "purpose", "registered", "signer", "code"),
    [
        (None, Purpose.SEAL, SEAL_SET, SIGNER, "holder.no_share"),
        (replace(SEAL_SHARE, purpose=Purpose.BOX), Purpose.SEAL, SEAL_SET, SIGNER, "holder.wrong_purpose"),
        (replace(SEAL_SHARE, purpose=Purpose.BOX), Purpose.BOX, SEAL_SET, SIGNER, "holder.wrong_purpose"),
        (BOX_SHARE, Purpose.SEAL, replace(BOX_SET, purpose=Purpose.SEAL), SIGNER, "holder.wrong_purpose"),
        (SEAL_SHARE, Purpose.SEAL, SEAL_SET, b"\x09" * 20, "holder.wrong_seat"),
        (replace(SEAL_SHARE, index=1), Purpose.SEAL, SEAL_SET, SIGNER, "holder.wrong_seat"),
        (replace(SEAL_SHARE, index=0), Purpose.SEAL, SEAL_SET, SIGNER, "holder.wrong_seat"),
        (replace(SEAL_SHARE, index=SEAL.n + 1), Purpose.SEAL, SEAL_SET, SIGNER, "holder.wrong_seat"),
        (replace(SEAL_SHARE, secret=SEAL_SECRETS[0]), Purpose.SEAL, SEAL_SET, SIGNER, "holder.wrong_share"),
    ],
)
def test_no_share_is_used_for_another_purpose_seat_or_key(share, purpose, registered, signer, code: str) -> None:
    with refused(code):
        checks.need_share(share, purpose, registered, signer)


def test_the_box_of_a_closed_tender_is_opened() -> None:
    checks.need_box(tender_at(state=BookState.CLOSED, **KEYS), BOX_SET)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"state": BookState.ANNOUNCED}, "holder.not_closed"),
        ({"state": BookState.CLOSING}, "holder.not_closed"),
        ({"state": BookState.CLOSED, "suspended_by_supervisor": True}, "holder.suspended"),
        ({"state": BookState.CLOSED, "suspended_by_tenderer": True}, "holder.suspended"),
        ({"state": BookState.TERMINATED}, "holder.terminated"),
        ({"state": BookState.CLOSED, "box_key_id": b32("other")}, "holder.wrong_key_set"),
        ({"state": BookState.CLOSED, "key_id": b32("other")}, "holder.wrong_key_set"),
    ],
)
def test_no_box_is_opened_early_or_for_another_tender(members: dict[str, object], code: str) -> None:
    with refused(code):
        checks.need_box(tender_at(**{**KEYS, **members}), BOX_SET)


LISTED = {"state": BookState.LISTED, "list_root": b32("root"), "list_count": 2}


def test_the_list_on_chain_must_be_the_own_one() -> None:
    checks.need_listed(tender_at(**LISTED), b32("root"), 2)
    for root, count in ((b32("other"), 2), (b32("root"), 3)):
        with refused("holder.wrong_list"):
            checks.need_listed(tender_at(**LISTED), root, count)
    with refused("holder.not_listed"):
        checks.need_listed(tender_at(state=BookState.CLOSED), b32("root"), 2)
    with refused("holder.suspended"):
        checks.need_listed(tender_at(**LISTED, suspended_by_tenderer=True), b32("root"), 2)
    with refused("holder.terminated"):
        checks.need_listed(tender_at(state=BookState.TERMINATED), b32("root"), 2)


OPENING = lot_view(state=LotState.OPENING, envelopes=6, envelope=2, since=100)


def test_an_envelope_is_opened_at_its_turn() -> None:
    at_once = tender_at(**LISTED)
    checks.need_opening(at_once, OPENING, Envelope.TECHNICAL)
    with refused("holder.not_opening"):
        checks.need_opening(at_once, OPENING, Envelope.PRICE)
    checks.need_opening(at_once, replace(OPENING, envelope=3), Envelope.TECHNICAL)


def test_the_committee_waits_for_the_bidders_own_window() -> None:
    terms = {**LISTED, "committee": Committee.AFTER, "committee_after": 50}
    with refused("holder.window"):
        checks.need_opening(tender_at(time=149, **terms), OPENING, Envelope.TECHNICAL)
    checks.need_opening(tender_at(time=150, **terms), OPENING, Envelope.TECHNICAL)
    later = replace(OPENING, envelope=3, since=140)
    checks.need_opening(tender_at(time=149, **terms), later, Envelope.TECHNICAL)


@pytest.mark.parametrize("state", [LotState.EXAMINING, LotState.OPENED, LotState.AWARDED])
def test_the_window_does_not_begin_again_with_what_follows_the_opening(state: LotState) -> None:
    terms = {**LISTED, "committee": Committee.AFTER, "committee_after": 50}
    checks.need_opening(tender_at(time=149, **terms), replace(OPENING, state=state, since=140), Envelope.TECHNICAL)


def test_a_lot_that_fails_within_the_window_is_not_opened_at_once() -> None:
    terms = {**LISTED, "committee": Committee.AFTER, "committee_after": 50}
    failed = replace(OPENING, state=LotState.FAILED, since=120)
    with refused("holder.window"):
        checks.need_opening(tender_at(time=149, **terms), failed, Envelope.TECHNICAL)


def test_where_the_committee_never_opens_it_never_does() -> None:
    with refused("holder.never"):
        checks.need_opening(tender_at(**LISTED, committee=Committee.NEVER), OPENING, Envelope.TECHNICAL)


BID = Bidder("ann").bid()
HEADER = header_of(BID, FACTS)
LABEL = label_of(BID, FACTS)
ENTRY = Entry(1, Envelope.PRICE, 0, 7, BID.bidder, 1, Header.decode(HEADER).hash, 0)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (replace(ENTRY, void=1), "holder.void"),
        (replace(ENTRY, void=3), "holder.void"),
        (replace(ENTRY, lot=2), "holder.not_opening"),
        (replace(ENTRY, envelope=Envelope.TECHNICAL), "holder.not_opening"),
    ],
)
def test_no_share_for_an_entry_that_is_void_or_elsewhere(entry: Entry, code: str) -> None:
    with refused(code):
        checks.need_entry(entry, lot_view(number=1), Envelope.PRICE, ())


def test_no_share_for_an_excluded_bidder() -> None:
    checks.need_entry(ENTRY, lot_view(number=1), Envelope.PRICE, {id32("somebody else")})
    with refused("holder.excluded"):
        checks.need_entry(ENTRY, lot_view(number=1), Envelope.PRICE, {BID.bidder})


def test_a_header_is_verified_against_the_holders_own_records() -> None:
    assert checks.need_header(HEADER, ENTRY.header_hash, LABEL, SEAL).header.hash == ENTRY.header_hash


@pytest.mark.parametrize("member", ["chain_id", "contract", "tender", "lot", "envelope", "bidder", "attempt_nonce"])
def test_any_other_label_is_refused(member: str) -> None:
    other = {"chain_id": 1, "contract": b"\x07" * 20, "lot": 2, "envelope": Envelope.TECHNICAL}
    with pytest.raises(LabelError):
        checks.need_header(HEADER, ENTRY.header_hash, replace(LABEL, **{member: other.get(member, b32("other"))}), SEAL)


def test_a_header_under_another_key_set_is_refused() -> None:
    with pytest.raises(LabelError):
        checks.need_header(HEADER, ENTRY.header_hash, LABEL, BOX)


def test_a_header_with_a_false_proof_is_refused() -> None:
    with pytest.raises((HeaderProofError, FormatError)):
        checks.need_header(HEADER[:-46] + b"\x01" + HEADER[-45:], ENTRY.header_hash, LABEL, SEAL)


def test_another_header_of_the_same_bidder_is_refused() -> None:
    with refused("holder.wrong_header"):
        checks.need_header(HEADER, b32("other"), LABEL, SEAL)


def test_other_chunk_sizes_are_refused() -> None:
    payload = io.BytesIO(bytes(65_536))
    secrets = {"chunk_size": 1 << 16, "rnd": id32("r")}
    small = seal(SEAL.joint_key, LABEL.encode(), id32("seed"), payload, io.BytesIO(), **secrets)
    with refused("holder.chunk_size"):
        checks.need_header(small.encode(), small.hash, LABEL, SEAL)
