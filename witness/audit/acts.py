"""The acts of a bundle, sorted by who takes them on which track, each with the moment at which its key has to count.

An act on a contract counts at its block time, which its event in the log names; any other at the time of the checkpoint
that first covers it (acts.md, "A key counts at a moment").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bidding.box.book import TenderAtBlock
from bidding.panel.claims import Authorities, PanelEvidence, Recorded
from bidding.panel.domain import parse_conflict
from ledger.acts import (
    Act,
    AwardDecision,
    ConflictDeclaration,
    DrawRequest,
    EnvelopeExclusion,
    LotFailure,
    OpeningRecord,
    Role,
    SeatAcceptance,
    TenderAmendment,
    TenderAnnouncement,
    TenderResumption,
    TenderSuspension,
    TenderTermination,
)
from ledger.claims import Claim, Words, need, settled
from ledger.errors import SunbidError
from ledger.keys import recover
from ledger.signed import Domains, Signed
from witness.audit.logs import ProvenLog

_ON_TRACKS = (TenderAmendment, TenderSuspension, TenderResumption, TenderTermination)
_ON_LOT = (OpeningRecord, EnvelopeExclusion, AwardDecision, LotFailure)
_IN_PERSON = (EnvelopeExclusion, AwardDecision, LotFailure)
STEPS = _ON_TRACKS + _ON_LOT
"""The acts that TenderBook counts as steps."""


class ActError(SunbidError):
    """An act that is missing, of another tender, or signed by somebody who may not sign it."""

    code = "act.unproven"


@dataclass(frozen=True)
class Acts:
    """All disclosed acts on a tender with papers, in the order they were taken, and the documents they name."""

    signed: Sequence[Signed]
    documents: Mapping[bytes, bytes]
    domains: Domains

    def of(self, *kinds: type[Act]) -> list[Signed]:
        """Return the acts of these types."""
        return [signed for signed in self.signed if isinstance(signed.act, kinds)]

    @property
    def announcement(self) -> tuple[Signed, Signed]:
        """The announcement as tenderer's side and trading centre signed it."""
        found = {signed.chain.credential.role == Role.CENTRE: signed for signed in self.of(TenderAnnouncement)}
        if len(found) != 2 or len(self.of(TenderAnnouncement)) != 2:
            raise ActError("the announcement is signed by the tenderer's side and by the trading centre, once each")
        return found[False], found[True]

    def side(self, *, supervisor: bool) -> tuple[Signed, ...]:
        """Return the acts on the supervisor's or the tenderer's track, by step."""
        own = [s for s in self.of(*_ON_TRACKS) if (s.chain.credential.role == Role.SUPERVISOR) is supervisor]
        return tuple(sorted(own, key=_step))

    def on_lot(self, lot: int) -> tuple[Signed, ...]:
        """Return the acts on a lot's track, by step."""
        return tuple(sorted((s for s in self.of(*_ON_LOT) if _lot(s) == lot), key=_step))

    def document(self, sha256: bytes) -> bytes:
        """Return a document; refuse a bundle that lacks it."""
        if sha256 not in self.documents:
            raise ActError("the bundle lacks a document that an act names", code="bundle.document_missing")
        return self.documents[sha256]

    def documents_of(self, kind: str) -> Iterator[bytes]:
        """Yield the documents of a kind: canonical JSON whose first member says it."""
        prefix = f'{{"kind":"{kind}",'.encode()
        return (content for content in self.documents.values() if content.startswith(prefix))


def _step(signed: Signed) -> int:
    return int(signed.act.step)  # type: ignore[attr-defined]


def _lot(signed: Signed) -> int:
    return int(signed.act.lot)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class DatedActs:
    """The acts, each with its moment from the proven log; an act without an event is an error."""

    acts: Acts
    log: ProvenLog
    at: TenderAtBlock

    @cached_property
    def dated(self) -> tuple[tuple[Signed, int | None], ...]:
        """All acts in order, each with its moment; None for one that the log has no event of."""
        taken: dict[bytes, int] = {}
        return tuple((signed, self._moment(signed, taken)) for signed in self.acts.signed)

    @cached_property
    def recorded(self) -> tuple[Recorded, ...]:
        """The acts that the log has an event of, with their moments; no other act counts for anything."""
        return tuple(Recorded(signed, moment) for signed, moment in self.dated if moment is not None)

    def of(self, *kinds: type[Act]) -> tuple[Recorded, ...]:
        """Return the dated acts of these types."""
        return tuple(recorded for recorded in self.recorded if isinstance(recorded.signed.act, kinds))

    def _moment(self, signed: Signed, taken: dict[bytes, int]) -> int | None:
        """An act that several sign has an event for each of them, in the order in which they signed."""
        if isinstance(signed.act, TenderAnnouncement):
            return self.at.view.announced_at
        digest = signed.digest(self.acts.domains)
        events = self.log.of_act(digest)
        number = taken[digest] = taken.get(digest, -1) + 1
        if number >= len(events):
            return None
        event = events[number]
        assert event.body is not None
        return event.body.occurred_at if isinstance(signed.act, STEPS) else event.logged_by

    def panel(self) -> PanelEvidence:
        """Return the panel's records."""
        snapshot = next(self.acts.documents_of("seat-snapshot"), b"")
        acceptances = tuple(
            (recorded, self.acts.document(recorded.signed.act.text))  # type: ignore[attr-defined]
            for recorded in self.of(SeatAcceptance)
        )
        return PanelEvidence(
            self.at.tender, self.at.view.tenderer, self.of(DrawRequest), snapshot, acceptances, self._conflicts()
        )

    def _conflicts(self) -> dict[bytes, bool]:
        """Return whether each seat's own member declared a conflict; nobody declares for another seat."""
        seated = {s.act.seat: s.signer(self.acts.domains) for s in self.acts.of(SeatAcceptance)}  # type: ignore[attr-defined]
        conflicts: dict[bytes, bool] = {}
        for signed in self.acts.of(ConflictDeclaration):
            act = signed.act
            assert isinstance(act, ConflictDeclaration)
            declared = parse_conflict(self.acts.document(act.text))
            if declared.seat == act.seat and seated.get(act.seat) == signed.signer(self.acts.domains):
                conflicts[act.seat] = conflicts.get(act.seat, False) or declared.conflict
        return conflicts


def signed_claim(dated: DatedActs | None, authorities: Authorities, proof: str) -> tuple[Claim, bool | None]:
    """Return the claim that every act was signed by a key that counted then; `dated` is None without a proven log."""

    def find() -> tuple[bool, Words]:
        known = need(dated, "log.complete")
        if len({(one.act, one.signature) for one in known.acts.signed}) < len(known.acts.signed):
            raise ActError("an act stands in the bundle twice")
        for signed, moment in known.dated:
            if moment is None:
                raise ActError(f"the log has no event of a {signed.act.name()}")
            _need_authority(Recorded(signed, moment), known, authorities)
        count = len(known.recorded)
        return True, Words(
            f"All {count} signatures on acts are by keys whose credentials were in force, issued by registered issuers "
            "for the role and organisation that the act needs, and not revoked.",
            f"全部 {count} 个行为签名所用密钥当时均持有有效凭证：由登记的发证机构签发，角色与组织相符，且未被吊销。",
            evidence=(proof,),
        )

    subject = Words(
        "Every act was signed by somebody entitled to it at that moment.", "各项行为均由当时有权签署者签署。",
        evidence=(proof,),
    )  # fmt: skip
    return settled("acts.signed", subject, find)


def _need_authority(recorded: Recorded, dated: DatedActs, authorities: Authorities) -> None:
    signed, at = recorded.signed, dated.at
    act, papers = signed.act, signed.chain
    if getattr(act, "tender", None) != at.tender:
        raise ActError(f"a {act.name()} is on another tender")
    role = _role_of(signed)
    organisation = {Role.TENDERER: at.view.tenderer, Role.SUPERVISOR: at.view.supervisor}.get(role)
    if papers.delegation is not None and (role is not Role.TENDERER or isinstance(act, _IN_PERSON)):
        raise ActError(f"a delegate signed a {act.name()}, which nobody may sign for somebody else")
    authorities.check(recorded, role, organisation)
    if role is Role.CENTRE and isinstance(act, TenderAnnouncement):
        issuer = authorities.facts.issuer(_issuer(recorded, authorities))
        if issuer is None or issuer.city != at.origins[0].city:
            raise ActError("the trading centre is of another city than the tender's")


def _issuer(recorded: Recorded, authorities: Authorities) -> bytes:
    papers = recorded.signed.chain
    signed = Signed(papers.credential, papers.credential_signature, papers)
    return recover(signed.digest(authorities.domains), papers.credential_signature)


def _role_of(signed: Signed) -> Role:
    """Return the role in which somebody may sign such an act: of those it allows, the one that the papers name."""
    allowed: dict[type[Act], tuple[Role, ...]] = {
        TenderAnnouncement: (Role.TENDERER, Role.CENTRE),
        TenderAmendment: (Role.TENDERER,),
        TenderSuspension: (Role.TENDERER, Role.SUPERVISOR),
        TenderResumption: (Role.TENDERER, Role.SUPERVISOR),
        TenderTermination: (Role.TENDERER, Role.SUPERVISOR),
        DrawRequest: (Role.TENDERER, Role.CENTRE),
        **dict.fromkeys(_ON_LOT, (Role.TENDERER,)),
    }
    roles = allowed.get(type(signed.act), (Role.EXPERT,))
    stated = signed.chain.credential.role
    if stated not in roles:
        raise ActError(f"a {signed.act.name()} is not for the role {stated}")
    return Role(stated)
