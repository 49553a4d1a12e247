"""Contracts financed by the World Bank, with every bid (`bids.csv`): one tender per contract.

Rows equal in every column count once; each other row is one bidder with one sealed bid. The opening price is what is
sealed, in whatever currencies; rejected rows are rejected by the panel; the evaluated price is entered as its
correction. The award on record is only compared with what comes out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from api.replay.prices import parse_prices
from api.replay.record import RecordedBid, RecordedTender, RecordError, unique_names

PACK = "dev-international"
NO_CURRENCY = "XXX"
"""ISO 4217: no currency is involved; the notice's where no bid of the record names one."""

_COLUMNS = ("contract", "bidder.name", "status", "opening.price.raw", "evaluated.price.raw")
_STATUSES = ("Awarded", "Evaluated", "Rejected")

Row = tuple[str, ...]


def read_worldbank(folder: Path) -> Iterator[RecordedTender]:
    """Yield the tenders of `bids.csv` in `folder` in order of first appearance; refuse a file of another form."""
    for contract, rows in _by_contract(folder / "bids.csv").items():
        yield _tender(contract, rows)


def _by_contract(path: Path) -> dict[str, list[dict[str, str]]]:
    """Return the distinct rows of each contract; its rows are not always together."""
    seen: set[Row] = set()
    found: dict[str, list[dict[str, str]]] = {}
    for row in read_rows(path, _COLUMNS):
        key = tuple(row.values())
        if key not in seen:
            seen.add(key)
            found.setdefault(row["contract"], []).append({name: row[name] for name in _COLUMNS})
    return found


def read_rows(path: Path, columns: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file in UTF-8 with a header that has these columns, among others."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = set(columns) - set(reader.fieldnames or ())
            if missing:
                raise RecordError(f"{path} has no column {', '.join(sorted(missing))}: is it the file of this source?")
            for row in reader:
                if None in row:
                    raise RecordError(f"{path}, line {reader.line_num}: more values than columns")
                yield row
    except OSError as error:
        raise RecordError(f"{path} cannot be read: give the folder that holds bids.csv") from error


def _tender(contract: str, rows: list[dict[str, str]]) -> RecordedTender:
    names = unique_names(row["bidder.name"] for row in rows)
    bids = tuple(_bid(contract, name, row) for name, row in zip(names, rows, strict=True))
    named = (price.currency for bid in bids for price in (*bid.evaluated, *bid.opening))
    title = {
        "en": f"World Bank contract {contract}: replay of a real tender",
        "zh": f"世界银行合同 {contract}：真实招标回放",
    }
    return RecordedTender(contract, title, PACK, next(named, NO_CURRENCY), bids)


def _bid(contract: str, name: str, row: dict[str, str]) -> RecordedBid:
    if row["status"] not in _STATUSES:
        raise RecordError(f"contract {contract}: the status {row['status']!r} is none of {', '.join(_STATUSES)}")
    return RecordedBid(
        name,
        parse_prices(row["opening.price.raw"]),
        parse_prices(row["evaluated.price.raw"]),
        rejected="Rejected in the record of this tender." if row["status"] == "Rejected" else "",
        won=row["status"] == "Awarded",
    )
