"""The verdict on one slip: the first reason that applies, in the order of the rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bidding.sealing.acts import ActChain, receipt_digest
from bidding.sealing.judge import Reason, drop_reason, receipt_cities, void_reason
from bidding.sealing.slip import NO_SIGNATURE, SlipBody
from ledger.acts import Envelope, Scope
from tests.fixtures.people import key_named
from tests.unit.bidding.sealing.test_acts import NO_KEY
from tests.unit.bidding.sealing.world import (
    DEADLINE,
    FACTS,
    FIRST_DEADLINE,
    FOREVER,
    Bidder,
    facts,
    id32,
    receiver,
)

ANN = Bidder("ann")
BID = ANN.bid()


def reason(body: SlipBody, **changes: Any) -> Reason | None:
    return drop_reason(ActChain(body, facts(**changes)))


class TestDropped:
    @pytest.mark.parametrize("body", [BID, ANN.withdrawal(), Bidder("cai", delegation_tender=1).bid()])
    def test_good_acts_are_not(self, body: SlipBody) -> None:
        assert reason(body) is None

    @pytest.mark.parametrize("changes", [{"lot": 9}, {"envelope": Envelope.TECHNICAL}, {"lot": 0}])
    def test_lot(self, changes: dict[str, Any]) -> None:
        assert reason(replace(BID, **changes)) is Reason.LOT
        assert reason(replace(BID, notice=id32("unknown"), **changes)) is Reason.LOT

    def test_notice(self) -> None:
        assert reason(replace(BID, notice=id32("unknown"), valid_to=0)) is Reason.NOTICE
        assert reason(ANN.bid(notice="old notice")) is None

    @pytest.mark.parametrize(
        "bidder",
        [
            Bidder("cai", delegation_tender=2, delegation_to=FIRST_DEADLINE - 1),
            Bidder("cai", delegation_tender=2, delegation_scope=Scope.PREPARE | Scope.OPEN),
            Bidder("cai", delegation_tender=2, person="clerk"),
            Bidder("cai", delegation_tender=1, delegation_to=0, valid_to=0),
        ],
    )
    def test_delegation(self, bidder: Bidder) -> None:
        assert reason(bidder.bid()) is Reason.DELEGATION
        assert reason(bidder.withdrawal()) is Reason.DELEGATION

    def test_delegation_until_the_first_deadline_is_enough(self) -> None:
        assert reason(Bidder("cai", delegation_tender=2, delegation_to=FIRST_DEADLINE).bid()) is None

    @pytest.mark.parametrize(
        "bidder",
        [
            Bidder("eva", valid_from=DEADLINE + 1),
            Bidder("eva", valid_to=FIRST_DEADLINE - 1),
            Bidder("eva", issuer=key_named("unknown issuer")),
        ],
    )
    def test_credential(self, bidder: Bidder) -> None:
        assert reason(bidder.bid()) is Reason.CREDENTIAL

    @pytest.mark.parametrize("bidder", [Bidder("eva", DEADLINE), Bidder("eva", 0, FIRST_DEADLINE)])
    def test_credential_at_the_ends_of_its_time(self, bidder: Bidder) -> None:
        assert reason(bidder.bid()) is None

    @pytest.mark.parametrize(
        "changes",
        [
            {"tender": id32("other")},
            {"lot": 2},
            {"sequence": 2},
            {"notice": id32("old notice")},
            {"signed_at": 1},
            {"head": bytes(32)},
            {"length": 1 << 17},
            {"attempt_nonce": bytes(32)},
            {"bidder": id32("bob")},
            {"signature": key_named("stranger").sign(bytes(32))},
            {"valid_to": FOREVER - 1},
        ],
        ids=str,
    )
    def test_signature_for_anything_else_is_no_credential(self, changes: dict[str, Any]) -> None:
        if "tender" in changes:
            assert reason(BID, **changes) is Reason.CREDENTIAL
        else:
            assert reason(replace(BID, **changes)) is Reason.CREDENTIAL

    def test_revoked(self) -> None:
        delegated = Bidder("cai", delegation_tender=2).bid()
        chain = ActChain(delegated, FACTS)
        for digest in (chain.credential_digest, chain.delegation_digest):
            assert digest is not None
            assert reason(delegated, revocations={digest: DEADLINE}) is Reason.REVOKED
            assert reason(delegated, revocations={digest: DEADLINE + 1}) is None

    def test_signature_that_gives_no_key_fails_where_the_key_is_needed(self) -> None:
        delegated = Bidder("cai", delegation_tender=2).bid()
        assert reason(replace(BID, signature=NO_KEY)) is Reason.CREDENTIAL
        assert reason(replace(delegated, signature=NO_KEY)) is Reason.DELEGATION
        assert reason(replace(delegated, delegation_signature=NO_KEY)) is Reason.CREDENTIAL
        assert reason(replace(BID, credential_signature=NO_KEY)) is Reason.CREDENTIAL


class TestVoid:
    def test_good_bid_is_not(self) -> None:
        assert void_reason(BID, FACTS) is Reason.LISTED

    @pytest.mark.parametrize(
        "changes",
        [
            {"core": bytes(162)},
            {"core": bytes(33) + BID.core[33:]},
            {"head": bytes(32)},
            {"length": 0},
            {"length": BID.length + 1},
            {"length": 2 * BID.length},
            {"length": 2**64 - (1 << 16)},
            {"lot": 2},
            {"bidder": id32("bob")},
        ],
        ids=str,
    )
    def test_header(self, changes: dict[str, Any]) -> None:
        assert void_reason(replace(BID, **changes), FACTS) is Reason.VOID_HEADER

    def test_other_envelopes_may_have_any_length(self) -> None:
        for document in (b"", b"abc"):
            body = ANN.bid(label=ANN.label(2, Envelope.TECHNICAL), document=document)
            assert void_reason(body, FACTS) is Reason.LISTED

    def test_superseded_notice_comes_before_receipts(self) -> None:
        body = ANN.bid(notice="old notice", cities=())
        assert void_reason(body, FACTS) is Reason.VOID_NOTICE
        assert void_reason(replace(body, core=bytes(162)), FACTS) is Reason.VOID_HEADER

    @pytest.mark.parametrize(
        ("cities", "expected"),
        [
            ((), Reason.VOID_RECEIPTS),
            (("hefei",), Reason.VOID_RECEIPTS),
            (("hefei", "hefei"), Reason.VOID_RECEIPTS),
            (("hefei", "nowhere"), Reason.VOID_RECEIPTS),
            (("hefei", "nowhere", "anqing"), Reason.LISTED),
            (("hefei", "wuhu", "anqing", "wuhu"), Reason.LISTED),
        ],
    )
    def test_receipts_of_more_than_q_cities(self, cities: tuple[str, ...], expected: Reason) -> None:
        assert void_reason(ANN.bid(cities=cities), FACTS) is expected


class TestReceipts:
    def test_for_another_stream_do_not_count(self) -> None:
        other = ANN.bid(document=b"other", label=ANN.label(attempt="2"))
        assert receipt_cities(replace(BID, receipts=other.receipts), FACTS) == frozenset()

    def test_places_do_not_matter(self) -> None:
        first, second, *_ = BID.receipts
        moved = replace(BID, receipts=(NO_SIGNATURE, second, NO_KEY, first))
        assert receipt_cities(moved, FACTS) == {id32("hefei"), id32("wuhu")}

    def test_digest_is_that_of_head_and_length(self) -> None:
        signature = receiver("anqing").sign(receipt_digest(BID, FACTS))
        assert receipt_cities(replace(BID, receipts=(signature, *BID.receipts[1:])), FACTS) == {
            id32("anqing"),
            id32("wuhu"),
        }
