"""Money as bids and reports carry it: an ISO 4217 code and a decimal string, one spelling for one amount."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from ledger.canonical import JsonObject, JsonValue
from ledger.errors import SunbidError
from ledger.json_fields import read_members, read_words

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,23})(?:\.[0-9]{1,6})?", re.ASCII)


class MoneyError(SunbidError):
    """An amount that is no positive decimal string, or a currency that is no three-letter code."""

    code = "money.malformed"


@dataclass(frozen=True)
class Money:
    """A positive amount in one currency; digits are kept as written, so that it prints as it was sealed."""

    currency: str
    amount: Decimal

    def __post_init__(self) -> None:
        if not _CURRENCY.fullmatch(self.currency):
            raise MoneyError(f"{self.currency!r} is no ISO 4217 code like CNY")
        if not self.amount.is_finite() or self.amount <= 0 or not _AMOUNT.fullmatch(format(self.amount, "f")):
            raise MoneyError("an amount is positive, with up to 24 digits before the point and 6 after it")

    def to_json(self) -> JsonObject:
        """Return `{currency, amount}`."""
        return {"currency": self.currency, "amount": format(self.amount, "f")}

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:,f}"


def parse_amount(value: JsonValue, what: str = "amount") -> Decimal:
    """Return the positive number of a plain decimal string; refuse signs, exponents, leading zeros and zero."""
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value) or not Decimal(value):
        raise MoneyError(f'{what} is a positive decimal string like "1200.50"')
    return Decimal(value)


def parse_money(value: JsonValue) -> Money:
    """Return the money of `{currency, amount}`; refuse other members and spellings."""
    found = read_members(value, "money", {"currency", "amount"})
    return Money(read_words(found["currency"], "currency"), parse_amount(found["amount"]))
