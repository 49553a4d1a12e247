"""One tender on record, acted out by robots on three cities, with a profile of where its time goes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp

from api.replay.beat import SharedPulse
from api.replay.record import RecordedTender
from api.replay.report import Outcome
from api.replay.run import Replay
from api.stack.network import CITIES
from api.stack.stage import open_stage
from api.stack.town import open_town
from ledger.chain.evidence.trust import TrustFile
from ledger.settings import ClockKind
from scripts.bench.profile import Profile, sampled
from scripts.bench.stage import open_database, open_network


@dataclass(frozen=True)
class Replayed:
    """What a replay came to: its seconds from the first announcement to the last verdict, and a bundle of it."""

    tenders: int
    bids: int
    seconds: float
    profile: Profile
    bundle: bytes
    trust: TrustFile

    def to_json(self) -> dict[str, object]:
        """Return the members that docs/performance.md describes."""
        return {
            "tenders": self.tenders,
            "bids": self.bids,
            "seconds": round(self.seconds, 3),
            "tendersPerMinute": round(60 * self.tenders / self.seconds, 2),
            "profile": self.profile.to_json(),
        }


async def replay(server_url: str, tenders: Sequence[RecordedTender]) -> Replayed:
    """Replay these tenders, at least one, on three cities on PostgreSQL; founding the network is not counted."""
    folder = Path(mkdtemp(prefix="sunbid-bench-"))
    try:
        async with AsyncExitStack() as resources:
            databases = {name: await resources.enter_async_context(open_database(server_url)) for name in CITIES}
            network = open_network(folder, databases, ClockKind.CHAIN, len(tenders))
            stack = await resources.enter_async_context(network)
            town = await resources.enter_async_context(open_town(stack))
            await town.settle()
            pulse = SharedPulse(town)
            stage = await resources.enter_async_context(
                open_stage(stack, pulse, folder / "robots", transports=town.wires)
            )
            driver = Replay(stage, folder / "bundles")
            start = time.perf_counter()
            outcomes: list[Outcome] = []
            with sampled() as profile:
                await driver.run(tenders, outcomes.append)
            seconds = time.perf_counter() - start
            bundle = (folder / "bundles" / f"{tenders[0].contract}.zip").read_bytes()
            trust = TrustFile.from_bytes(stack.trust_path.read_bytes())
            return Replayed(len(outcomes), sum(outcome.bids for outcome in outcomes), seconds, profile, bundle, trust)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def first_with(tenders: Iterator[RecordedTender], bids: int) -> list[RecordedTender]:
    """Return the first tender with so many bids, in a list that is empty if there is none."""
    return list(islice((tender for tender in tenders if len(tender.bids) == bids), 1))
