from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from witness.log.entry import SLIP_SIZE
from witness.log.schedule import FAST_TAIL, Pace, Schedule, ScheduleError, Tick, Waiting, plan_batch

PRODUCTION = Schedule(slow=Pace(8, 60), fast=Pace(16, 2), lead=900)
DAY = 1_767_225_600

schedules = st.builds(
    Schedule,
    st.builds(Pace, st.integers(1, 16), st.integers(1, 90)),
    st.builds(Pace, st.integers(1, 16), st.integers(1, 9)),
    st.integers(0, 200),
)
moments = st.integers(1000, 2000)


def naive_is_tick(schedule: Schedule, at: int, deadlines: list[int]) -> Tick | None:
    """The rule said once more, moment by moment."""
    fast = any(d - schedule.lead <= at <= d + FAST_TAIL for d in deadlines)
    pace = schedule.fast if fast else schedule.slow
    return Tick(at, pace.slips) if at % pace.seconds == 0 else None


class TestTicks:
    def test_production_without_a_deadline(self) -> None:
        assert list(PRODUCTION.ticks(DAY, DAY + 180, [])) == [Tick(DAY + 60 * i, 8) for i in (1, 2, 3)]

    def test_production_around_a_deadline(self) -> None:
        deadline = DAY + 7200
        ticks = list(PRODUCTION.ticks(DAY, DAY + 10_000, [deadline]))
        fast = [tick for tick in ticks if tick.slips == 16]
        assert fast[0].at == deadline - 900
        assert fast[-1].at == deadline + 60
        assert len(fast) == 960 // 2 + 1
        assert Tick(deadline, 16) in ticks
        assert {b.at - a.at for a, b in pairwise(fast)} == {2}

    @given(schedules, moments, st.lists(moments, max_size=4))
    def test_equals_the_rule_said_moment_by_moment(self, schedule: Schedule, after: int, deadlines: list[int]) -> None:
        until = after + 300
        expected = [t for at in range(after + 1, until + 1) if (t := naive_is_tick(schedule, at, deadlines))]
        assert list(schedule.ticks(after, until, deadlines)) == expected

    @given(schedules, moments, st.lists(moments, max_size=4))
    def test_the_next_tick_is_later_and_the_same_for_everybody_who_asks_in_between(
        self, schedule: Schedule, after: int, deadlines: list[int]
    ) -> None:
        tick = schedule.next_tick(after, deadlines)
        assert tick.at > after
        assert schedule.next_tick(tick.at - 1, deadlines[::-1]) == tick

    @pytest.mark.parametrize(("slips", "seconds"), [(0, 1), (1, 0), (-1, 1), (1, -1)])
    def test_a_pace_moves(self, slips: int, seconds: int) -> None:
        with pytest.raises(ScheduleError):
            Pace(slips, seconds)

    def test_the_lead_is_not_negative(self) -> None:
        with pytest.raises(ScheduleError):
            Schedule(Pace(1, 1), Pace(1, 1), -1)


def slip(number: int) -> bytes:
    return number.to_bytes(4, "big") * (SLIP_SIZE // 4)


PADDING = b"\xff" * SLIP_SIZE


class Unshuffled:
    """Leaves the order as it is, so that a test sees what was chosen."""

    def shuffle(self, x: list[bytes], /) -> None:
        """Do nothing."""


def plan(queue: list[Waiting], slips: int) -> tuple[int, ...]:
    return plan_batch(queue, slips, lambda: PADDING, Unshuffled()).taken


class TestBatch:
    def test_first_in_first_out(self) -> None:
        queue = [Waiting(slip(i), bytes([i])) for i in range(12)]
        assert plan(queue, 8) == tuple(range(8))

    def test_an_account_gets_an_eighth_but_one_slip(self) -> None:
        queue = [*(Waiting(slip(i), b"greedy") for i in range(20)), Waiting(slip(20), b"modest")]
        assert plan(queue, 8) == (0, 20)
        assert plan(queue, 16) == (0, 1, 20)
        assert plan(queue, 1) == (0,)
        assert plan(queue, 7) == (0, 20)

    def test_events_of_the_city_come_last(self) -> None:
        queue = [Waiting(slip(i), None) for i in range(9)] + [Waiting(slip(i + 9), bytes([i])) for i in range(6)]
        assert plan(queue, 8) == (9, 10, 11, 12, 13, 14, 0, 1)
        assert plan(queue, 6) == (9, 10, 11, 12, 13, 14)

    def test_a_batch_is_always_whole(self) -> None:
        batch = plan_batch([Waiting(slip(1), b"a")], 8, lambda: PADDING, random.Random(1))
        assert len(batch.slips) == 8
        assert sorted(batch.slips) == sorted([slip(1), *[PADDING] * 7])
        assert plan_batch([], 3, lambda: PADDING, random.Random(1)).slips == (PADDING,) * 3

    @given(st.lists(st.none() | st.binary(min_size=1, max_size=1), max_size=40), st.integers(1, 20))
    def test_nothing_is_lost_or_doubled(self, accounts: list[bytes | None], slips: int) -> None:
        queue = [Waiting(slip(i), account) for i, account in enumerate(accounts)]
        batch = plan_batch(queue, slips, lambda: PADDING, random.Random(2))
        assert len(batch.slips) == slips
        assert len(set(batch.taken)) == len(batch.taken)
        real = sorted(s for s in batch.slips if s != PADDING)
        assert real == sorted(queue[i].slip for i in batch.taken)
        limit = max(1, slips // 8)
        for account in {a for a in accounts if a is not None}:
            assert sum(accounts[i] == account for i in batch.taken) <= limit

    def test_the_order_is_drawn_at_random(self) -> None:
        queue = [Waiting(slip(i), bytes([i])) for i in range(8)]
        orders = {plan_batch(queue, 8, lambda: PADDING, random.Random(seed)).slips for seed in range(20)}
        assert len(orders) == 20

    def test_refuses_what_is_no_slip(self) -> None:
        with pytest.raises(ScheduleError):
            plan_batch([Waiting(b"short", b"a")], 1, lambda: PADDING, random.Random(1))
        with pytest.raises(ScheduleError):
            plan_batch([], 1, lambda: b"short", random.Random(1))
        with pytest.raises(ScheduleError):
            plan_batch([], 0, lambda: PADDING, random.Random(1))
