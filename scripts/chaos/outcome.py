"""What came out of a tender, in words that two runs of it have in common: names for keys, kinds for entries."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from api.robots.record import LOT, RecordRun
from ledger.acts import Envelope
from ledger.errors import SunbidError
from witness.audit.bundle import Bundle
from witness.audit.verify import verify

_NOT_YET = "bundle.not_yet"


class LostError(SunbidError):
    """Something that was acknowledged is nowhere."""

    code = "chaos.lost"


@dataclass(frozen=True)
class Opened:
    """One bid of the list: its bidder, what became of it, and what was read out."""

    bidder: str
    status: str
    prices: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Outcome:
    """The end of a tender: the award, the list, and the kinds of its entries in the city's public log.

    The kinds are a sorted sequence: two entries that do not wait for each other may come in either order.
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
    kinds = [entry.disclosed.body.kind.value for entry in bundle.entries if entry.disclosed]
    return Outcome(
        state=(await run.conduct.state())["state"],
        winner=winner,
        bids=frozenset(opened),
        listed=len(opened),
        entries=tuple(sorted(kinds)),
    )


def _opened(run: RecordRun, bid: dict[str, Any]) -> Opened:
    prices = tuple((price["currency"], Decimal(price["amount"])) for price in bid["prices"] or ())
    return Opened(run.names[bytes.fromhex(bid["bidder"].removeprefix("0x"))], bid["status"], prices)


async def _verified(run: RecordRun) -> Bundle:
    found = b""

    async def made() -> bool:
        nonlocal found
        try:
            found = await run.conduct.city.get_bytes(f"{run.conduct.path}/bundle", withBox=1)
        except SunbidError as error:
            if error.code != _NOT_YET:
                raise
            return False
        return True

    await run.stage.pulse.until(made, "the tender's last events on the chain")
    verdict = verify(found, run.stage.around.trust)
    if not verdict.ok:
        raise LostError("The bundle does not verify.", failed=[claim.code for claim in verdict.failed])
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
