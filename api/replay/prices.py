"""Prices as public records spell them: currency codes each followed by a number, with or without a separator.

`NPR 4,646,304.00USD 3,758,040.00` is two prices, `EUR` alone is none. What cannot be read as such a list is no price:
nothing here guesses.
"""

from __future__ import annotations

import re
from decimal import Decimal

from bidding.tender.money import Money, MoneyError

_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"
_ITEM = re.compile(rf"([A-Z]{{3}})\s*({_NUMBER})?\s*;?\s*", re.ASCII)


def parse_prices(raw: str) -> tuple[Money, ...]:
    """Return the prices of a text, in its order, digits as written without the thousands commas.

    A code without a number and a price of zero are ignored. Text that is no such list, a number that no price can
    have, and a currency named twice make the whole text unreadable: then there is no price.
    """
    text, at = raw.strip(), 0
    found: list[Money] = []
    while at < len(text):
        item = _ITEM.match(text, at)
        if item is None:
            return ()
        at = item.end()
        currency, digits = item.group(1), item.group(2)
        if digits is None or not Decimal(digits.replace(",", "")):
            continue
        try:
            found.append(Money(currency, Decimal(digits.replace(",", ""))))
        except MoneyError:
            return ()
    return tuple(found) if len({price.currency for price in found}) == len(found) else ()
