"""Notices: one spelling, read as written, and refused with the member that is wrong."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
from decimal import Decimal
from typing import Any

import pytest

from bidding.tender.notice import NoticeDocument, NoticeError, parse_notice
from bidding.tender.rules import by_id
from ledger import canonical
from ledger.errors import SunbidError
from tests.fixtures.tenders import b32, money, notice, price_lot, scored_lot

PACK = by_id("dev-two-envelope")
NOTICE = dataclasses.replace(
    notice(PACK, scored_lot(1), price_lot(2, ceiling=money("CNY 100"), floor=money("CNY 1"))),
    documents=(NoticeDocument("drawings.pdf", "application/pdf", b32("pdf"), 12),),
    replaces=b32("former"),
    changes={"en": "deadline", "zh": "延期"},
)


def body() -> dict[str, Any]:
    return copy.deepcopy(canonical.loads_object(NOTICE.to_bytes(), max_size=1 << 18))


def refused(value: dict[str, Any]) -> SunbidError:
    with pytest.raises(SunbidError) as caught:
        parse_notice(canonical.dumps(value, max_size=1 << 18))
    return caught.value


def test_a_notice_is_read_as_it_was_written() -> None:
    assert parse_notice(NOTICE.to_bytes()) == NOTICE
    assert NOTICE.hash == hashlib.sha256(NOTICE.to_bytes()).digest()


def test_it_repeats_from_its_pack_what_bidders_must_know() -> None:
    assert (NOTICE.unopened, NOTICE.minimum_bidders, NOTICE.ties) == ("after", 3, ("lower_price", "earlier_place"))
    assert NOTICE.rule_pack == PACK.hash


def test_lots_are_found_by_number() -> None:
    assert NOTICE.lot(2) == NOTICE.lots[1]
    assert [lot.envelope_bits for lot in NOTICE.lots] == [7, 4]
    with pytest.raises(NoticeError) as caught:
        NOTICE.lot(3)
    assert caught.value.code == "notice.lot_unknown"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("v", 2),
        ("kind", "tender"),
        ("title", {"en": "only"}),
        ("tenderer", ""),
        ("rulePack", "0xAB"),
        ("lots", []),
        ("minimumBidders", "3"),
        ("documents", [{"name": "x"}]),
        ("replaces", 0),
    ],
)
def test_another_form_is_refused(member: str, value: object) -> None:
    assert refused(body() | {member: value})


def test_lots_ascend() -> None:
    value = body()
    value["lots"].reverse()
    assert refused(value).code == "notice.malformed"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("envelopes", []),
        ("envelopes", ["price", "technical"]),
        ("envelopes", ["price", "price"]),
        ("envelopes", ["draft"]),
        ("currency", "USD"),
        ("ceiling", {"currency": "CNY", "amount": "0"}),
        ("number", -1),
    ],
)
def test_a_lot_that_makes_no_sense_is_refused(member: str, value: object) -> None:
    changed = body()
    changed["lots"][1][member] = value
    assert refused(changed)


def test_criteria_have_ids_of_their_own_and_positive_maxima() -> None:
    twice, nothing = body(), body()
    twice["lots"][0]["criteria"] *= 2
    nothing["lots"][0]["criteria"][0]["maximum"] = "0"
    assert refused(twice).code == "notice.malformed"
    assert refused(nothing).code == "money.malformed"


def test_maxima_keep_their_digits() -> None:
    lot = scored_lot()
    lot = dataclasses.replace(lot, criteria=(dataclasses.replace(lot.criteria[0], maximum=Decimal("40.00")),))
    again = parse_notice(notice(PACK, lot).to_bytes())
    assert str(again.lots[0].criteria[0].maximum) == "40.00"
