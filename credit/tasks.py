"""What runs around the credit service: the chain before a unit of work, the unit of work, and the loops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from credit import repository
from credit.domain import CreditError
from credit.models import CreditOccasionRow
from credit.service import LEDGER, CreditCall, CreditService, CreditSubmission
from ledger.chain.client import ChainClient, ContractRevertedError
from ledger.chain.indexer import Indexer
from ledger.clock import Clock, to_unix
from ledger.db import Database
from ledger.json_fields import read_b32, read_integer
from ledger.outbox import mark_done, take

AWARD_TOPIC = "event.award"
AWARD_RULE = "award-won"
_BATCH = 100


@dataclass(frozen=True)
class CreditContext:
    """What the tasks on credit need; one a process."""

    database: Database
    chain: ChainClient
    clock: Clock
    service: CreditService


def follow(indexer: Indexer, service: CreditService) -> None:
    """Have credit follow the ledger's events; register before the indexer's first run."""
    indexer.on(LEDGER, "CreditPosted", service.take_event)
    indexer.on_undo(repository.forget_from)


async def submit(context: CreditContext, submission: CreditSubmission) -> CreditCall:
    """Take a credit act: check it, try it on the chain, keep it and have it posted."""
    now = to_unix(context.clock.now())
    async with context.database.reading() as session:
        call = await context.service.check(session, submission, now)
    signed = submission.signed
    try:
        await context.chain.call(LEDGER, call.function, signed.act, signed.signature, signed.chain)
    except ContractRevertedError as error:
        if error.revert.name != "ActAccepted":
            raise CreditError(f"CreditLedger would refuse the act: {error.revert}", code="credit.contract_refuses",
                              reason=error.revert.name) from error  # fmt: skip
    async with context.database.unit_of_work() as session:
        return await context.service.take(session, submission, now)


async def run_occasions(context: CreditContext) -> bool:
    """Note awards as occasions that a credit authority may decide on; a record comes only from its own act."""
    async with context.database.unit_of_work() as session:
        items = await take(session, AWARD_TOPIC, _BATCH)
        for item in items:
            session.add(_occasion(item.key, item.payload))
        await mark_done(session, items)
    return bool(items)


def _occasion(key: str, payload: Mapping[str, Any]) -> CreditOccasionRow:
    subject, at = read_b32(payload["winner"], "winner"), read_integer(payload["at"], "at")
    return CreditOccasionRow(key=key, subject=subject, rule=AWARD_RULE, facts=dict(payload), at=at)
