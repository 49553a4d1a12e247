"""Twenty kills of real processes at seeded moments over tenders on Ganache; `make chaos` runs two hundred."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.chaos.run import Chaos, survive

pytestmark = pytest.mark.cluster


async def test_tenders_end_the_same_with_processes_killed_all_the_time(tmp_path: Path) -> None:
    survived = await survive(tmp_path, Chaos(kills=20, tenders=2, seed=20_260_101))
    assert len(survived.kills) == 20
    assert len({kill.name for kill in survived.kills}) > 3
    assert sum(kill.was_at_work for kill in survived.kills) >= 10
    assert all(outcome.winner for outcome in survived.outcomes)
