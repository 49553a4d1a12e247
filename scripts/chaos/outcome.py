"""What came out of a tender, in words that two runs of it have in common: names for keys, kinds for entries."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from api.robots.record import LOT, RecordRun
from ledger.acts import Envelope
from ledger.errors import SunbidError
from witness.audit.bundle import Bundle
from witness.audit.verify import verify
from witness.log.entry import Body

_HOLDER = "holder"
"""The member of an entry's data that says which holder handed in the record (bidding.opening.witness)."""


class LostError(SunbidError):
    """Something that was acknowledged is nowhere."""

    code = "chaos.lost"


class DoubledError(SunbidError):
    """Something took effect twice."""

    code = "chaos.doubled"


@dataclass(frozen=True)
class Opened:
    """One bid of the list: its bidder, what became of it, and what was read out."""

    bidder: str
    status: str
    prices: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Outcome:
    """The end of a tender: the award, the list, and the kinds of its entries in the city's public log.

    The kinds are a sorted sequence: two entries that do not wait for each other may come in either order. The acts of
    key-holders are not among them: k of n suffice, and whoever comes when they have acted signs nothing any more.
    """

    state: str
    winner: str | None
    bids: frozenset[Opened]
    listed: int
    entries: tuple[str, ...]


async def outcome_of(run: RecordRun, winner: str | None) -> Outcome:
    """Return what the city shows at the end of a run; raise `LostError` if a bundle or a slip does not hold."""
    bundle = await _verified(run)
    await _need_slips(run)
    bids = await run.conduct.bids(LOT, Envelope.PRICE)
    opened = [_opened(run, bid) for bid in bids]
    bodies = [entry.disclosed.body for entry in bundle.entries if entry.disclosed]
    return Outcome(
        state=(await run.conduct.state())["state"],
        winner=winner,
        bids=frozenset(opened),
        listed=len(opened),
        entries=_kinds(bodies),
    )


def _kinds(bodies: Sequence[Body]) -> tuple[str, ...]:
    """Return the sorted kinds without the key-holders' acts, none of which may be there twice."""
    by_holders = [body for body in bodies if body.data.get(_HOLDER) is not None]
    acts = Counter(
        (body.kind.value, body.act, str(body.data[_HOLDER])) for body in by_holders
    )  # all sign the same list
    if doubled := sorted({kind for (kind, _, _), times in acts.items() if times > 1}):
        raise DoubledError(f"An act of a key-holder is in the log twice: {', '.join(doubled)}.", kinds=doubled)
    return tuple(sorted(body.kind.value for body in bodies if body not in by_holders))


def _opened(run: RecordRun, bid: dict[str, Any]) -> Opened:
    prices = tuple((price["currency"], Decimal(price["amount"])) for price in bid["prices"] or ())
    return Opened(run.names[bytes.fromhex(bid["bidder"].removeprefix("0x"))], bid["status"], prices)


async def _verified(run: RecordRun) -> Bundle:
    found = await run.stage.bundle(run.conduct, withBox=1)
    verdict = verify(found, run.stage.around.trust)
    if not verdict.ok:
        failed = [f"{claim.code}: {claim.problem}" for claim in verdict.failed]
        raise LostError(f"The bundle of {run.sample.id} does not verify: {failed[0]}", failed=failed)
    return Bundle.from_bytes(found)


async def _need_slips(run: RecordRun) -> None:
    """Check that the city accounts for every slip that any city acknowledged."""
    sent = [attempt for bidder in run.bidders.values() for attempt in bidder.device.journal(run.conduct.tender).sent()]
    slips = [attempt.slip for attempt in sent if attempt.slip and attempt.read_json("acknowledgements.json")]
    explained = (await run.conduct.city.get(f"{run.conduct.path}/explain"))["slips"]
    known = {slip["slip"] for slip in explained}
    missing = {"0x" + hashlib.sha256(slip).hexdigest() for slip in slips} - known
    if missing:
        raise LostError("A slip that was acknowledged is in no list and in no explanation.", slips=sorted(missing))
