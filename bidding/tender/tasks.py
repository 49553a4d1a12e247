"""What runs around the services: the network before a unit of work, the unit of work itself, and the loops.

Every task is idempotent and tells whether it did something; the database is the queue of record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box.book import read_tender
from bidding.tender import repository
from bidding.tender.domain import TenderError
from bidding.tender.projection import refresh
from bidding.tender.service import BOOK, Checked, TenderService
from bidding.tender.signed import Submission
from ledger.acts import Role, Scope
from ledger.chain.client import REGISTRY, ChainClient, ContractRevertedError
from ledger.clock import Clock, to_unix
from ledger.db import Database
from ledger.signed import Domains, Signed


class RecordTaker(Protocol):
    """A service that takes acts which never go to TenderBook."""

    async def take(self, session: AsyncSession, submission: Submission, now: int) -> bytes:
        """Check and keep an act, and return its digest."""
        ...


@dataclass(frozen=True)
class TenderContext:
    """What the tasks on tenders need; one a process."""

    database: Database
    chain: ChainClient
    clock: Clock
    domains: Domains
    service: TenderService
    own_origins: frozenset[bytes]


async def submit(context: TenderContext, submission: Submission) -> Checked:
    """Take an act for TenderBook: read the chain, try the call there, keep the act and have it sent.

    Refusals come with this city's reason where its rules see the fault, else with the contract's. The same act again
    has the same answer.
    """
    async with context.database.reading() as session:
        if (known := await context.service.known(session, submission)) is not None:
            return known
    await refresh_tender(context, submission.signed.act.tender)  # type: ignore[attr-defined]
    now = to_unix(context.clock.now())
    async with context.database.reading() as session:
        checked = await context.service.check(session, submission, now)
    try:
        await context.chain.call(BOOK, checked.call.function, *checked.call.args)
    except ContractRevertedError as error:
        raise TenderError(f"TenderBook would refuse the act: {error.revert}", code="tender.contract_refuses",
                          reason=error.revert.name) from error  # fmt: skip
    async with context.database.unit_of_work() as session:
        return await context.service.take(session, submission, now)


async def submit_record(context: TenderContext, taker: RecordTaker, submission: Submission, role: Role) -> bytes:
    """Take an act that stays off the chain, once CityRegistry says that its signer may act in `role` now."""
    await authorise(context.chain, context.domains, submission.signed, role)
    await refresh_tender(context, submission.signed.act.tender)  # type: ignore[attr-defined]
    async with context.database.unit_of_work() as session:
        return await taker.take(session, submission, to_unix(context.clock.now()))


async def authorise(chain: ChainClient, domains: Domains, signed: Signed, role: Role) -> None:
    """Refuse a signature whose papers CityRegistry does not accept now, with its reason."""
    act, papers = signed.act, signed.chain
    scope = Scope.CONDUCT if role == Role.TENDERER else Scope.OBJECT
    args = (
        signed.digest(domains), signed.signature, papers, papers.credential.organisation, int(role), int(scope),
        getattr(act, "tender", bytes(32)),
    )  # fmt: skip
    try:
        await chain.call(REGISTRY, "authorise", *args)
    except ContractRevertedError as error:
        raise TenderError(f"CityRegistry does not accept the papers: {error.revert}", code="authority.refused",
                          reason=error.revert.name) from error  # fmt: skip


async def refresh_tender(context: TenderContext, tender: bytes) -> bool:
    """Read a tender from the chain into the database; return whether the chain knows it."""
    at = await read_tender(context.chain, tender, await context.chain.block())
    if at is None:
        return False
    async with context.database.unit_of_work() as session:
        await refresh(session, at, context.own_origins)
    return True


async def run_refresh(context: TenderContext) -> bool:
    """Read again every tender that the chain has said something about."""
    async with context.database.reading() as session:
        tenders = list(await repository.stale(session))
    return any([await refresh_tender(context, tender) for tender in tenders])
