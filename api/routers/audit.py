"""Verification bundles: everything by which anybody can check a tender offline."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from api.bundles import make_bundle
from api.deps import CurrentAccount, Node
from api.schemas.hexadecimal import Id32
from api.schemas.media import Archive
from api.schemas.problem import refuses
from api.verdicts import KeptVerdicts
from bidding.tender import repository
from bidding.tender.domain import TenderError
from ledger.acts import Role
from ledger.clock import to_unix
from witness.audit.parts import Profile
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind

router = APIRouter(prefix="/v1/tenders/{tender}", tags=["audit"])

_REFUSED = ("tender.unknown", "tender.elsewhere", "bundle.not_yet", "bundle.list_hidden")


@router.get("/bundle", response_class=Archive, openapi_extra=refuses(*_REFUSED))
async def get_bundle(
    tender: Id32, node: Node, verdicts: KeptVerdicts, with_box: Annotated[bool, Query(alias="withBox")] = False
) -> Response:
    """Return the public bundle: price envelopes opened, of the others that they were; `withBox` adds all slips."""
    if with_box:
        return await _bundle(node, tender, Profile.PUBLIC, with_box=True)
    path = (await verdicts.get(tender)).path  # the file that the tender's page shows the verdict on
    return FileResponse(path, media_type=Archive.media_type, filename=_name(tender))


@router.get("/bundle/full", response_class=Archive, openapi_extra=refuses(*_REFUSED))
async def get_full_bundle(
    tender: Id32, node: Node, account: CurrentAccount, with_box: Annotated[bool, Query(alias="withBox")] = False
) -> Response:
    """Return the bundle with all envelopes opened, to the tender's supervisor; that it was made is an event."""
    async with node.database.reading() as session:
        row = await repository.get(session, tender)
    if account.organisations.get(Role.SUPERVISOR) != row.supervisor:
        raise TenderError("Only the supervisor that the announcement names gets this bundle.", code="access.role")
    answer = await _bundle(node, tender, Profile.FULL, with_box=with_box)
    now = to_unix(node.clock.now())
    async with node.database.unit_of_work() as session:
        event = Event(Kind.BUNDLE_MADE, now, ActorRole.SUPERVISOR, tender=tender, actor=row.supervisor)
        await node.base.public_log.append(session, event)
    return answer


async def _bundle(node: Node, tender: bytes, profile: Profile, *, with_box: bool) -> Response:
    bundle = await make_bundle(node, tender, profile, with_box=with_box)
    content = await asyncio.to_thread(bundle.to_bytes)
    disposition = f'attachment; filename="{_name(tender)}"'
    return Archive(content, headers={"Content-Disposition": disposition})


def _name(tender: bytes) -> str:
    return f"sunbid-{tender.hex()[:16]}.zip"
