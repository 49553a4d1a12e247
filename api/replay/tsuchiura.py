"""Sealed-bid municipal works of Tsuchiura (土浦市, Japan), 2007–2012 (`bids.csv`): one tender per auction `pid`.

The reserve price (予定価格) is the ceiling, the minimum price (最低制限価格) the floor where the auction had one; the
lowest bid between them wins. A bidder on record without an amount hands in a price document without a price, which the
panel rejects.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

from api.replay.record import RecordedBid, RecordedTender, RecordError, unique_names
from api.replay.worldbank import read_rows
from bidding.tender.money import Money, MoneyError

PACK = "dev-municipal-works"
CURRENCY = "JPY"
_COLUMNS = ("pid", "bidder", "reserveprice", "minprice", "bid", "winner")
_NO_PRICE = "The price document names no price."


def read_tsuchiura(folder: Path) -> Iterator[RecordedTender]:
    """Yield the auctions of `bids.csv` in `folder` in order of first appearance; refuse a file of another form."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in read_rows(folder / "bids.csv", _COLUMNS):
        found.setdefault(row["pid"], []).append({name: row[name] for name in _COLUMNS})
    for pid, rows in found.items():
        yield _tender(pid, rows)


def _tender(pid: str, rows: list[dict[str, str]]) -> RecordedTender:
    limits = {(row["reserveprice"], row["minprice"]) for row in rows}
    if len(limits) != 1:
        raise RecordError(f"auction {pid} has several reserve or minimum prices")
    [(reserve, minimum)] = limits
    names = unique_names(row["bidder"] for row in rows)
    title = {
        "en": f"Municipal works of Tsuchiura, auction {pid}: replay of a real tender",
        "zh": f"土浦市市政工程 {pid}：真实招标回放",
    }
    bids = tuple(_bid(pid, name, row) for name, row in zip(names, rows, strict=True))
    return RecordedTender(pid, title, PACK, CURRENCY, bids, _yen(pid, reserve), _yen(pid, minimum))


def _bid(pid: str, name: str, row: dict[str, str]) -> RecordedBid:
    price = _yen(pid, row["bid"])
    return RecordedBid(
        name, (price,) if price else (), rejected="" if price else _NO_PRICE, won=row["winner"] in {"1", "1.0"}
    )


def _yen(pid: str, digits: str) -> Money | None:
    """Return an amount, digits as in the file, None for an empty one or zero."""
    try:
        amount = Decimal(digits.strip() or 0)
        return Money(CURRENCY, amount) if amount else None
    except (InvalidOperation, MoneyError) as error:
        raise RecordError(f"auction {pid}: {digits!r} is no amount in yen") from error
