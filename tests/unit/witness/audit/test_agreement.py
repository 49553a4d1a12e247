"""A city that lies in its own log is caught: acts that it names must be there, figures must be the recomputed ones."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bidding.box.book import BookState
from bidding.box.claims import ProvenList
from bidding.evaluation.domain import OpenedBid
from bidding.opening.claims import OpenedEnvelope
from bidding.sealing.box import BoxList, Entry
from bidding.tender.money import Money
from ledger.acts import AwardDecision, BoxShare, Envelope, digest
from ledger.authority import ActChain
from ledger.canonical import JsonObject
from ledger.claims import Claim
from ledger.json_fields import to_hex
from ledger.signed import Signed
from tests.fixtures.box import b32, tender_at
from witness.audit.acts import Acts, DatedActs
from witness.audit.agreement import Agreement
from witness.audit.bundle import Bundle
from witness.audit.chain import Contracts
from witness.audit.logs import Logged, ProvenLog
from witness.audit.parts import Profile, SignedRecord
from witness.audit.shown import ShownBid, ShownBox, ShownEnvelope
from witness.log.entry import Body
from witness.log.kinds import ActorRole, Kind

CONTRACTS = Contracts(1, b"\x01" * 20, b"\x02" * 20, b"\x03" * 20, b"\x04" * 20)
BIDDER, HEADER, SECRET = b32("bidder"), b32("header"), b32("technical header")
ENTRIES = (
    Entry(0, Envelope.TECHNICAL, 0, 1, BIDDER, 1, SECRET, 0),
    Entry(0, Envelope.PRICE, 0, 2, BIDDER, 1, HEADER, 0),
)
LIST = ProvenList(BoxList(ENTRIES, b32("root"), (), ()), cast("Any", None), {})
PRICE = Money("CNY", Decimal("12.50"))
OPENED = {(0, Envelope.PRICE): OpenedEnvelope(b32("record"), (OpenedBid(0, BIDDER, (PRICE,)),))}
SHARE = BoxShare(b32("tender"), b32("box"), 1, 1, b32("scalar"))
AWARD = AwardDecision(b32("tender"), 0, BIDDER, 1, b32("basis"), bytes(32), 0)
SIGNED = Signed(AWARD, bytes(65), cast("ActChain", None))


def entry(kind: Kind, data: JsonObject | None = None, act: bytes | None = None) -> Logged:
    body = Body(kind, b32("log"), 0, ActorRole.SYSTEM, b32("tender"), seq=1, prev=bytes(32), act=act, data=data or {})
    return Logged(1, 0, body, 0, 0, 0)


def bundle(profile: Profile = Profile.PUBLIC) -> Bundle:
    envelope = ShownEnvelope(0, Envelope.PRICE, (ShownBid(HEADER, None, ()),))
    box = ShownBox((SignedRecord(SHARE, bytes(65)),), (), (), ())
    shown = SimpleNamespace(manifest=SimpleNamespace(profile=profile), box=box, list=None, openings=(envelope,))
    return cast("Bundle", shown)


def claims(*entries: Logged, state: BookState = BookState.DONE, **more: Any) -> tuple[Claim, Claim]:
    """Return the claims on acts and on figures."""
    at = tender_at(state=state)
    log = ProvenLog(b32("log"), entries, "luan/public 9", ("hefei",))
    dated = DatedActs(Acts((SIGNED,), {}, CONTRACTS), log, at)
    agreement = Agreement(
        bundle(more.get("profile", Profile.PUBLIC)), at, CONTRACTS, more.get("listed", LIST), more.get("opened", OPENED)
    )
    return agreement.acts_claim(dated), agreement.figures_claim(log, dated)


def test_acts_with_papers_and_records_are_found() -> None:
    share = digest(SHARE, CONTRACTS.domain("CityRegistry"))
    acts, _ = claims(entry(Kind.BOX_OPENED, act=share), entry(Kind.AWARD_DECIDED, act=SIGNED.digest(CONTRACTS)))
    assert (acts.holds, "(2)" in acts.text_en) == (True, True)


def test_an_act_that_is_left_out_is_named_once_the_tender_is_done() -> None:
    unknown = entry(Kind.SCORE_LOCKED, act=b32("sheet"))
    assert claims(unknown)[0].problem == "the act of event 1 is left out"
    early = claims(unknown, state=BookState.LISTED)[0]
    assert early.holds
    assert "1 of them are not disclosed until the result." in early.text_en


@pytest.mark.parametrize(("profile", "header", "holds"), [
    (Profile.PUBLIC, SECRET, True), (Profile.PUBLIC, HEADER, False), (Profile.FULL, SECRET, False),
])  # fmt: skip
def test_only_what_opens_secret_envelopes_is_left_out_of_a_public_bundle(
    profile: Profile, header: bytes, holds: bool
) -> None:
    share = entry(Kind.COMMITTEE_OPENED, {"headerHash": to_hex(header)}, b32("share"))
    assert claims(share, profile=profile)[0].holds is holds
    other = entry(Kind.SCORE_LOCKED, {"headerHash": to_hex(header)}, b32("share"))
    assert not claims(other, profile=profile)[0].holds


TRUE = [
    entry(Kind.BOX_OPENED, {"root": to_hex(b32("root")), "count": 2}),
    entry(Kind.BID_LIST_FIXED, {"root": to_hex(b32("root")), "count": 2}),
    entry(Kind.BID_LIST_FIXED, {"record": "BidList"}),
    entry(Kind.PRICE_READ, {"headerHash": to_hex(HEADER), "prices": [PRICE.to_json()]}),
    entry(Kind.AWARD_DECIDED, {"winner": to_hex(BIDDER)}, SIGNED.digest(CONTRACTS)),
    entry(Kind.ANOMALY, {"root": "whatever"}),
]


def test_figures_that_were_recomputed() -> None:
    _, figures = claims(*TRUE)
    assert (figures.holds, "(6 figures)" in figures.text_en) == (True, True)


@pytest.mark.parametrize(
    "lie",
    [
        entry(Kind.BOX_OPENED, {"root": to_hex(b32("another")), "count": 2}),
        entry(Kind.BID_LIST_FIXED, {"root": to_hex(b32("root")), "count": 1}),
        entry(Kind.PRICE_READ, {"headerHash": to_hex(HEADER), "prices": [Money("CNY", Decimal("12.5")).to_json()]}),
        entry(Kind.PRICE_READ, {"headerHash": to_hex(SECRET), "prices": []}),
        entry(Kind.PRICE_READ, {"headerHash": to_hex(b32("nobody")), "prices": []}),
        entry(Kind.AWARD_DECIDED, {"winner": to_hex(b32("another"))}, SIGNED.digest(CONTRACTS)),
    ],
)
def test_a_figure_that_is_another_one_is_named(lie: Logged) -> None:
    assert not claims(lie)[1].holds


def test_figures_rest_on_list_and_opening() -> None:
    assert claims(TRUE[0], listed=None)[1].problem == "it rests on list.recomputed, which does not hold"
    unopened: dict[Any, Any] = {(0, Envelope.PRICE): None}
    assert claims(TRUE[3], opened=unopened)[1].problem == "it rests on opening.0.price, which does not hold"


def test_nothing_agrees_with_a_log_that_is_not_proven() -> None:
    agreement = Agreement(bundle(), tender_at(), CONTRACTS, LIST, {})
    for claim in (agreement.acts_claim(None), agreement.figures_claim(None, None)):
        assert claim.problem == "it rests on log.complete, which does not hold"
