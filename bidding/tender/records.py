"""Kept acts: whose signature it is, in what capacity, and the row that an act with its papers becomes."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.tender import repository
from bidding.tender.domain import Actor, TenderError, Timeline
from bidding.tender.models import TenderActRow, TenderLotRow, TenderRow, Visibility
from bidding.tender.notice import Notice, parse_notice
from bidding.tender.rules import RulePack
from bidding.tender.rules import parse as parse_pack
from ledger.acts import Role, Scope
from ledger.signed import Domains, Signed

_ROLES = {Role.TENDERER: Actor.TENDERER, Role.CENTRE: Actor.CENTRE, Role.SUPERVISOR: Actor.SUPERVISOR,
          Role.EXPERT: Actor.EXPERT, Role.BIDDER: Actor.BIDDER}  # fmt: skip


def actor_of(signed: Signed, organisation: bytes) -> Actor:
    """Return in what capacity the papers let their key act for this organisation."""
    papers = signed.chain
    role = papers.credential.role
    if papers.credential.organisation != organisation or role not in _ROLES:
        raise TenderError("the papers are for another organisation or role", code="authority.credential")
    if papers.delegation is None:
        return _ROLES[Role(role)]
    if role != Role.TENDERER or not papers.delegation.scope & Scope.CONDUCT:
        raise TenderError("the delegation does not let this key conduct a tender", code="authority.delegation")
    return Actor.AGENCY


async def pack_of(session: AsyncSession, row: TenderRow) -> RulePack:
    """Return the rule pack that a tender was announced with."""
    if row.rule_pack is None:
        raise TenderError("this city does not conduct the tender: ask the city of its first origin",
                          code="tender.elsewhere")  # fmt: skip
    document = await repository.document(session, row.tender, row.rule_pack)
    assert document is not None
    return parse_pack(document.content)


async def notice_of(session: AsyncSession, row: TenderRow) -> Notice:
    """Return the notice in force."""
    document = await repository.document(session, row.tender, row.notice or b"")
    if document is None:
        raise TenderError("this city does not keep the notice: ask the city of the tender's first origin",
                          code="tender.elsewhere")  # fmt: skip
    return parse_notice(document.content)


def timeline(row: TenderRow, lot: TenderLotRow | None = None) -> Timeline:
    """Return the moments that the windows of the table depend on."""
    moments = Timeline(row.deadline, row.announced_at, row.closing_at, row.open_from)
    if lot is None:
        return moments
    return Timeline(row.deadline, row.announced_at, row.closing_at, row.open_from, lot.since, lot.reported_at,
                    lot.published_at, lot.decided_at)  # fmt: skip


async def keep_act(
    session: AsyncSession,
    signed: Signed,
    domains: Domains,
    now: int,
    *,
    tx_key: str | None = None,
    body: bytes | None = None,
    visibility: Visibility = Visibility.PUBLIC,
) -> bool:
    """Keep a signed act once; `body` is the SHA-256 of the document that it is about. Return whether it was new."""
    digest, signer = signed.digest(domains), signed.signer(domains)
    if await repository.act(session, digest, signer) is not None:
        return False
    session.add(
        TenderActRow(
            digest=digest,
            signer=signer,
            tender=signed.act.tender,  # type: ignore[attr-defined]
            lot=getattr(signed.act, "lot", None),
            type=type(signed.act).name(),
            act=signed.act.to_json(),
            signature=signed.signature,
            chain=signed.chain.to_json(),
            body=body,
            taken_at=now,
            visibility=visibility.value,
            tx_key=tx_key,
        )
    )
    await session.flush()
    return True
