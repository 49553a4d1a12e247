"""Posting credit records and answering for them.

An authority signs an act whose `body` is a commitment; the city keeps body, nonce and paper, relays the act to
CreditLedger and answers queries from bodies. Nothing here commits or asks the network: `credit.tasks` does both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from credit import repository
from credit.catalogue import Catalogue
from credit.domain import (
    Body,
    CreditError,
    DecisionBody,
    EndingBody,
    EntryKind,
    Standing,
    need_lawful,
    need_repairable,
    parse_body,
    standing,
)
from credit.models import CreditEntryRow
from ledger.acts import Act, CreditDecision, CreditRepair, CreditRevocation, Role
from ledger.chain.indexer import IndexedEvent
from ledger.chain.sender import ChainSender
from ledger.json_fields import to_hex
from ledger.outbox import OutboxConflictError
from ledger.signed import Domains, Signed
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.service import PublicLog

LEDGER = "CreditLedger"
_FUNCTIONS: dict[type[Act], str] = {
    CreditDecision: "postDecision",
    CreditRevocation: "postRevocation",
    CreditRepair: "postRepair",
}


@dataclass(frozen=True)
class CreditSubmission:
    """A signed credit act with what its commitment hides: nonce (32 bytes) and body, and the paper behind it."""

    signed: Signed
    nonce: bytes
    body: bytes
    document: bytes


@dataclass(frozen=True)
class CreditCall:
    """The act's digest and the call that posts it."""

    digest: bytes
    function: str
    key: str


@dataclass(frozen=True)
class CreditAnswer:
    """What this city answers about a subject: its standing, and the ledger's entries in order."""

    standing: Standing
    entries: tuple[CreditEntryRow, ...]


class CreditService:
    """The use cases of credit in one city; `city` is its 32-byte id."""

    def __init__(
        self, domains: Domains, sender: ChainSender, log: PublicLog, catalogue: Catalogue, city: bytes
    ) -> None:
        self._domains = domains
        self._sender = sender
        self._log = log
        self._catalogue = catalogue
        self._city = city

    async def check(self, session: AsyncSession, submission: CreditSubmission, now: int) -> CreditCall:
        """Return the call that posts this act, or refuse it with the reason. Writes nothing."""
        signed = submission.signed
        function = _FUNCTIONS.get(type(signed.act))
        if function is None:
            raise CreditError(f"{type(signed.act).__name__} is no credit act", code="credit.act")
        signed.signer(self._domains)
        credential = signed.chain.credential
        if credential.role != Role.CREDIT_AUTHORITY or signed.chain.delegation is not None:
            raise CreditError("credit is decided by a competent authority in person", code="credit.authority")
        body = parse_body(submission.body)
        if body.authority != credential.organisation:
            raise CreditError("the body names another authority", code="credit.authority")
        if hashlib.sha256(submission.document).digest() != body.document:
            raise CreditError("send the paper whose SHA-256 the body names", code="document.not_sent")
        await self._need_fitting(session, signed.act, body, submission.nonce, now)
        digest = signed.digest(self._domains)
        return CreditCall(digest, function, f"credit/{digest.hex()}")

    async def take(self, session: AsyncSession, submission: CreditSubmission, now: int) -> CreditCall:
        """Check the act, keep it with body and paper, and have it posted; the same act again changes nothing."""
        call = await self.check(session, submission, now)
        signed = submission.signed
        if await repository.entry(session, call.digest) is None:
            act = signed.act.to_json()
            session.add(
                CreditEntryRow(
                    digest=call.digest,
                    subject=bytes.fromhex(act["subject"][2:]),
                    entry=bytes.fromhex(act["body"][2:]),
                    city=self._city,
                    type=type(signed.act).name(),
                    act=act,
                    signature=signed.signature,
                    chain=signed.chain.to_json(),
                    nonce=submission.nonce,
                    body=submission.body,
                    tx_key=call.key,
                )
            )
            await repository.keep_document(session, parse_body(submission.body).document, submission.document)
        args = (signed.act, signed.signature, signed.chain)
        await self._sender.submit(session, LEDGER, call.function, args, key=call.key)
        return call

    async def _need_fitting(self, session: AsyncSession, act: Act, body: Body, nonce: bytes, now: int) -> None:
        """Refuse an act that does not say what its body says, and one that the rules or former records forbid."""
        if isinstance(body, DecisionBody):
            need_lawful(body, self._catalogue)
            expected: Act = body.act(nonce, self._catalogue)
        else:
            expected = body.act(nonce)
            await self._need_standing_decision(session, body, now)
        if act != expected:
            raise CreditError("the act does not say what body and nonce say", code="credit.disagrees")

    async def _need_standing_decision(self, session: AsyncSession, body: EndingBody, now: int) -> None:
        row = await repository.entry(session, body.decision)
        if row is None or row.index is None or row.subject != body.subject or row.body is None:
            raise CreditError("this city has posted no such decision on the subject", code="credit.decision_unknown")
        decided = parse_body(row.body)
        if not isinstance(decided, DecisionBody):
            raise CreditError("only a decision is revoked or repaired", code="credit.decision_unknown")
        ended = {r.body.decision for r in await repository.records(session, body.subject)
                 if isinstance(r.body, EndingBody)}  # fmt: skip
        if body.decision in ended:
            raise CreditError("the decision has ended already", code="credit.ended")
        if body.kind is EntryKind.REPAIR:
            need_repairable(decided, now, self._catalogue)

    # --- what the ledger says -----------------------------------------------------------------------------------

    async def take_event(self, session: AsyncSession, event: IndexedEvent) -> None:
        """Note an entry that CreditLedger accepted; this city's own are witnessed, once."""
        args = event.args
        row = await repository.entry(session, args["act"])
        if row is None:
            row = CreditEntryRow(digest=args["act"], subject=args["subject"], entry=args["entry"])
            session.add(row)
        row.index, row.posted_at, row.block, row.city = args["index"], event.at, event.block, args["city"]
        await session.flush()
        if row.city == self._city:
            data = {"subject": to_hex(row.subject), "entry": to_hex(row.entry), "index": row.index}
            entry = Event(Kind.CREDIT_RECORDED, event.at, ActorRole.CREDIT_AUTHORITY, act=row.digest, data=dict(data))
            try:
                await self._log.append(session, entry, key=f"credit/{row.digest.hex()}")
            except OutboxConflictError:
                return  # a reorganisation moved it to a block of another time: it is witnessed already

    # --- answers ------------------------------------------------------------------------------------------------

    async def answer(self, session: AsyncSession, subject: bytes, at: int) -> CreditAnswer:
        """Return the subject's standing at `at` by the bodies held here, with all entries of the ledger."""
        found = standing(subject, await repository.records(session, subject), at, self._catalogue)
        return CreditAnswer(found, tuple(await repository.posted(session, subject)))
