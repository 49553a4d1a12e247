"""Values for people: no digit lost, times in Asia/Shanghai."""

from __future__ import annotations

from decimal import Decimal

from api.web.format import hexadecimal, iso, money, short, when


def test_times_are_in_shanghai_and_for_machines_in_utc() -> None:
    assert when(1_767_225_600) == "2026-01-01 08:00:00"
    assert iso(1_767_225_600) == "2026-01-01T00:00:00Z"
    assert when(None) == ""


def test_every_digit_of_an_amount_is_kept() -> None:
    assert money(Decimal("1234567.500001"), "CNY") == "CNY 1,234,567.500001"


def test_only_long_hashes_are_shortened() -> None:
    assert short(b"\xab" * 32) == "0xabababab…ababab"
    assert (
        short("hefei, nanjing; block 42 " + hexadecimal(b"\x01" * 32)) == "hefei, nanjing; block 42 0x01010101…010101"
    )
    assert short("0x1234") == "0x1234"
