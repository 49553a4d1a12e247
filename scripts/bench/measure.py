"""Measure two ways of doing a thing in turn, so that a machine that slows down slows both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Work = Callable[[], object]
AsyncWork = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Pair:
    """What one round measured, in seconds: the path, and right after it the baseline."""

    seconds: float
    baseline: float

    @property
    def ratio(self) -> float:
        """How many times the baseline's time the path took."""
        return self.seconds / self.baseline


Round = Callable[[], Awaitable[Pair]]


@dataclass(frozen=True)
class Case:
    """What is measured against what; `aim` is how many times the baseline's time the path may take, None if no aim."""

    name: str
    what: str
    baseline: str
    aim: float | None = None


@dataclass(frozen=True)
class Comparison:
    """A case with what its rounds measured; medians, so that one bad moment of the machine decides nothing."""

    case: Case
    pairs: tuple[Pair, ...]

    @property
    def seconds(self) -> float:
        """The path's median."""
        return statistics.median(pair.seconds for pair in self.pairs)

    @property
    def baseline_seconds(self) -> float:
        """The baseline's median."""
        return statistics.median(pair.baseline for pair in self.pairs)

    @property
    def ratio(self) -> float:
        """The median of the rounds' own ratios: what slows a round slows both its parts."""
        return statistics.median(pair.ratio for pair in self.pairs)

    @property
    def ratio_of_best(self) -> float:
        """The quickest path to the quickest baseline: what a machine that does nothing else would show."""
        return min(pair.seconds for pair in self.pairs) / min(pair.baseline for pair in self.pairs)

    @property
    def meets_aim(self) -> bool | None:
        """Whether the path is as quick as it should be, None where nothing is asked of it."""
        return None if self.case.aim is None else self.ratio <= self.case.aim

    def to_json(self) -> dict[str, object]:
        """Return the members that docs/performance.md describes."""
        return {
            "name": self.case.name,
            "what": self.case.what,
            "baseline": self.case.baseline,
            "seconds": round(self.seconds, 6),
            "baselineSeconds": round(self.baseline_seconds, 6),
            "ratio": round(self.ratio, 3),
            "ofBaseline": round(1 / self.ratio, 3),
            "ratioOfBest": round(self.ratio_of_best, 3),
            "aim": self.case.aim,
            "meetsAim": self.meets_aim,
            "rounds": len(self.pairs),
        }


def compare(case: Case, path: Work, baseline: Work, rounds: int = 7) -> Comparison:
    """Run both in turn `rounds` times after one warm-up each, and return what was measured."""
    path()
    baseline()
    return Comparison(case, tuple(Pair(_seconds(path), _seconds(baseline)) for _ in range(rounds)))


async def compare_rounds(case: Case, play: Round, rounds: int = 7) -> Comparison:
    """Play `rounds` rounds after one that does not count; a round prepares untimed what its two parts work on."""
    await play()
    return Comparison(case, tuple([await play() for _ in range(rounds)]))


async def timed(work: AsyncWork) -> float:
    """Return how many seconds the work took."""
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


def _seconds(work: Work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
