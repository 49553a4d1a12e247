"""Slips of a tender that this city took at its door and that are not in the tender's box, with the reason.

Only an opened box tells whose they are; the list itself does not depend on them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from enum import StrEnum

from bidding.box.facts import LoadedList
from bidding.box.models import StoredSlip
from bidding.box.repository import slips_taken
from bidding.opening.models import MissedSlip
from bidding.sealing.group import decode_scalar
from bidding.sealing.slip import SlipBody, SlipKeys, open_slip
from ledger.clock import from_unix, to_unix
from ledger.db import Database


class Missed(StrEnum):
    """Why a slip that a city took is not in the box of its tender."""

    LATE = "late"
    ELSEWHERE = "elsewhere"
    UNATTESTED = "unattested"


async def missed_slips(database: Database, loaded: LoadedList, box_secret: bytes) -> list[MissedSlip]:
    """Return the slips that were taken here since the announcement, open under x_b and have no verdict of the list."""
    placed = {verdict.place.slip_hash for verdict in loaded.list.verdicts}
    start, end = from_unix(loaded.at.view.announced_at), from_unix(loaded.at.time)
    found: dict[bytes, MissedSlip] = {}
    async with database.reading() as session:
        async for portion in slips_taken(session, start, end):
            unplaced = [row for row in portion if row.slip_hash not in placed]
            opened = await asyncio.to_thread(_opened, loaded, box_secret, [row.slip for row in unplaced])
            for row in unplaced:
                if row.slip in opened:
                    found.setdefault(row.slip_hash, _missed(loaded, row, opened[row.slip]))
    return list(found.values())


def _opened(loaded: LoadedList, box_secret: bytes, slips: Iterable[bytes]) -> dict[bytes, SlipBody]:
    box = loaded.facts.box_key_set
    keys, secret = SlipKeys.of(box.joint_key, box.suite), decode_scalar(box.suite.group, box_secret)
    bodies = {slip: open_slip(slip, keys, secret) for slip in slips}
    return {slip: SlipBody.decode(data) for slip, data in bodies.items() if data is not None}


def _missed(loaded: LoadedList, row: StoredSlip, body: SlipBody) -> MissedSlip:
    view = loaded.at.view
    if row.origin not in {origin.origin for origin in loaded.at.origins}:
        reason, why = Missed.ELSEWHERE, "it was handed in for a box that the tender does not list"
    elif to_unix(row.received_at) > view.deadline:
        reason, why = Missed.LATE, f"it was taken at {row.received_at:%F %T} UTC, after the deadline"
    else:
        reason, why = Missed.UNATTESTED, "it is in the cuts of too few witnesses, and nobody had it admitted in time"
    return MissedSlip(
        tender=loaded.at.tender,
        slip_hash=row.slip_hash,
        bidder=body.bidder,
        reason=reason.value,
        sentence=f"not in the list: {why}",
    )
