"""The witness logs over HTTP: tlog-tiles, disclosed entries, the witness, box checkpoints, attested blocks.

A log is named `public` or `sealed` (this city's own), or by the 0x hex id of a partner's origin, whose slips this
city keeps as a witness: when the origin is silent, or shows others another box, its slips are still here.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.deps import Node
from api.schemas.hexadecimal import Id32
from api.schemas.media import Octets, Text
from api.schemas.problem import refuses, takes
from ledger.errors import SunbidError
from witness.log.add_checkpoint import SIZE_CONTENT_TYPE, Status
from witness.log.attest import attest
from witness.log.checkpoint import Checkpoint
from witness.log.cosign import answer_add_checkpoint
from witness.log.node import LogNode
from witness.log.proof_file import ProofFile
from witness.log.service import LogReader, PublicLog
from witness.log.tiles import Tile
from witness.log.wire import PAGE_SIZES, BoxPage

router = APIRouter(tags=["witness log"])

MAX_ADD_CHECKPOINT = 64 * 1024
IMMUTABLE = "public, max-age=31536000, immutable"
_MAX_SIZE = 2**63 - 1
_REASON = {"content": {"text/plain": {"schema": {"type": "string"}}}}
_WITNESS_ANSWERS: dict[int | str, dict[str, Any]] = {
    Status.MALFORMED.value: {"description": "Not a request of the protocol.", **_REASON},
    Status.UNTRUSTED.value: {"description": "The checkpoint is not signed by its log.", **_REASON},
    Status.UNKNOWN_LOG.value: {"description": "No log of a partner has this origin.", **_REASON},
    Status.CONFLICT.value: {
        "description": "The witness holds another size: it is the answer.",
        "content": {SIZE_CONTENT_TYPE: {"schema": {"type": "string"}}},
    },
    Status.INCONSISTENT.value: {"description": "The proof does not lead to the checkpoint.", **_REASON},
}
"""What the protocol answers in words, beside the problem documents of every address."""

Size = Annotated[int, Path(ge=0, le=_MAX_SIZE)]


class LogRequestError(SunbidError):
    """A request for a log that is not here or larger than the protocol allows."""

    code = "log.unknown"


async def get_logs(node: Node) -> LogNode:
    """Return this city's logs."""
    logs: LogNode = node.logs
    return logs


Logs = Annotated[LogNode, Depends(get_logs)]


@router.get("/log/{kind}/checkpoint", response_class=Text, openapi_extra=refuses("log.unknown", "checkpoint.not_found"))
async def get_checkpoint(kind: str, logs: Logs) -> Response:
    """Return the newest signed checkpoint of an own log with its cosignatures (C2SP tlog-checkpoint)."""
    async with logs.database.reading() as session:
        note = await LogReader(session).checkpoint(_origin(kind, logs))
    if note is None:
        raise LogRequestError("this log has no checkpoint yet", code="checkpoint.not_found")
    return Text(bytes(note), headers={"Cache-Control": "no-cache"})


@router.get(
    "/log/{kind}/tile/{path:path}",
    response_class=Octets,
    openapi_extra=refuses("log.unknown", "tile.malformed", "tile.unknown"),
)
async def get_tile(kind: str, path: str, logs: Logs) -> Response:
    """Return a hash tile or an entry bundle (C2SP tlog-tiles)."""
    tile = Tile.parse(f"tile/{path}")
    async with logs.database.reading() as session:
        data = await LogReader(session).tile(_origin(kind, logs), tile)
    # A partial tile is immutable too: its width is part of its name.
    return Octets(data, headers={"Cache-Control": IMMUTABLE})


@router.get("/log/public/entry/{index}", openapi_extra=refuses("entry.not_found"))
async def get_entry(index: Size, logs: Logs) -> dict[str, Any]:
    """Return nonce and body of an entry of the public log, if they are disclosed."""
    async with logs.database.reading() as session:
        return (await PublicLog(logs.city.public_origin_id).entry(session, index)).to_json()


@router.get("/log/public/proof/{index}", response_class=Text, openapi_extra=refuses("entry.not_found"))
async def get_proof(index: Size, logs: Logs) -> Response:
    """Return the proof that entry `index` is in the log, under the first checkpoint that holds it (C2SP tlog-proof)."""
    origin = logs.city.public_origin_id
    async with logs.database.reading() as session:
        reader = LogReader(session)
        note = await reader.checkpoint_covering(origin, index)
        if note is None:
            raise LogRequestError("the log has not grown to this entry", code="entry.not_found", index=index)
        included = await reader.inclusion(origin, index, Checkpoint.parse(note.text).size)
    return Text(bytes(ProofFile(index, included.proof, note)))


@router.post(
    "/witness/add-checkpoint",
    response_class=Text,
    responses=_WITNESS_ANSWERS,
    openapi_extra=takes("text/plain", "The old size, the proof and the signed checkpoint.", "clock.unavailable"),
)
async def add_checkpoint(request: Request, logs: Logs) -> Response:
    """Cosign a partner log's checkpoint if it extends what this witness cosigned before (C2SP tlog-witness)."""
    answer = await answer_add_checkpoint(logs, await _limited_body(request))
    return Response(answer.body, answer.status, media_type=answer.content_type)


@router.get("/witness/faults")
async def get_faults(logs: Logs) -> dict[str, Any]:
    """Return which partner cities gave this one wrong answers, what was wrong, and when last; latest first."""
    names = {partner.city.id32: partner.city.name for partner in logs.partners}
    async with logs.database.reading() as session:
        found = await LogReader(session).partner_faults()
    return {
        "faults": [
            {
                "city": names.get(row.city, "0x" + row.city.hex()),
                "code": row.code,
                "message": row.message,
                "lastSeen": row.last_seen,
            }
            for row in found
        ]
    }


@router.get("/box/{origin}")
async def get_box(origin: Id32, logs: Logs, after: Annotated[int, Query(ge=0, le=_MAX_SIZE)] = 0) -> dict[str, Any]:
    """Return who signed which checkpoints of a sealed log beyond `after`, smallest first, a page of sizes at a time."""
    async with logs.database.reading() as session:
        reader = LogReader(session)
        found = await reader.box_checkpoints(origin, after=after, sizes=PAGE_SIZES)
        return BoxPage(logs.now, tuple(found), tuple(await reader.equivocations(origin))).to_json()


@router.get("/box/{origin}/{size}")
async def get_box_checkpoint(
    origin: Id32, size: Annotated[int, Path(ge=0, le=_MAX_SIZE)], logs: Logs
) -> dict[str, Any]:
    """Return who signed the checkpoint of a sealed log at this size; each signature is the same for ever."""
    async with logs.database.reading() as session:
        found = await LogReader(session).box_checkpoint(origin, size)
    return BoxPage(logs.now, tuple(found)).to_json()


@router.get("/attestation/{number}", openapi_extra=refuses("attestation.not_yet", "attestation.conflict"))
async def get_attestation(number: Size, logs: Logs) -> dict[str, Any]:
    """Return this city's attestation of a final block of its own chain node."""
    return (await attest(logs, number)).to_json()


def _origin(kind: str, logs: LogNode) -> bytes:
    """Return the origin id that a path names: an own log by its kind, any log kept here by its id."""
    own = {"public": logs.city.public_origin_id, "sealed": logs.city.sealed_origin_id}
    if kind in own:
        return own[kind]
    try:
        origin = bytes.fromhex(kind.removeprefix("0x"))
    except ValueError:
        origin = b""
    if len(origin) != 32:
        raise LogRequestError("a log is named public, sealed, or by the 0x hex id of its origin")
    return origin


async def _limited_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_ADD_CHECKPOINT:
            raise LogRequestError("a request of the witness protocol is smaller", code="add_checkpoint.too_large")
    return bytes(body)
