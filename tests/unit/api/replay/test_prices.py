"""Prices as public records spell them: what is read, what is ignored, what makes a text unreadable."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.replay.prices import parse_prices
from bidding.tender.money import Money


def shown(raw: str) -> list[str]:
    return [f"{price.currency} {format(price.amount, 'f')}" for price in parse_prices(raw)]


@pytest.mark.parametrize(
    ("raw", "prices"),
    [
        ("USD 653,690.00", ["USD 653690.00"]),
        ("AMD267,254,619.60", ["AMD 267254619.60"]),
        ("PHP  379,100,042.68", ["PHP 379100042.68"]),
        ("VND 52,622,827,000.00;", ["VND 52622827000.00"]),
        ("NPR 4,646,304.00USD 3,758,040.00", ["NPR 4646304.00", "USD 3758040.00"]),
        ("JPY 32,557,470,000.00USD150,023,434.00", ["JPY 32557470000.00", "USD 150023434.00"]),
        ("HRK 19,272,621.48;  EUR 3,624,814.18;", ["HRK 19272621.48", "EUR 3624814.18"]),
        ("HRK 20,797,047.80;  EUR", ["HRK 20797047.80"]),
        ("VND", []),
        ("USD 0.00", []),
        ("USD 0;EUR 12.50", ["EUR 12.50"]),
        ("EUR 0.50", ["EUR 0.50"]),
        ("USD 1234567.89", ["USD 1234567.89"]),
        ("", []),
        ("  ", []),
    ],
)
def test_a_list_of_codes_with_numbers_is_read(raw: str, prices: list[str]) -> None:
    assert shown(raw) == prices


@pytest.mark.parametrize(
    "raw",
    [
        "n/a",
        "12,500.00",
        "usd 5.00",
        "USD -5.00",
        "USD 5.00 approx.",
        "USD 1,23.00",
        "USD 1.234,56",
        "USD 5.00 / EUR 4.00",
        "US$ 5.00",
        "USD 1.1234567",
        "USD 1,000,000,000,000,000,000,000,000,000.00",
        "USD 5.00USD 7.00",
        "ＵＳＤ 5.00",
        "USD ٥",
    ],
)
def test_any_other_text_is_no_price_never_a_guess(raw: str) -> None:
    assert parse_prices(raw) == ()


amounts = st.decimals("0.01", "999999999999.99", places=2, allow_nan=False)
separators = st.sampled_from(["", ";", "; ", " ", "  "])


@given(st.dictionaries(st.text("ABCDEFG", min_size=3, max_size=3), amounts, max_size=5), separators, separators)
def test_what_is_written_with_commas_is_read_back_digit_by_digit(
    prices: dict[str, Decimal], between: str, after_code: str
) -> None:
    gap = " " * len(after_code)
    raw = between.join(f"{code}{gap}{amount:,f}" for code, amount in prices.items())
    assert parse_prices(raw) == tuple(Money(code, amount) for code, amount in prices.items())
