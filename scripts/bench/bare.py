"""What a submission is at the least: an endpoint that checks one signature, writes, forwards and commits.

Origin and partner are the same bare application; the partner has nobody to forward to. Each writes the rows that a door
writes, in the same tables: the origin its own, then the bytes go on, then the partner's answer, all in one transaction.
Nothing is looked up, nothing is signed, nobody has a session or a quota.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from fastapi import FastAPI, Request, Response
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bidding.box.models import QuotaHour, StoredAcknowledgement, StoredSlip
from ledger.db import Base
from ledger.federation.verify import SeenNonce
from ledger.keys import recover
from witness.log.models import QueuedSlipRow

SIGNATURE = "Bench-Signature"
"""The request's header with the 65-byte signature of the slip's SHA-256, in hex."""

_MOMENT = datetime(2026, 6, 1, 9, tzinfo=UTC)
_NOW = int(_MOMENT.timestamp())
_QUOTA, _QUEUE, _SLIP, _ACKNOWLEDGEMENT, _NONCE = (
    Base.metadata.tables[model.__tablename__]
    for model in (QuotaHour, QueuedSlipRow, StoredSlip, StoredAcknowledgement, SeenNonce)
)
_ORIGIN, _CITY, _PARTNER = (secrets.token_bytes(32) for _ in range(3))
_SIGNED = secrets.token_bytes(65)


@dataclass(frozen=True)
class BareCity:
    """One bare endpoint with its database; `partner` is whom it forwards to, None where it is the one that is asked."""

    engine: AsyncEngine
    partner: httpx.AsyncClient | None = None

    @property
    def app(self) -> FastAPI:
        """The application."""
        app = FastAPI(openapi_url=None)
        app.add_api_route("/slips", self.take if self.partner else self.keep, methods=["POST"])
        return app

    async def take(self, request: Request) -> Response:
        """Check one signature, write, forward, write the answer, commit."""
        assert self.partner is not None
        slip, signature = await request.body(), request.headers[SIGNATURE]
        slip_hash = hashlib.sha256(slip).digest()
        account = recover(slip_hash, bytes.fromhex(signature)).ljust(32, b"\0")
        own = _acknowledgement(_CITY, slip_hash)
        async with self.engine.begin() as connection:
            await _count(connection, account)
            await connection.execute(_QUEUE.insert(), _queued(slip, slip_hash, account))
            await _keep(connection, slip, slip_hash, _CITY)
            body = orjson.dumps({"slip": "0x" + slip.hex(), "acknowledgement": own})
            answer = await self.partner.post("/slips", content=body, headers={SIGNATURE: signature})
            theirs = orjson.loads(answer.raise_for_status().content)
            await connection.execute(_ACKNOWLEDGEMENT.insert(), _acknowledged(slip_hash, _PARTNER))
        both = {"origin": own["act"]["origin"], "slip": own["act"]["slip"], "acknowledgements": [own, theirs]}
        return Response(orjson.dumps(both), 201, media_type="application/json")

    async def keep(self, request: Request) -> Response:
        """Check one signature, write, commit."""
        slip = bytes.fromhex(orjson.loads(await request.body())["slip"][2:])
        slip_hash = hashlib.sha256(slip).digest()
        account = recover(slip_hash, bytes.fromhex(request.headers[SIGNATURE])).ljust(32, b"\0")
        async with self.engine.begin() as connection:
            await connection.execute(_NONCE.insert(), {"key": account, "nonce": slip_hash[:16], "expires_at": _NOW})
            await _keep(connection, slip, slip_hash, _CITY, _PARTNER)
            await _count(connection, _CITY)
        return Response(orjson.dumps(_acknowledgement(_PARTNER, slip_hash)), 201, media_type="application/json")


async def _count(connection: AsyncConnection, account: bytes) -> None:
    row = {"account": account, "hour": _NOW // 3600, "octets": 0, "streams": 0, "slips": 1}
    statement = postgresql.insert(_QUOTA).values(row)
    one_more = {"slips": _QUOTA.c.slips + 1}
    await connection.execute(statement.on_conflict_do_update(index_elements=["account", "hour"], set_=one_more))


async def _keep(connection: AsyncConnection, slip: bytes, slip_hash: bytes, *cities: bytes) -> None:
    row = {"slip_hash": slip_hash, "origin": _ORIGIN, "slip": slip, "received_at": _MOMENT}
    await connection.execute(_SLIP.insert(), row)
    await connection.execute(_ACKNOWLEDGEMENT.insert(), [_acknowledged(slip_hash, city) for city in cities])


def _queued(slip: bytes, slip_hash: bytes, account: bytes) -> dict[str, Any]:
    return {"slip_hash": slip_hash, "slip": slip, "account": account, "received_at": _MOMENT, "merge_by": _NOW}


def _acknowledged(slip_hash: bytes, city: bytes) -> dict[str, Any]:
    times = {"received_at": _NOW, "merge_by": _NOW}
    return {"slip_hash": slip_hash, "origin": _ORIGIN, "city": city, "signature": _SIGNED, **times}


def _acknowledgement(city: bytes, slip_hash: bytes) -> Mapping[str, Any]:
    times = {"receivedAt": _NOW, "mergeBy": _NOW}
    act = {"origin": "0x" + _ORIGIN.hex(), "slip": "0x" + slip_hash.hex(), **times}
    return {"city": "0x" + city.hex(), "act": act, "signature": "0x" + _SIGNED.hex()}
