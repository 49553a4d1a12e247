"""When the sealed log grows, by how much, and by which slips: public facts decide, never the load (sealing.md).

The log grows on ticks of a public grid by whole batches. Ticks stand at multiples of the pace's seconds since the
epoch: at the fast pace from `lead` seconds before an announced deadline of the origin until a minute after it, at
the slow pace otherwise. So the log's shape tells nobody whether anything was submitted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ledger.errors import SunbidError
from witness.log.entry import SLIP_SIZE

FAST_TAIL = 60
"""Seconds after a deadline for which the fast pace goes on (sealing.md, "The bid box", 2)."""

ACCOUNT_SHARE = 8
"""An account gets at most one part in so many of a batch, but one slip."""


class ScheduleError(SunbidError):
    """A schedule or a batch that cannot be."""

    code = "schedule.malformed"


@dataclass(frozen=True)
class Pace:
    """A batch of `slips` every `seconds`."""

    slips: int
    seconds: int

    def __post_init__(self) -> None:
        if self.slips < 1 or self.seconds < 1:
            raise ScheduleError("a pace is at least one slip every so many whole seconds")

    def next_after(self, at: int) -> int:
        """Return the first moment of the grid after `at`."""
        return (at // self.seconds + 1) * self.seconds


@dataclass(frozen=True)
class Tick:
    """At `at`, seconds since the epoch, the log grows by `slips`."""

    at: int
    slips: int


@dataclass(frozen=True)
class Schedule:
    """The schedule that CityRegistry holds for a sealed origin."""

    slow: Pace
    fast: Pace
    lead: int

    def __post_init__(self) -> None:
        if self.lead < 0:
            raise ScheduleError("the fast pace starts at the deadline or before it")

    def next_tick(self, after: int, deadlines: Collection[int]) -> Tick:
        """Return the first tick later than `after`, in seconds since the epoch, for these announced deadlines."""
        slow = after
        while True:  # slow ticks inside a window give way to fast ones; a window is finite, so this ends
            slow = self.slow.next_after(slow)
            ended = [d + FAST_TAIL for d in deadlines if d - self.lead <= slow <= d + FAST_TAIL]
            if not ended:
                break
            slow = max(ended)
        fast = [self._first_fast(after, deadline) for deadline in deadlines]
        soonest = min((at for at in fast if at is not None), default=None)
        if soonest is not None and soonest < slow:
            return Tick(soonest, self.fast.slips)
        return Tick(slow, self.slow.slips)

    def ticks(self, after: int, until: int, deadlines: Collection[int]) -> Iterator[Tick]:
        """Yield the ticks later than `after` up to and with `until`."""
        tick = self.next_tick(after, deadlines)
        while tick.at <= until:
            yield tick
            tick = self.next_tick(tick.at, deadlines)

    def _first_fast(self, after: int, deadline: int) -> int | None:
        """Return the first fast tick later than `after` in the window of `deadline`, if there is one."""
        at = self.fast.next_after(max(after, deadline - self.lead - 1))
        return at if at <= deadline + FAST_TAIL else None


@dataclass(frozen=True)
class Waiting:
    """A slip in the queue; `account` is None for a secret event of the city."""

    slip: bytes
    account: bytes | None


@dataclass(frozen=True)
class Batch:
    """What one tick writes: the slips in their final order, and which places of the queue they came from."""

    slips: tuple[bytes, ...]
    taken: tuple[int, ...]


class Shuffler(Protocol):
    """A source of random order; in production `random.SystemRandom`."""

    def shuffle(self, x: list[bytes], /) -> None:
        """Bring the list into a random order."""


def plan_batch(queue: Sequence[Waiting], slips: int, padding: Callable[[], bytes], random: Shuffler) -> Batch:
    """Return a batch of exactly `slips` slips: from the queue first in first out, filled with padding, in random order.

    An account gets at most an eighth of the batch, but one slip; what does not fit waits. The city's own events come
    after everybody's slips. `padding` makes one slip that nobody can tell from a real one.
    """
    if slips < 1:
        raise ScheduleError("a batch has at least one slip")
    taken = _choose(queue, slips)
    chosen = [queue[place].slip for place in taken]
    chosen += [padding() for _ in range(slips - len(chosen))]
    if any(len(slip) != SLIP_SIZE for slip in chosen):
        raise ScheduleError(f"a slip has {SLIP_SIZE} bytes")
    random.shuffle(chosen)
    return Batch(tuple(chosen), tuple(taken))


def _choose(queue: Sequence[Waiting], slips: int) -> list[int]:
    limit = max(1, slips // ACCOUNT_SHARE)
    used: Counter[bytes] = Counter()
    taken: list[int] = []
    for place, waiting in enumerate(queue):
        if waiting.account is not None and used[waiting.account] < limit and len(taken) < slips:
            used[waiting.account] += 1
            taken.append(place)
    events = [place for place, waiting in enumerate(queue) if waiting.account is None]
    return taken + events[: slips - len(taken)]
