"""Making bundles: few at once, so that they never hold every connection while each waits for another."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api import bundles
from api.bundles import make_bundle
from api.node import BUNDLES_AT_ONCE, CityNode
from witness.audit.parts import Profile

ASKED = 4 * BUNDLES_AT_ONCE


@dataclass
class SlowCollector:
    """Takes some turns of the loop for a bundle, and counts how many are being made."""

    making: int = 0
    most: int = 0

    async def collect(self, tender: bytes, profile: Profile, *, with_box: bool) -> Any:
        self.making += 1
        self.most = max(self.most, self.making)
        for _ in range(ASKED):
            await asyncio.sleep(0)
        self.making -= 1
        return tender, profile, with_box


async def test_however_many_ask_few_bundles_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    collector = SlowCollector()
    monkeypatch.setattr(bundles, "collector_of", lambda _: collector)
    node = cast("CityNode", SimpleNamespace(bundling=asyncio.Semaphore(BUNDLES_AT_ONCE)))
    tenders = [bytes([number]) * 32 for number in range(ASKED)]
    made: list[Any] = await asyncio.gather(
        *(make_bundle(node, tender, Profile.PUBLIC, with_box=False) for tender in tenders)
    )
    assert made == [(tender, Profile.PUBLIC, False) for tender in tenders]
    assert collector.most == BUNDLES_AT_ONCE
