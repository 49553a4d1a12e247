"""What is said of times and of secrecy follows from block times and cosignatures, and is refused where they do not."""

from __future__ import annotations

from typing import Any

import pytest

from bidding.box.book import BookState
from bidding.box.claims import TenderKeys
from bidding.box.committee import Member, RegisteredKeySet
from bidding.box.proven import KeyRecord
from bidding.sealing.ceremony import deal_development_set
from ledger.acts import Purpose
from ledger.chain.evidence.blocks import VerifiedBlock
from ledger.claims import Claim
from tests.fixtures.box import b32, tender_at
from tests.fixtures.chain_state import MadeState
from witness.audit.logs import Logged, ProvenLog
from witness.audit.timing import is_closed, is_listed, secrecy_claim, time_claim
from witness.log.entry import Body
from witness.log.kinds import ActorRole, Kind

KEYS, _ = deal_development_set(3, 2, lambda n: b"\x07" * n)
MEMBERS = tuple(Member(bytes([i]) * 20, b32(f"city {i}"), b32(f"holder {i}")) for i in range(3))


def keys(transcript: bytes = b32("ceremony")) -> TenderKeys:
    seal = RegisteredKeySet(KEYS, Purpose.SEAL, MEMBERS, bytes(32))
    box = RegisteredKeySet(KEYS, Purpose.BOX, MEMBERS, KEYS.key_id)
    record = KeyRecord(transcript, b32("tender"), bytes(20))
    return TenderKeys(seal, box, record, record)


def entry(kind: Kind, not_before: int, *, role: ActorRole = ActorRole.KEY_HOLDER, hidden: bool = False) -> Logged:
    body = Body(kind, b32("log"), 0, role, b32("tender"), seq=1, prev=bytes(32), act=b32("act"))
    return Logged(1, 0, None if hidden else body, 0, not_before, 0)


def log(*entries: Logged) -> ProvenLog:
    return ProvenLog(b32("log"), entries, "luan.sunbid.example/public 9", ("hefei/witness",))


STEPS: dict[str, Any] = {"state": BookState.LISTED, "closing_at": 1001, "open_from": 1020, "listed_at": 1021}


def secrecy(found: ProvenLog | None, known: TenderKeys | None = None, **members: Any) -> Claim:
    return secrecy_claim(tender_at(**{**STEPS, **members}), found, known or keys(), lambda city: city.hex()[:4])


def test_shares_logged_after_their_steps() -> None:
    claim = secrecy(log(entry(Kind.BOX_OPENED, 1001), entry(Kind.COMMITTEE_OPENED, 1021)))
    assert (claim.holds, claim.when) == (True, 1001)
    assert "secret unless 2 of the 3 named holders (1 " in claim.text_en
    assert "dealer" not in claim.text_en


def test_a_dealer_and_hidden_events_are_told() -> None:
    claim = secrecy(log(entry(Kind.ANOMALY, 0, hidden=True)), keys(bytes(32)))
    assert claim.holds
    assert "A dealer knew all keys (development only). 1 undisclosed events are not judged." in claim.text_en
    assert "密钥发放者知悉全部密钥（仅限开发）。另有 1 条未公开事件不在判断之列。" in claim.text_zh


@pytest.mark.parametrize(
    "found",
    [
        log(entry(Kind.BOX_OPENED, 1000)),
        log(entry(Kind.BOX_OPENED, 1001), entry(Kind.COMMITTEE_OPENED, 1020)),
        log(entry(Kind.BOX_OPENED, 1000), entry(Kind.BOX_OPENED, 1001)),
        None,
    ],
)
def test_a_share_that_may_have_been_logged_before_is_named(found: ProvenLog | None) -> None:
    assert not secrecy(found).holds


def test_a_share_before_the_box_ever_closed_is_named() -> None:
    claim = secrecy(log(entry(Kind.BOX_OPENED, 10**9)), closing_at=0, open_from=0, listed_at=0)
    assert "after the box had begun to close" in claim.problem


def test_what_others_than_holders_do_is_no_share() -> None:
    assert secrecy(log(entry(Kind.COMMITTEE_OPENED, 0, role=ActorRole.BIDDER))).holds


def block(timestamp: int = 2000, *, own_time: bool = False) -> VerifiedBlock:
    header = MadeState().block(7, timestamp)
    return VerifiedBlock(header, header.keccak, ("hefei", "luan"), own_time)


def test_times_in_order_and_whose_they_are() -> None:
    claim = time_claim(tender_at(time=2000, **STEPS), block(), log())
    assert claim.holds
    assert "attested by hefei, luan, no independent time" in claim.text_en
    assert "cosignatures of hefei/witness date the events" in claim.text_en
    assert (
        "by blocks of validators hefei, luan"
        in time_claim(tender_at(time=2000, **STEPS), block(own_time=True), log()).text_en
    )


@pytest.mark.parametrize(
    "members",
    [
        {"closing_at": 1000},
        {"closing_at": 900},
        {"open_from": 1000},
        {"listed_at": 1019},
        {"announced_at": 1000},
        {"closing_at": 0},
        {"open_from": 0},
        {"first_deadline": 1001},
        {"time": 1020},
    ],
)
def test_steps_out_of_order_are_named(members: dict[str, int]) -> None:
    steps = {"time": 2000, **STEPS, **members}
    assert not time_claim(tender_at(**steps), block(), log()).holds


def test_a_tender_on_its_way_is_in_order_as_far_as_it_is() -> None:
    assert time_claim(tender_at(time=200), block(), log()).holds
    assert time_claim(tender_at(time=1005, closing_at=1001, open_from=1020), block(), log()).holds


def test_nothing_is_dated_without_a_log() -> None:
    assert "it rests on log.complete" in time_claim(tender_at(time=2000, **STEPS), block(), None).problem


def test_how_far_a_tender_is() -> None:
    assert not is_closed(tender_at(state=BookState.CLOSING))
    assert is_closed(tender_at(state=BookState.TERMINATED, inputs=b32("inputs")))
    assert not is_closed(tender_at(state=BookState.TERMINATED))
    assert is_listed(tender_at(listed_at=5))
    assert not is_listed(tender_at())
