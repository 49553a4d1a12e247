"""Opening a session where answers get lost: a challenge whose answer nobody heard is spent, another is signed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ledger.errors import SunbidError

TRIES = 3
"""Challenges that are signed for one session at most."""

SPENT = frozenset({"session.required", "session.expired"})
"""What a city says of a challenge that was answered before, or that grew too old on the way."""


async def open_session(answer_a_new_challenge: Callable[[], Awaitable[str]]) -> str:
    """Return the token of a session that one of `TRIES` challenges opened; other refusals are raised at once.

    A city answers a challenge once, for whoever saw the signed message must not get a session by it; so a retry of the
    same answer, after the city died between its commit and its reply, is refused. The session that it opened then is
    nobody's: its token was never heard, and it ends with its lifetime.
    """
    for _ in range(TRIES - 1):
        try:
            return await answer_a_new_challenge()
        except SunbidError as error:
            if error.code not in SPENT:
                raise
    return await answer_a_new_challenge()
