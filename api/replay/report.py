"""The report of a replay: what came out beside what the record says, written tender by tender.

The file is canonical JSON (RFC 8785), so that two runs can be compared octet by octet but for what is random: bundles'
names and times. It is written as the tenders end, and no tender is kept in memory for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ledger import canonical
from ledger.canonical import JsonObject

MAX_SIZE = 1024 * 1024


@dataclass(frozen=True)
class Award:
    """Who won, and the price that the rule compared."""

    bidder: str
    price: str
    currency: str


@dataclass(frozen=True)
class Failure:
    """Why a tender did not come to its end: a stable code, and the step and the reason in words."""

    code: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """One tender replayed: counts, the award or why there is none, and what the record expected.

    `bids`, `sealed` and `opened` count the record's rows after the duplicates. `bundle` is the file it was written to,
    None where none was asked for; `problems` are the claims that failed, `error` why the tender did not end.
    """

    contract: str
    bids: int
    sealed: int
    opened: int
    rejected: int
    award: Award | None
    reason: str | None
    expected: tuple[str, ...]
    bundle: str | None
    verified: bool
    problems: tuple[str, ...] = ()
    error: Failure | None = None

    @property
    def agrees(self) -> bool | None:
        """Whether the award is among those expected; None where either is missing."""
        if self.award is None or not self.expected:
            return None
        return self.award.bidder in self.expected

    def to_json(self) -> JsonObject:
        """Return the entry of the report."""
        award, error = self.award, self.error
        failure: JsonObject = {} if error is None else {"error": {"code": error.code, "message": error.message}}
        return failure | {
            "contract": self.contract,
            "bids": self.bids,
            "sealed": self.sealed,
            "opened": self.opened,
            "rejected": self.rejected,
            "award": {"bidder": award.bidder, "price": award.price, "currency": award.currency} if award else None,
            "reason": self.reason,
            "expected": list(self.expected),
            "agrees": self.agrees,
            "bundle": self.bundle,
            "verified": self.verified,
        }


@dataclass
class Totals:
    """Sums over all tenders; reasons count the tenders without an award, `failed` those that did not end."""

    tenders: int = 0
    bids: int = 0
    sealed: int = 0
    opened: int = 0
    rejected: int = 0
    awards: int = 0
    agree: int = 0
    disagree: int = 0
    verified: int = 0
    failed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """Count one tender."""
        self.tenders += 1
        self.bids += outcome.bids
        self.sealed += outcome.sealed
        self.opened += outcome.opened
        self.rejected += outcome.rejected
        self.awards += outcome.award is not None
        self.agree += outcome.agrees is True
        self.disagree += outcome.agrees is False
        self.verified += outcome.verified
        self.failed += outcome.error is not None
        if outcome.reason is not None:
            self.reasons[outcome.reason] += 1

    @property
    def is_whole(self) -> bool:
        """Whether every bid was sealed and opened and every bundle verified."""
        return self.bids == self.sealed == self.opened and self.tenders == self.verified

    def to_json(self, seconds: int, peak_rss_mib: int) -> JsonObject:
        """Return the totals of the report."""
        return {
            "tenders": self.tenders,
            "bids": self.bids,
            "sealed": self.sealed,
            "opened": self.opened,
            "rejected": self.rejected,
            "awards": self.awards,
            "reasons": dict(self.reasons),
            "agree": self.agree,
            "disagree": self.disagree,
            "verified": self.verified,
            "failed": self.failed,
            "seconds": seconds,
            "peak_rss_mib": peak_rss_mib,
        }


@dataclass
class ReportWriter:
    """Writes the report as outcomes come; `file` None counts only."""

    file: IO[bytes] | None
    totals: Totals = field(default_factory=Totals)

    def add(self, outcome: Outcome) -> None:
        """Write one tender."""
        before = b"," if self.totals.tenders else b'{"tenders":['
        self._write(before + canonical.dumps(outcome.to_json(), max_size=MAX_SIZE))
        self.totals.add(outcome)

    def finish(self, seconds: int, peak_rss_mib: int) -> None:
        """Write the totals, which end the report."""
        before = b"]" if self.totals.tenders else b'{"tenders":[]'
        totals = canonical.dumps(self.totals.to_json(seconds, peak_rss_mib), max_size=MAX_SIZE)
        self._write(before + b',"totals":' + totals + b"}\n")

    def _write(self, data: bytes) -> None:
        if self.file is not None:
            self.file.write(data)
            self.file.flush()


@contextmanager
def open_report(path: Path | None) -> Iterator[ReportWriter]:
    """Yield a writer of the report at `path`, or one that only counts."""
    if path is None:
        yield ReportWriter(None)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        yield ReportWriter(file)
