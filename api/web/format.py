"""How values are shown to people: times in Asia/Shanghai, amounts with thousands apart, long hashes shortened."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ledger.clock import from_unix

_LONG_HEX = re.compile(r"0x[0-9a-fA-F]{19,}", re.ASCII)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def shanghai(moment: datetime) -> str:
    """Return `2026-11-23 22:05:09`, the moment in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def when(seconds: int | None) -> str:
    """Return the moment of unix seconds in Asia/Shanghai; nothing for None."""
    return "" if seconds is None else shanghai(from_unix(seconds))


def iso(seconds: int) -> str:
    """Return the moment of unix seconds as HTML's `datetime` attribute takes it."""
    return from_unix(seconds).isoformat().replace("+00:00", "Z")


def money(amount: Decimal, currency: str) -> str:
    """Return `USD 1,234.50`: all digits kept, thousands apart."""
    return f"{currency} {amount:,f}"


def hexadecimal(value: bytes) -> str:
    """Return bytes as 0x hex."""
    return "0x" + value.hex()


def short(value: bytes | str) -> str:
    """Return a text with its long hashes as beginning and end, enough to compare by eye."""
    text = hexadecimal(value) if isinstance(value, bytes) else value
    return _LONG_HEX.sub(lambda found: f"{found[0][:10]}…{found[0][-6:]}", text)
