"""Notice, pack, announcement and amendment have to agree, member by member."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bidding.tender.consistency import need_amendable, need_announceable, need_consistent
from bidding.tender.notice import Notice, NoticeError
from bidding.tender.rules import by_id
from ledger.acts import Envelope, Lot, TenderAmendment, TenderAnnouncement
from tests.fixtures.tenders import TENDER, b32, notice, price_lot, scored_lot

PACK = by_id("dev-two-envelope")
NOTICE = notice(PACK, scored_lot(1), scored_lot(2))
TERMS = PACK.terms
ANNOUNCEMENT = TenderAnnouncement(
    TENDER, b32("tenderer"), b32("agency"), b32("supervisor"), b32("nonce"), NOTICE.hash, PACK.hash, b32("key"),
    b32("box"), (b32("origin"),), (Lot(1, 7), Lot(2, 7)), 1000, TERMS.grace, TERMS.open_after, TERMS.amend_lead,
    TERMS.minimum_bidders, TERMS.committee, TERMS.committee_after,
)  # fmt: skip


def test_what_belongs_together_passes() -> None:
    need_announceable(ANNOUNCEMENT, NOTICE, PACK)


@pytest.mark.parametrize(
    ("member", "value", "name"),
    [
        ("notice", b32("x"), "notice"),
        ("rule_pack", b32("x"), "rulePack"),
        ("grace", 99, "grace"),
        ("open_after", 99, "openAfter"),
        ("amend_lead", 99, "amendLead"),
        ("minimum_bidders", 2, "minimumBidders"),
        ("committee", 2, "committee"),
        ("committee_after", 99, "committeeAfter"),
        ("lots", (Lot(1, 7),), "lots"),
        ("lots", (Lot(1, 7), Lot(2, 4)), "lots"),
    ],
)
def test_an_announcement_that_disagrees_is_refused_by_the_member(member: str, value: Any, name: str) -> None:
    with pytest.raises(NoticeError) as caught:
        need_announceable(dataclasses.replace(ANNOUNCEMENT, **{member: value}), NOTICE, PACK)
    assert caught.value.facts["member"] == name


@pytest.mark.parametrize(
    ("member", "value", "name"),
    [
        ("rule_pack", b32("x"), "rulePack"),
        ("unopened", "never", "unopened"),
        ("minimum_bidders", 1, "minimumBidders"),
        ("ties", ("earlier_place",), "ties"),
    ],
)
def test_a_notice_that_disagrees_with_its_pack_is_refused(member: str, value: Any, name: str) -> None:
    with pytest.raises(NoticeError) as caught:
        need_consistent(dataclasses.replace(NOTICE, **{member: value}), PACK)
    assert (caught.value.code, caught.value.facts["member"]) == ("notice.disagrees", name)


def test_criteria_share_the_technical_points() -> None:
    with pytest.raises(NoticeError) as caught:
        need_consistent(notice(PACK, price_lot(1)), PACK)
    assert caught.value.code == "notice.weights"
    with pytest.raises(NoticeError) as caught:
        need_consistent(notice(by_id("dev-international"), scored_lot(1)), by_id("dev-international"))
    assert caught.value.code == "notice.weights"


def test_every_lot_has_a_price_envelope() -> None:
    lot = dataclasses.replace(scored_lot(1), envelopes=(Envelope.TECHNICAL,))
    with pytest.raises(NoticeError) as caught:
        need_consistent(notice(PACK, lot), PACK)
    assert caught.value.code == "notice.envelopes"


class TestAmendment:
    @staticmethod
    def amendment(changed: Notice) -> TenderAmendment:
        return TenderAmendment(TENDER, changed.hash, 2000, True, 0)

    def test_a_postponement_keeps_the_notice(self) -> None:
        need_amendable(self.amendment(NOTICE), NOTICE, NOTICE, PACK)

    def test_a_changed_notice_names_the_last_one(self) -> None:
        changed = dataclasses.replace(NOTICE, replaces=NOTICE.hash, changes={"en": "new drawings", "zh": "新图纸"})
        need_amendable(self.amendment(changed), changed, NOTICE, PACK)
        stray = dataclasses.replace(changed, replaces=b32("x"))
        with pytest.raises(NoticeError) as caught:
            need_amendable(self.amendment(stray), stray, NOTICE, PACK)
        assert caught.value.facts["member"] == "replaces"

    def test_lots_and_envelopes_never_change(self) -> None:
        changed = dataclasses.replace(NOTICE, replaces=NOTICE.hash, lots=NOTICE.lots[:1])
        with pytest.raises(NoticeError) as caught:
            need_amendable(self.amendment(changed), changed, NOTICE, PACK)
        assert caught.value.facts["member"] == "lots"

    def test_the_act_carries_the_notices_hash(self) -> None:
        with pytest.raises(NoticeError) as caught:
            need_amendable(dataclasses.replace(self.amendment(NOTICE), notice=b32("x")), NOTICE, NOTICE, PACK)
        assert caught.value.facts["member"] == "notice"
