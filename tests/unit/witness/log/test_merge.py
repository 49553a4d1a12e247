from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from witness.log.merge import merge_by
from witness.log.schedule import Pace, Schedule, Waiting, plan_batch

SCHEDULE = Schedule(slow=Pace(4, 60), fast=Pace(16, 2), lead=30)
A, B, C = (bytes([n]) * 32 for n in (1, 2, 3))
MARGIN = 60


class KeepOrder:
    def shuffle(self, x: list[bytes], /) -> None:
        return


def when(accounts: Sequence[bytes | None], deadlines: Sequence[int] = ()) -> int:
    return merge_by(accounts, SCHEDULE, deadlines, after=0, now=0) - MARGIN


def simulated(accounts: Sequence[bytes | None], deadlines: Sequence[int] = ()) -> int:
    """When the batching rule itself takes the last slip, tick by tick."""
    queue = [Waiting(n.to_bytes(2, "big") * 448, account) for n, account in enumerate(accounts)]
    last = queue[-1].slip
    for tick in SCHEDULE.ticks(0, 1 << 40, deadlines):
        batch = plan_batch(queue, tick.slips, lambda: bytes(896 - 1) + b"p", KeepOrder())
        if last in batch.slips:
            return tick.at
        queue = [waiting for place, waiting in enumerate(queue) if place not in batch.taken]
    raise AssertionError


class TestMergeBy:
    def test_first_slip_goes_with_the_next_tick(self) -> None:
        assert when([A]) == 60

    def test_second_slip_of_an_account_waits_for_the_next_batch(self) -> None:
        assert when([A, A]) == 120

    def test_other_accounts_fill_the_batch(self) -> None:
        assert when([A, B, C]) == 60

    def test_fast_window_shortens_the_wait(self) -> None:
        assert when([A, A, A], deadlines=[100]) == 70  # two of sixteen slips each 2 s, from 70 − 2 = 68 … on

    def test_own_event_comes_after_everybody(self) -> None:
        assert when([A, A, None]) == 60
        assert when([bytes([n]) * 32 for n in range(4)] + [None]) == 120

    @given(st.lists(st.sampled_from([A, B, C, b"\x04" * 32, b"\x05" * 32]), min_size=1, max_size=40))
    def test_is_what_the_batching_rule_does(self, accounts: list[bytes]) -> None:
        assert when(accounts, [100]) == simulated(accounts, [100])

    @given(st.lists(st.sampled_from([A, B, C]), min_size=1, max_size=20), st.lists(st.sampled_from([A, B, C])))
    def test_who_comes_later_delays_nobody(self, accounts: list[bytes], later: list[bytes]) -> None:
        queue = [Waiting(n.to_bytes(2, "big") * 448, account) for n, account in enumerate([*accounts, *later])]
        slip = queue[len(accounts) - 1].slip
        for tick in SCHEDULE.ticks(0, when(accounts), []):
            batch = plan_batch(queue, tick.slips, lambda: bytes(896), KeepOrder())
            queue = [waiting for place, waiting in enumerate(queue) if place not in batch.taken]
        assert all(waiting.slip != slip for waiting in queue)
