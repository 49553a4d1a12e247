"""How values are shown to people: times in Asia/Shanghai, money with its currency, long hashes shortened."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def shanghai(moment: datetime) -> str:
    """Return `2026-11-23 22:05:09`, the moment in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def money(amount: Decimal, currency: str) -> str:
    """Return `USD 1,234.50`: all digits kept, thousands apart."""
    return f"{currency} {amount:,f}"


def short(value: bytes | str) -> str:
    """Return the beginning and end of a long hash, enough to compare by eye."""
    text = "0x" + value.hex() if isinstance(value, bytes) else value
    return text if len(text) <= 20 else f"{text[:10]}…{text[-6:]}"
