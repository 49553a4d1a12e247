"""An announcement takes from notice and pack what they say, and from the tenderer what it chooses."""

from __future__ import annotations

import dataclasses

import pytest

from bidding.tender.announcement import Choices, announcement_of
from bidding.tender.consistency import need_announceable
from bidding.tender.notice import NoticeError
from bidding.tender.rules import by_id
from ledger.acts import ZERO32, Lot
from ledger.eip712 import Domain
from ledger.identity import tender_id
from tests.fixtures.tenders import b32, notice, scored_lot

PACK = by_id("dev-two-envelope")
NOTICE = notice(PACK, scored_lot(1), scored_lot(2))
BOOK = Domain(20260, bytes(range(20)))
CHOICES = Choices(
    b32("tenderer"), b32("supervisor"), b32("nonce"), b32("key"), b32("box"), [b32("luan"), b32("hefei")], 1000
)


def test_an_announcement_agrees_with_its_notice_and_pack() -> None:
    act = announcement_of(NOTICE, PACK, CHOICES, BOOK)
    need_announceable(act, NOTICE, PACK)
    assert act.tender == tender_id(20260, bytes(range(20)), b32("tenderer"), b32("nonce"))
    assert (act.origins, act.deadline, act.agency) == ((b32("luan"), b32("hefei")), 1000, ZERO32)
    assert act.lots == (Lot(1, 7), Lot(2, 7))


def test_every_choice_counts() -> None:
    acts = {announcement_of(NOTICE, PACK, CHOICES, BOOK)}
    for member in dataclasses.fields(Choices):
        other = {"origins": [b32("luan")], "deadline": 1001}.get(member.name, b32("other"))
        acts.add(announcement_of(NOTICE, PACK, dataclasses.replace(CHOICES, **{member.name: other}), BOOK))
    assert len(acts) == 1 + len(dataclasses.fields(Choices))


def test_a_notice_under_another_pack_is_refused() -> None:
    with pytest.raises(NoticeError):
        announcement_of(NOTICE, by_id("dev-international"), CHOICES, BOOK)
