"""Score sheets: one form, bound to criteria, and a hash that says nothing."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from bidding.evaluation.sheets import Score, SheetError, need_fitting, parse_sheet
from bidding.tender.rules import by_id
from ledger import canonical
from ledger.errors import SunbidError
from tests.fixtures.tenders import b32, scored_lot, sheet

LOT = scored_lot()
SCORING = by_id("dev-two-envelope").scoring
SHEET = sheet(LOT, "a", "s1", method="12.5", team="0")


def test_a_sheet_is_read_as_it_was_written() -> None:
    assert parse_sheet(SHEET.to_bytes()) == SHEET
    assert SHEET.total == Decimal("12.5")


def test_the_act_carries_hash_criteria_and_seat() -> None:
    act = SHEET.act()
    assert (act.scores, act.seat, act.bidder, act.criteria) == (SHEET.hash, b32("s1"), b32("a"), SHEET.criteria)


def test_the_salt_hides_equal_scores() -> None:
    assert dataclasses.replace(SHEET, salt=b32("other")).hash != SHEET.hash


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("v", 2),
        ("kind", "sheet"),
        ("scores", [{"criterion": "method", "points": "1e1", "reason": ""}]),
        ("scores", [{"criterion": "method", "points": "-1", "reason": ""}]),
        ("scores", [{"criterion": "method", "points": "01", "reason": ""}]),
        ("scores", [{"criterion": c, "points": "1", "reason": ""} for c in ("team", "method")]),
        ("scores", [{"criterion": "team", "points": p, "reason": ""} for p in ("1", "2")]),
        ("salt", "0x00"),
        ("seat", None),
    ],
)
def test_another_form_is_refused(member: str, value: object) -> None:
    body = canonical.loads_object(SHEET.to_bytes()) | {member: value}  # type: ignore[dict-item]
    with pytest.raises(SunbidError):
        parse_sheet(canonical.dumps(body))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (dataclasses.replace(SHEET, lot=2), "sheet.criteria"),
        (dataclasses.replace(SHEET, criteria=b32("other")), "sheet.criteria"),
        (dataclasses.replace(SHEET, scores={"method": Score(Decimal(1))}), "sheet.criteria"),
        (sheet(LOT, "a", "s1", method="41", team="0"), "sheet.points"),
        (sheet(LOT, "a", "s1", method="1.25", team="0"), "sheet.points"),
    ],
)
def test_a_sheet_fits_its_lot(wrong: object, code: str) -> None:
    assert SCORING is not None
    need_fitting(SHEET, LOT, SCORING)
    with pytest.raises(SheetError) as caught:
        need_fitting(wrong, LOT, SCORING)  # type: ignore[arg-type]
    assert caught.value.code == code
