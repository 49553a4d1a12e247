"""What a run of kills leaves for programs: seed, counts, durations, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ledger.errors import SunbidError
from scripts.chaos.monkey import Kill
from scripts.chaos.run import Chaos, Survived


def kind_of(name: str) -> str:
    """Return what kind of process a child is: `api`, `city` (all roles but the holder in one) or its role."""
    city, _, role = name.partition("-")
    return role.partition("-")[0] or ("api" if city == "luan" else "city")


def report_of(chaos: Chaos, kills: Sequence[Kill], ended: Survived | SunbidError) -> dict[str, Any]:
    """Return the report; of a run that failed it has the reason, and the kills up to then."""
    report: dict[str, Any] = {
        "seed": chaos.seed,
        "tenders": chaos.tenders,
        "kills": len(kills),
        "atWork": sum(kill.was_at_work for kill in kills),
        "byKind": dict(sorted(Counter(kind_of(kill.name) for kill in kills).items())),
        "byProcess": dict(sorted(Counter(kill.name for kill in kills).items())),
        "survived": isinstance(ended, Survived),
    }
    if isinstance(ended, Survived):
        bids = sum(outcome.listed for outcome in ended.outcomes)
        seconds = {"inPeace": round(ended.seconds_in_peace, 1), "withKills": round(ended.seconds, 1)}
        return report | {"bids": bids, "seconds": seconds}
    return report | {"error": {"code": ended.code, "message": ended.message}}
