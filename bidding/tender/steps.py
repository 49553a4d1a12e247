"""Steps that the law asks for and no act is signed for: questions, clarifications, contract, performance, archive.

Who takes them is known by sign-in (the session's organisation and role), the paper they rest on is kept by its hash,
and the public log witnesses them like any other step of the table.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.tender import repository
from bidding.tender.domain import Actor, Step, Subject, TenderError, TenderState, need, row
from bidding.tender.models import TenderLotRow, TenderRow
from bidding.tender.records import pack_of, timeline
from ledger.acts import Role
from ledger.json_fields import to_hex
from witness.log.entry import Evidence
from witness.log.event import Event
from witness.log.kinds import ActorRole, EvidenceKind
from witness.log.service import PublicLog

STEPS = frozenset({Step.ASK, Step.CLARIFY, Step.CONTRACT, Step.PERFORM, Step.ARCHIVE})
"""The steps that are taken here."""

_ROLES = {
    Role.TENDERER: (Actor.TENDERER, ActorRole.TENDERER),
    Role.AGENCY: (Actor.AGENCY, ActorRole.AGENCY),
    Role.BIDDER: (Actor.BIDDER, ActorRole.BIDDER),
    Role.CENTRE: (Actor.CENTRE, ActorRole.CENTRE),
}


@dataclass(frozen=True)
class StepRequest:
    """A step with the paper it rests on; `lot` for the steps of a lot, `organisation` and `role` of who signed in."""

    tender: bytes
    lot: int | None
    step: Step
    organisation: bytes
    role: Role
    document: bytes


class StepService:
    """The use case of all steps without an act."""

    def __init__(self, log: PublicLog) -> None:
        self._log = log

    async def take(self, session: AsyncSession, request: StepRequest, now: int) -> bytes:
        """Take the step and return the SHA-256 of its paper; the same again is refused by the table or changes nothing.

        A question is published without who asked it (REG 22).
        """
        found = row(request.step)
        if request.step not in STEPS or request.role not in _ROLES:
            raise TenderError(f"{request.step} is taken by a signed act, not here", code="tender.not_a_step")
        tender = await repository.get(session, request.tender)
        if (request.lot is not None) != (found.subject is Subject.LOT):
            raise TenderError(f"{request.step} is a step of the {found.subject}", code="tender.step_subject")
        lot = None if request.lot is None else await repository.lot(session, request.tender, request.lot)
        await self._need(session, request, tender, lot, now)
        sha256 = await repository.keep_document(
            session, request.tender, request.document, request.step.value, lot_number=request.lot
        )
        if lot is not None and found.target is not None:
            lot.state, tender.stale = found.target.value, True
        await self._witness(session, request, sha256, now)
        return sha256

    async def _need(
        self, session: AsyncSession, request: StepRequest, tender: TenderRow, lot: TenderLotRow | None, now: int
    ) -> None:
        actor = _ROLES[request.role][0]
        if actor is Actor.TENDERER and request.organisation != tender.tenderer:
            raise TenderError("this is another organisation's tender", code="tender.not_allowed")
        announced = tender.announcement or {}
        if actor is Actor.AGENCY and to_hex(request.organisation) != announced.get("agency"):
            raise TenderError("the announcement names another agency, or none", code="tender.not_allowed")
        state = TenderState(lot.state if lot else tender.state)
        terms = (await pack_of(session, tender)).terms
        need(request.step, state, (actor,), timeline(tender, lot), terms, now, suspended=tender.suspended)

    async def _witness(self, session: AsyncSession, request: StepRequest, sha256: bytes, now: int) -> None:
        kind = row(request.step).witnessed
        assert kind is not None
        asked = request.step is Step.ASK
        event = Event(
            kind,
            now,
            _ROLES[request.role][1],
            tender=request.tender,
            lot=request.lot,
            actor=None if asked else request.organisation,
            evidence=(Evidence(EvidenceKind.FILE, f"document:{to_hex(sha256)}", sha256),),
        )
        await self._log.append(session, event, key=f"{request.step}/{request.tender.hex()}/{sha256.hex()}")
