"""Measure two ways of doing a thing in turn, so that a machine that slows down slows both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True)
class Comparison:
    """A path against its baseline: medians in seconds over `rounds`, and the median of the pairwise ratios."""

    name: str
    what: str
    baseline: str
    seconds: float
    baseline_seconds: float
    ratio: float
    rounds: int

    def to_json(self) -> dict[str, str | float | int]:
        """Return the members; `ratio` is how many times the baseline's time the path takes."""
        return {
            "name": self.name,
            "what": self.what,
            "baseline": self.baseline,
            "seconds": round(self.seconds, 6),
            "baselineSeconds": round(self.baseline_seconds, 6),
            "ratio": round(self.ratio, 3),
            "rounds": self.rounds,
        }


def compare(name: str, what: str, path: Work, baseline_name: str, baseline: Work, rounds: int = 7) -> Comparison:
    """Run both in turn `rounds` times after one warm-up each, and return what was measured."""
    path()
    baseline()
    pairs = [(_seconds(path), _seconds(baseline)) for _ in range(rounds)]
    return Comparison(
        name,
        what,
        baseline_name,
        statistics.median(pair[0] for pair in pairs),
        statistics.median(pair[1] for pair in pairs),
        statistics.median(pair[0] / pair[1] for pair in pairs),
        rounds,
    )


def _seconds(work: Work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
