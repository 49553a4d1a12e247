"""Cosignatures, from both sides: the own checkpoints are brought to every partner's witness, and theirs to ours.

The protocol is C2SP tlog-witness. The own witness compares with what it stored, moves its head by compare-and-set,
and commits that before the cosignature leaves the house.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from ledger.errors import SunbidError
from ledger.failpoints import Failpoint, reach
from witness.log.add_checkpoint import (
    SIZE_CONTENT_TYPE,
    AddCheckpoint,
    Decision,
    KnownLog,
    Status,
    decide,
    format_conflict,
    parse_conflict,
    parse_cosignatures,
)
from witness.log.box_repository import BoxRepository
from witness.log.checkpoint import Checkpoint
from witness.log.cosignature import CosignatureVerifier
from witness.log.mirror import collect
from witness.log.node import LogNode
from witness.log.note import Note, NoteError, NoteVerifier
from witness.log.partners import PartnerFaultError, with_each_partner
from witness.log.ports import Answer, Partner, TreeHead
from witness.log.repository import TreeRepository
from witness.log.service import LogReader
from witness.log.times import need_right_clock

PATH = "/witness/add-checkpoint"
TEXT = "text/plain; charset=utf-8"


async def run_cosign(node: LogNode) -> bool:
    """Get what each partner has not signed yet of the own logs; return whether anything came.

    Cosignatures of both logs' newest checkpoints, and the witnesses' `BoxCheckpoint`s of the sealed one.
    """

    async def work(partner: Partner) -> bool:
        moved = False
        for origin in (node.city.public_origin_id, node.city.sealed_origin_id):
            moved = await _bring(node, partner, origin) or moved
        return await collect(node, partner, node.city.sealed_origin_id) or moved

    await node.clock.refresh()
    return await with_each_partner(node, work)


async def _bring(node: LogNode, partner: Partner, origin: bytes) -> bool:
    """Bring the newest checkpoint of an own log to a partner's witness, unless it cosigned that one."""
    async with node.database.reading() as session:
        known = await TreeRepository(session).cosigned_size(origin, partner.city.id32)
        row = await TreeRepository(session).checkpoint(origin)
        if row is None or row.size <= known:
            return False
        note = Note.parse(row.note.encode())
    line = await _cosignature(node, partner, note, known)
    reach(Failpoint.COSIGN_RECEIVED)
    async with node.database.unit_of_work() as session:
        await TreeRepository(session).add_cosignature(origin, row.size, partner.city.id32, line)
    reach(Failpoint.COSIGN_STORED)
    return True


async def _cosignature(node: LogNode, partner: Partner, note: Note, known: int) -> str:
    """Return the partner's cosignature line on `note`; a witness that holds another size than `known` says which."""
    checkpoint = Checkpoint.parse(note.text)
    size = known
    for _ in range(2):
        async with node.database.reading() as session:
            proof = await LogReader(session).consistency(checkpoint.origin_id, size, checkpoint.size)
        answer = await partner.transport.post(PATH, bytes(AddCheckpoint(size, tuple(proof), note)))
        if answer.status != Status.CONFLICT:
            return _read(answer, note, partner)
        size = _size_there(answer, checkpoint)
    raise PartnerFaultError("the witness refuses the size that it names itself", code="partner.witness")


def _read(answer: Answer, note: Note, partner: Partner) -> str:
    if answer.status != Status.COSIGNED:
        text = answer.body[:200].decode("utf-8", "replace").strip()
        raise PartnerFaultError(f"the witness answered {answer.status}: {text}", code="partner.witness")
    try:
        return str(parse_cosignatures(answer.body, note, CosignatureVerifier(partner.cosigner_vkey)))
    except NoteError as error:
        raise PartnerFaultError(f"false cosignature: {error.message}", code="partner.cosignature") from error


def _size_there(answer: Answer, checkpoint: Checkpoint) -> int:
    try:
        size = parse_conflict(answer.body)
    except NoteError as error:
        raise PartnerFaultError(f"the witness's conflict: {error.message}", code="partner.witness") from error
    if size > checkpoint.size:
        raise PartnerFaultError("the witness cosigned a larger log than ours: is this an old backup?")
    return size


# --- the own witness ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WitnessAnswer:
    """What `POST /witness/add-checkpoint` answers."""

    status: int
    body: bytes
    content_type: str = TEXT


async def answer_add_checkpoint(node: LogNode, body: bytes) -> WitnessAnswer:
    """Return the answer to a partner log's request; a cosignature is returned only after its size is committed.

    Raises `ClockOffError` when this city's clock cannot date a signature.
    """
    try:
        request = AddCheckpoint.parse(body)
    except SunbidError as error:
        return _refusal(Decision(Status.MALFORMED, reason=error.message))
    keys = _keys_of(node, request.origin)
    if keys is None:
        return _refusal(decide(request, None))
    async with node.database.unit_of_work() as session:
        need_right_clock(await BoxRepository(session).clock_off_by(node.city.id32))
        answer = await _decide(node, session, request, keys)
    if answer.status == Status.COSIGNED:
        reach(Failpoint.WITNESS_COMMITTED)
    return answer


async def _decide(
    node: LogNode, session: AsyncSession, request: AddCheckpoint, keys: tuple[NoteVerifier, ...]
) -> WitnessAnswer:
    box = BoxRepository(session)
    origin = Checkpoint(request.origin, 0, KnownLog(()).root).origin_id
    held = await box.witness_head(origin)
    decision = decide(request, KnownLog(keys, held.size, held.root) if held else KnownLog(keys))
    if decision.checkpoint is None:
        return _refusal(decision)
    head = TreeHead(decision.checkpoint.size, decision.checkpoint.root)
    if head != held and not await box.move_witness_head(origin, held, head):
        moved = await box.witness_head(origin)
        return _refusal(Decision(Status.CONFLICT, size=moved.size if moved else 0))
    reach(Failpoint.WITNESS_MOVED)
    return WitnessAnswer(Status.COSIGNED, str(node.cosigner.cosign(request.note.text, node.now)).encode())


def _keys_of(node: LogNode, line: str) -> tuple[NoteVerifier, ...] | None:
    for partner in node.partners:
        if line in (partner.city.public_origin, partner.city.sealed_origin):
            return (NoteVerifier(partner.log_vkey(line)),)
    return None


def _refusal(decision: Decision) -> WitnessAnswer:
    if decision.status is Status.CONFLICT:
        return WitnessAnswer(Status.CONFLICT, format_conflict(decision.size or 0), SIZE_CONTENT_TYPE)
    return WitnessAnswer(decision.status, f"{decision.reason}\n".encode())
