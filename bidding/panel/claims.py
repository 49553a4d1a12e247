"""What a verifier can say of the panel: who drew it, that its seats open, that all of it signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bidding.panel.domain import Panel, PanelError, Seat, need_panel, parse_acceptance, parse_snapshot
from bidding.tender.rules import Terms
from ledger.acts import DrawRequest, EvaluationReport, Role, Scope, SeatAcceptance
from ledger.authority import Need, RegistryFacts, check_chain
from ledger.claims import Claim, judged
from ledger.json_fields import to_hex
from ledger.signed import Domains, Signed

REGISTRY = "CityRegistry"


@dataclass(frozen=True)
class Recorded:
    """An act off the chain with the moment at which its key has to count: that of the checkpoint that covers it."""

    signed: Signed
    moment: int


@dataclass(frozen=True)
class Authorities:
    """Who may have signed what: the contracts' domains, and CityRegistry as proven at a block."""

    domains: Domains
    facts: RegistryFacts

    def check(self, recorded: Recorded, role: Role, organisation: bytes | None = None) -> bytes:
        """Return the key that signed; refuse papers that do not let it act in `role` (for `organisation`) then."""
        signed = recorded.signed
        key = signed.signer(self.domains)
        own = signed.chain.credential.organisation if organisation is None else organisation
        scope = Scope.CONDUCT if role is Role.TENDERER else Scope(0)
        need = Need(role, own, scope, getattr(signed.act, "tender", bytes(32)))
        check_chain(signed.chain, key, need, recorded.moment, self.domains.domain(REGISTRY), self.facts)
        return key


@dataclass(frozen=True)
class PanelEvidence:
    """The panel's records: draw requests of both sides, the snapshot, acceptances with bodies, declarations."""

    tender: bytes
    tenderer: bytes
    requests: tuple[Recorded, ...]
    snapshot: bytes
    acceptances: tuple[tuple[Recorded, bytes], ...]
    conflicts: Mapping[bytes, bool]
    """By seat, whether its member declared a conflict."""


def panel_claims(evidence: PanelEvidence, terms: Terms, authorities: Authorities) -> tuple[list[Claim], Panel]:
    """Return the claims on the panel, and the panel, whose seats are empty where a claim does not hold."""
    seats: dict[bytes, bytes] = {}
    drawn = judged(
        "panel.drawn",
        "Trading centre and tenderer appointed this panel from a frozen list of seats.",
        "评标委员会由交易中心与招标人依据固定名单共同确定。",
        lambda: _check_drawn(evidence, terms, authorities),
        who=to_hex(evidence.tenderer),
    )
    seated = judged(
        "panel.seated",
        "Every seat was taken by the expert that it commits to, and nobody who sits declared a conflict.",
        "各席位均由名单所承诺的专家本人就座，且无人声明需回避。",
        lambda: seats.update(_check_seated(evidence, authorities)),
    )
    claims = [drawn, seated]
    if not all(claim.holds for claim in claims):
        return claims, Panel(())
    order = parse_snapshot(evidence.snapshot).seats
    return claims, Panel(tuple(Seat(seat, seats[seat]) for seat in order))


def _check_drawn(evidence: PanelEvidence, terms: Terms, authorities: Authorities) -> None:
    snapshot = parse_snapshot(evidence.snapshot)
    roles = set()
    for request in evidence.requests:
        act = request.signed.act
        if not isinstance(act, DrawRequest) or act.tender != evidence.tender:
            raise PanelError("a draw request is for another tender", code="panel.foreign")
        need_panel(act, snapshot, terms)
        role = Role(request.signed.chain.credential.role)
        authorities.check(request, role, evidence.tenderer if role is Role.TENDERER else None)
        roles.add(role)
    if not {Role.TENDERER, Role.CENTRE} <= roles:
        raise PanelError("the panel was not appointed by both sides", code="panel.half_drawn")


def _check_seated(evidence: PanelEvidence, authorities: Authorities) -> dict[bytes, bytes]:
    keys: dict[bytes, bytes] = {}
    for recorded, body in evidence.acceptances:
        act, accepted = recorded.signed.act, parse_acceptance(body)
        if not isinstance(act, SeatAcceptance) or (act.tender, act.seat, act.text) != (
            evidence.tender, accepted.seat, accepted.hash,
        ):  # fmt: skip
            raise PanelError("an acceptance is for another tender or seat", code="panel.foreign")
        if recorded.signed.chain.credential.subject != accepted.subject:
            raise PanelError("a seat was taken by somebody else than it commits to", code="panel.acceptance")
        keys[act.seat] = authorities.check(recorded, Role.EXPERT)
    seats = parse_snapshot(evidence.snapshot).seats
    if set(seats) != set(keys) or any(evidence.conflicts.get(seat) for seat in seats):
        raise PanelError("a seat is empty, or its member declared a conflict", code="panel.incomplete")
    return keys


def need_signed_by_all(
    reports: Sequence[Recorded], tender: bytes, lot: int, root: bytes, panel: Panel, authorities: Authorities
) -> None:
    """Refuse a report root that a member of the panel did not sign for this lot."""
    keys = []
    for recorded in reports:
        act = recorded.signed.act
        if isinstance(act, EvaluationReport) and (act.tender, act.lot, act.root) == (tender, lot, root):
            keys.append(authorities.check(recorded, Role.EXPERT))
    if not panel.is_signed_by_all(keys):
        raise PanelError("a member of the panel has not signed this report", code="report.unsigned")
