"""Where the time goes, by sampling: every few milliseconds, what each thread is at, by package.

Sampling and not tracing: SQLAlchemy runs its drivers in greenlets, which confuse a tracer's call stack, and a tracer
makes small functions look dear.
"""

from __future__ import annotations

import sys
import sysconfig
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

INTERVAL = 0.005
"""Seconds between two samples."""

OWN = ("ledger", "witness", "bidding", "credit", "api")
WAITING = "(waiting)"
"""An event loop with nothing to do: others work, as chain node and database do, or the machine is busy elsewhere."""

_ROOT = Path(__file__).parents[2]
_SITE = Path(sysconfig.get_path("purelib"))
_IDLE = frozenset({("selectors", "select"), ("queue", "get"), ("thread", "_worker"), ("threading", "wait")})


@dataclass
class Profile:
    """How many samples found the process where: `at` is the package that ran, `for_whom` our own that had called it."""

    at: Counter[str] = field(default_factory=Counter)
    for_whom: Counter[str] = field(default_factory=Counter)

    def note(self, frame: FrameType | None) -> None:
        """Count one sample of one thread, whose innermost frame is given."""
        inner = frame
        if inner is None:
            return
        if (Path(inner.f_code.co_filename).stem, inner.f_code.co_name) in _IDLE:
            package = whom = WAITING
        else:
            package, whom = package_of(inner.f_code.co_filename), "(others)"
        while frame is not None and whom == "(others)":
            name = package_of(frame.f_code.co_filename)
            whom = name if name.split(".")[0] in OWN else whom
            frame = frame.f_back
        self.at[package] += 1
        self.for_whom[whom] += 1

    @property
    def shares_at(self) -> dict[str, float]:
        """Each package's part of the samples, largest first."""
        return shares(self.at)

    def to_json(self) -> dict[str, object]:
        """Return both tables: shares of all samples, largest first."""
        return {"samples": self.at.total(), "at": self.shares_at, "for": shares(self.for_whom)}


def shares(counts: Counter[str], least: float = 0.01) -> dict[str, float]:
    """Return each name's part of the whole, largest first; what has less than `least` is summed up as `(rest)`."""
    total = counts.total()
    large = {name: count for name, count in counts.most_common() if count >= least * total}
    rest = total - sum(large.values())
    found = {name: round(count / total, 3) for name, count in large.items()}
    return found | ({"(rest)": round(rest / total, 3)} if rest else {})


def package_of(filename: str) -> str:
    """Return the package of a source file: two levels of our own (`witness.audit`), one of a library, else `python`."""
    path = Path(filename)
    if path.is_relative_to(_SITE):
        return path.relative_to(_SITE).parts[0].removesuffix(".py")
    if path.is_relative_to(_ROOT):
        return ".".join(path.relative_to(_ROOT).with_suffix("").parts[:2])
    return "python"


@contextmanager
def sampled(interval: float = INTERVAL) -> Iterator[Profile]:
    """Yield a profile of the thread that enters, complete when the block is left."""
    profile, ended, watched = Profile(), threading.Event(), threading.get_ident()

    def watch() -> None:
        while not ended.wait(interval):
            profile.note(sys._current_frames().get(watched))  # noqa: SLF001 - what the standard library offers

    thread = threading.Thread(target=watch, name="profile", daemon=True)
    thread.start()
    try:
        yield profile
    finally:
        ended.set()
        thread.join()
