from __future__ import annotations

import pytest

from ledger.errors import SunbidError
from ledger.signin import SPENT, TRIES, open_session


class Door:
    """A city that refuses the first answers with these codes, then lets in."""

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)
        self.challenges = 0

    async def answer(self) -> str:
        self.challenges += 1
        if self.codes:
            raise SunbidError("refused", code=self.codes.pop(0))
        return f"token {self.challenges}"


async def test_one_challenge_is_enough() -> None:
    door = Door()
    assert await open_session(door.answer) == "token 1"
    assert door.challenges == 1


@pytest.mark.parametrize("code", sorted(SPENT))
async def test_a_spent_challenge_is_followed_by_a_new_one(code: str) -> None:
    assert await open_session(Door(code).answer) == "token 2"
    assert await open_session(Door(*[code] * (TRIES - 1)).answer) == f"token {TRIES}"


async def test_a_city_that_never_lets_in_is_not_asked_for_ever() -> None:
    door = Door(*["session.required"] * 9)
    with pytest.raises(SunbidError, match="refused"):
        await open_session(door.answer)
    assert door.challenges == TRIES


async def test_a_signature_that_is_refused_is_not_tried_again() -> None:
    door = Door("session.signature")
    with pytest.raises(SunbidError) as refused:
        await open_session(door.answer)
    assert (refused.value.code, door.challenges) == ("session.signature", 1)
