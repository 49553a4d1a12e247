"""By when a slip will stand in the log: the batching rule of schedule.py, run ahead of time on the queue's accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from witness.log.schedule import ACCOUNT_SHARE, Schedule, Tick


def merge_by(
    accounts: Sequence[bytes | None], schedule: Schedule, deadlines: Collection[int], *, after: int, now: int
) -> int:
    """Return the tick that takes the last of the waiting slips, and one slow interval for a restart on top.

    `accounts` says whose slips wait, oldest first, None for a city's own events; `after` is the last merged tick. A
    slip that comes later never delays an earlier one, so no later upload breaks the promise; only an own event waits
    for what comes later, and has no promise beyond the present queue.
    """
    ahead = _Ahead(schedule, deadlines, max(after, now))
    due = now
    last = accounts[-1]
    for account in accounts:
        if account is not None:
            due = ahead.place(account)
    if last is None:
        for _ in range(sum(account is None for account in accounts)):
            due = ahead.place(None)
    return due + schedule.slow.seconds


class _Ahead:
    """The coming ticks with what is left of each batch; made as far as the queue reaches."""

    def __init__(self, schedule: Schedule, deadlines: Collection[int], after: int) -> None:
        self._schedule = schedule
        self._deadlines = deadlines
        self._after = after
        self._ticks: list[Tick] = []
        self._left: list[int] = []
        self._used: list[Counter[bytes]] = []
        self._first_open = 0
        self._next_of: dict[bytes, int] = {}

    def place(self, account: bytes | None) -> int:
        """Give the next slip of `account` its tick, the first that has room for it, and return the tick's time."""
        number = self._first_open if account is None else max(self._first_open, self._next_of.get(account, 0))
        while not self._fits(number, account):
            number += 1
        self._left[number] -= 1
        if account is not None:
            self._used[number][account] += 1
            self._next_of[account] = number
        while self._first_open < len(self._left) and not self._left[self._first_open]:
            self._first_open += 1
        return self._ticks[number].at

    def _fits(self, number: int, account: bytes | None) -> bool:
        while len(self._ticks) <= number:
            at = self._ticks[-1].at if self._ticks else self._after
            self._ticks.append(self._schedule.next_tick(at, self._deadlines))
            self._left.append(self._ticks[-1].slips)
            self._used.append(Counter())
        limit = max(1, self._ticks[number].slips // ACCOUNT_SHARE)
        return self._left[number] > 0 and (account is None or self._used[number][account] < limit)
