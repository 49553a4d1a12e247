"""One pulse for many: shared rounds, one clock, and an end where nothing moves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from api.replay.beat import IDLE_ROUNDS, SharedPulse
from api.robots.pulse import StuckError


@dataclass
class Works:
    """A network whose rounds move something `moves` times, and take a turn of the loop."""

    moves: int = 1_000_000
    time: int = 100
    rounds: int = 0
    at_once: int = 0
    driven: list[int] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def now(self) -> int:
        return self.time

    async def advance_to(self, moment: int) -> None:
        seen = self.time
        await asyncio.sleep(0)
        assert self.time == seen, "two drive the clock at once"
        if moment > self.time:
            self.driven.append(moment)
            self.time = moment

    async def round(self) -> bool:
        self.at_once += 1
        assert self.at_once == 1, "two rounds at once"
        self.begun.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.rounds += 1
        self.at_once -= 1
        return self.rounds <= self.moves


async def test_all_who_wait_share_the_rounds() -> None:
    works = Works()
    pulse = SharedPulse(works)

    async def wait() -> None:
        async def after_five() -> bool:
            return works.rounds >= 5

        await pulse.until(after_five, "five rounds")

    await asyncio.gather(*(wait() for _ in range(10)))
    assert works.rounds in {5, 6}


async def test_a_round_that_is_asked_for_starts_after_the_question() -> None:
    works = Works()
    pulse = SharedPulse(works)
    first = asyncio.create_task(pulse.round())
    await works.begun.wait()
    await asyncio.gather(pulse.round(), pulse.round())
    assert works.rounds == 2
    assert await first


async def test_a_second_for_each_is_one_second_for_all() -> None:
    works = Works()
    pulse = SharedPulse(works)

    async def wait() -> None:
        async def ten_seconds() -> bool:
            if works.time >= 110:
                return True
            await pulse.advance_to(await pulse.now() + 1)
            return False

        await pulse.until(ten_seconds, "ten seconds")

    await asyncio.gather(*(wait() for _ in range(7)))
    assert works.driven == list(range(101, 111))


async def test_what_never_comes_is_named_once_nothing_moves() -> None:
    works = Works(moves=4)

    async def never() -> bool:
        return False

    with pytest.raises(StuckError, match="the impossible did not happen, and nothing moves"):
        await SharedPulse(works).until(never, "the impossible")
    assert works.rounds == 4 + IDLE_ROUNDS + 1
    assert works.driven == list(range(101, 101 + IDLE_ROUNDS))


async def test_what_came_to_rest_is_given_time_to_go_on() -> None:
    works = Works(moves=0)

    async def a_second_passed() -> bool:
        return works.time > 100

    await SharedPulse(works).until(a_second_passed, "a second")
    assert works.driven == [101]


async def test_what_always_moves_and_never_comes_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.replay.beat.ROUNDS", 20)

    async def never() -> bool:
        return False

    with pytest.raises(StuckError, match="in 20 rounds"):
        await SharedPulse(Works()).until(never, "the impossible")


async def test_a_round_that_fails_fails_for_all_who_share_it_and_the_next_is_made() -> None:
    class Broken(Works):
        async def round(self) -> bool:
            await super().round()
            if self.rounds == 1:
                raise OSError("the disk is full")
            return True

    works = Broken()
    pulse = SharedPulse(works)
    failed = await asyncio.gather(pulse.round(), pulse.round(), return_exceptions=True)
    assert [type(error) for error in failed] == [OSError, OSError]
    assert await pulse.round()
