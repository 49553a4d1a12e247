"""News of a tender: the version at once, again only when it changes, and an end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api import live


async def collected(versions: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(live, "LOOKS", len(versions))
    found: Iterator[str] = iter(versions)
    waits: list[int] = []

    async def read() -> str:
        return next(found)

    async def wait() -> None:
        waits.append(1)

    events = [event async for event in live.news(read, wait)]
    assert len(waits) == len(versions)
    return events


async def test_an_event_for_each_change_and_a_comment_between(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await collected(["1.1", "1.1", "2.1"], monkeypatch) == [
        "retry: 3000\n\n",
        "event: version\ndata: 1.1\n\n",
        ":\n\n",
        "event: version\ndata: 2.1\n\n",
    ]


async def test_a_wait_is_as_long_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(live.asyncio, "sleep", sleep)
    await live.pause()
    assert slept == [live.LOOK_SECONDS]
