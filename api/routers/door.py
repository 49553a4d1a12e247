"""The door: streams and slips of bidders, copies for partner cities, streams of opened boxes.

What comes in is checked for size, form and quota only, and nothing that the city answers or stores ties a slip or an
account to a tender.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import CallingCity, CurrentAccount, Node
from api.schemas.hexadecimal import HexBytes, Id32
from api.schemas.media import Octets
from api.schemas.problem import refuses, takes
from bidding.box.door import Door
from bidding.box.errors import SlipError
from bidding.box.partners import fetch_stream, read_chunk
from bidding.box.wire import CityAcknowledgement
from bidding.sealing.slip import SLIP_SIZE

router = APIRouter(prefix="/v1", tags=["door"])

OCTETS = "application/octet-stream"
_OF_STREAMS = ("stream.head", "stream.malformed", "stream.too_large", "stream.truncated", "quota.octets")
_OF_SLIPS = ("slip.malformed", "slip.too_long", "slip.truncated", "quota.slips")
_MAX_LENGTH = 2**53 - 1
Length = Annotated[int, Header(alias="Sunbid-Length", ge=0, le=_MAX_LENGTH)]


async def get_door(node: Node) -> Door:
    """Return this city's door."""
    return node.bidding.door


CityDoor = Annotated[Door, Depends(get_door)]


class PartnerStream(BaseModel):
    """A stream that a partner city took: whoever is asked to keep it fetches it by its head."""

    model_config = ConfigDict(extra="forbid")
    head: Id32
    length: int = Field(ge=0, le=_MAX_LENGTH)


class PartnerSlip(BaseModel):
    """A slip that a partner city took, with its acknowledgement."""

    model_config = ConfigDict(extra="forbid")
    slip: HexBytes
    acknowledgement: dict[str, Any]


@router.post("/streams", status_code=201, openapi_extra=takes(OCTETS, "The ciphertext stream.", *_OF_STREAMS))
async def take_stream(
    request: Request,
    head: Annotated[Id32, Header(alias="Sunbid-Head")],
    length: Length,
    account: CurrentAccount,
    door: CityDoor,
) -> dict[str, Any]:
    """Keep a ciphertext stream (octets in the body) and return the receipts of this city and of q partners."""
    return (await door.take_stream(account_id(account.address), head, length, request.stream())).to_json()


@router.get("/streams/{head}", response_class=Octets, openapi_extra=refuses("stream.not_found"))
async def get_stream(head: Id32, door: CityDoor) -> Response:
    """Return a stream that an opened box lists; before that it is as if unknown."""
    path, _ = await door.public_stream(head)
    return FileResponse(path, media_type=OCTETS, headers={"Cache-Control": "public, max-age=31536000, immutable"})


@router.post(
    "/slips", status_code=201, openapi_extra=takes(OCTETS, "The slip, 896 octets.", "origin.unknown", *_OF_SLIPS)
)
async def take_slip(
    request: Request,
    origin: Annotated[Id32, Header(alias="Sunbid-Origin")],
    account: CurrentAccount,
    door: CityDoor,
) -> dict[str, Any]:
    """Queue a slip (896 octets in the body) and return the acknowledgements of this city and of q partners."""
    slip = await _read_slip(request)
    return (await door.take_slip(account_id(account.address), origin, slip)).to_json()


@router.post(
    "/partner/streams", status_code=201, openapi_extra=refuses("stream.not_served", "peer.unavailable", *_OF_STREAMS)
)
async def keep_partner_stream(body: PartnerStream, city: CallingCity, node: Node, door: CityDoor) -> dict[str, Any]:
    """Fetch a stream from the partner city that asks, keep it, and return this city's receipt."""
    pieces = fetch_stream(node.base.peers.with_id(city.sender), body.head, body.length)
    return (await door.keep_for_partner(city.sender, body.head, body.length, pieces)).to_json()


@router.get("/partner/streams/{head}/{chunk}", response_class=Octets, openapi_extra=refuses("stream.not_found"))
async def get_partner_chunk(
    head: Id32, chunk: Annotated[int, Path(ge=0, le=2**32)], city: CallingCity, door: CityDoor
) -> Response:
    """Return one stored chunk of a stream to a partner city that was told its head."""
    del city  # any partner may keep a copy; what it gets is ciphertext
    path = await door.kept_stream(head)
    return Octets(await asyncio.to_thread(read_chunk, path, chunk))


@router.post(
    "/partner/slips",
    status_code=201,
    openapi_extra=refuses("peer.signature", "act.malformed", "json.malformed", "signature.invalid", *_OF_SLIPS),
)
async def keep_partner_slip(body: PartnerSlip, city: CallingCity, node: Node, door: CityDoor) -> dict[str, Any]:
    """Keep a slip that a partner city took, and return this city's acknowledgement."""
    theirs = CityAcknowledgement.from_json(body.acknowledgement)

    async def take(session: AsyncSession) -> None:
        await node.base.verifier.take(session, city)

    return (await door.keep_slip_for_partner(city.sender, body.slip, theirs, take)).to_json()


def account_id(address: bytes) -> bytes:
    """Return the id under which quota and queue know an account: it names nobody outside this city."""
    return hashlib.sha256(b"sunbid/account/v1" + address).digest()


async def _read_slip(request: Request) -> bytes:
    """Return the body, which is not read further than a slip is long."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > SLIP_SIZE:
            raise SlipError(f"A slip has {SLIP_SIZE} octets, not more.", code="slip.too_long")
    return bytes(data)
