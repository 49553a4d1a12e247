"""Everything that is measured, in one run, and its JSON form (docs/performance.md)."""

from __future__ import annotations

import os
import platform
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from api.node import CityNode
from api.replay.worldbank import read_worldbank
from ledger.settings import CitySettings, ClockKind
from scripts.bench.append import measure_append
from scripts.bench.measure import Comparison
from scripts.bench.paths import all_paths
from scripts.bench.replay import Replayed, first_with, replay
from scripts.bench.stage import open_database, open_network, open_server
from scripts.bench.submission import measure_submission
from scripts.bench.verification import measure_verification
from witness.log.sequencer import BATCH

RECORDS = Path(__file__).parents[3] / "shared" / "data" / "worldbank"
"""Where the records of tenders lie beside a checkout; without them nothing is replayed or verified."""


@dataclass(frozen=True)
class Extent:
    """How much is measured: rounds of a pair, events a batch, slips a device, bids of the tender that is replayed."""

    rounds: int
    batch: int
    slips: int
    bids: int


WHOLE = Extent(rounds=15, batch=BATCH, slips=32, bids=7)
QUICK = Extent(rounds=3, batch=100, slips=4, bids=2)


@dataclass(frozen=True)
class Report:
    """What a run measured; without records there is neither a replay nor a bundle to verify."""

    comparisons: tuple[Comparison, ...]
    primitives: dict[str, int] | None = None
    replayed: Replayed | None = None

    def to_json(self) -> dict[str, object]:
        """Return the members that docs/performance.md describes."""
        return {
            "machine": machine(),
            "comparisons": [comparison.to_json() for comparison in self.comparisons],
            "primitives": self.primitives,
            "replay": self.replayed.to_json() if self.replayed else None,
        }


async def run(extent: Extent, records: Path = RECORDS) -> Report:
    """Measure all paths to this extent on a PostgreSQL of our own, or on the one that the environment names."""
    async with open_server() as server_url:
        comparisons = [*all_paths(extent.rounds), await _append(server_url, extent)]
        comparisons += await measure_submission(server_url, slips=extent.slips, rounds=extent.rounds)
        if not (records / "bids.csv").exists():
            return Report(tuple(comparisons))
        replayed = await replay(server_url, first_with(read_worldbank(records), extent.bids))
    verification, primitives = measure_verification(replayed.bundle, replayed.trust, rounds=extent.rounds)
    return Report((*comparisons, verification), primitives, replayed)


async def _append(server_url: str, extent: Extent) -> Comparison:
    async with AsyncExitStack() as resources:
        folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="sunbid-bench-")))
        databases = {"luan": await resources.enter_async_context(open_database(server_url))}
        stack = await resources.enter_async_context(open_network(folder, databases, ClockKind.SYSTEM, boxes=1))
        node = await CityNode.open(CitySettings.load(stack.city_folder("luan")), {})
        resources.push_async_callback(node.close)
        return await measure_append(node.logs, batch=extent.batch, rounds=extent.rounds)


def machine() -> dict[str, object]:
    """Return what the figures were measured on, and how busy it was with other things."""
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "loadAverage": [round(load, 2) for load in os.getloadavg()],
    }
