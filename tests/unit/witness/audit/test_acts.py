"""Acts are sorted by who takes them on which track, dated by the log, and signed by those who may sign them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bidding.box.book import TenderAtBlock
from bidding.panel.claims import Authorities
from bidding.panel.domain import ConflictBody
from ledger.acts import (
    Act,
    AwardDecision,
    ConflictDeclaration,
    Credential,
    Delegation,
    DrawRequest,
    Lot,
    OpeningRecord,
    Role,
    Scope,
    SeatAcceptance,
    TenderAnnouncement,
    TenderSuspension,
    digest,
)
from ledger.authority import ActChain, Issuer
from ledger.errors import SunbidError
from ledger.keys import SigningKey
from ledger.signed import Signed
from tests.fixtures.box import b32, tender_at
from tests.fixtures.people import key_named
from witness.audit.acts import Acts, DatedActs, signed_claim
from witness.audit.chain import Contracts
from witness.audit.logs import Logged, ProvenLog
from witness.log.entry import Body
from witness.log.kinds import ActorRole, Kind

CONTRACTS = Contracts(1, b"\x01" * 20, b"\x02" * 20, b"\x03" * 20, b"\x04" * 20)
TENDER, TENDERER, SUPERVISOR = b32("tender"), b32("tenderer"), b32("supervisor")
ISSUER, FOREIGN = key_named("issuer of luan"), key_named("issuer of hefei")
FOREVER = 1 << 40


@dataclass(frozen=True)
class Registry:
    """Two issuers, and what they or others revoked."""

    revoked: frozenset[bytes] = frozenset()

    def issuer(self, address: bytes) -> Issuer | None:
        cities = {ISSUER.address: b32("luan"), FOREIGN.address: b32("hefei")}
        roles = sum(1 << role for role in Role)
        return Issuer(address, cities[address], roles, 0, FOREVER) if address in cities else None

    def revoked_from(self, act: bytes) -> int | None:
        return 0 if act in self.revoked else None


def papers(
    key: SigningKey, role: Role, organisation: bytes, *, issuer: SigningKey = ISSUER, until: int = FOREVER
) -> ActChain:
    """Return a credential of an organisation's own key."""
    credential = Credential(key.address, organisation, organisation, int(role), 0, until)
    return ActChain(credential, issuer.sign(digest(credential, CONTRACTS.domain("CityRegistry"))))


def signed(act: Act, role: Role = Role.TENDERER, organisation: bytes = TENDERER, **how: Any) -> Signed:
    """Return an act as an organisation's own key signs it."""
    key = key_named(f"{role}/{organisation.hex()}/{how.pop('key', '')}")
    return Signed(act, key.sign(digest(act, CONTRACTS.domain(act.contract))), papers(key, role, organisation, **how))


def delegated(act: Act, scope: Scope = Scope.CONDUCT) -> Signed:
    """Return an act as the tenderer's agency signs it."""
    own, agency = key_named("own"), key_named("agency")
    delegation = Delegation(TENDERER, agency.address, int(scope), bytes(32), FOREVER)
    chain = replace(
        papers(own, Role.TENDERER, TENDERER),
        delegation=delegation,
        delegation_signature=own.sign(digest(delegation, CONTRACTS.domain("CityRegistry"))),
    )
    return Signed(act, agency.sign(digest(act, CONTRACTS.domain(act.contract))), chain)


ANNOUNCEMENT = TenderAnnouncement(
    TENDER, TENDERER, bytes(32), SUPERVISOR, b32("nonce"), b32("notice"), b32("pack"), b32("seal"), b32("box"),
    (b32("origin"),), (Lot(0, 4),), 1000, 10, 10, 10, 1, 0, 0,
)  # fmt: skip
RECORD = OpeningRecord(TENDER, 0, 3, b32("root"), 0)
AWARD = AwardDecision(TENDER, 0, b32("winner"), 1, b32("basis"), bytes(32), 1)
SUSPENSION = TenderSuspension(TENDER, b32("reason"), 0)
REQUEST = DrawRequest(TENDER, 1, b32("snapshot"), 3, bytes(32), bytes(32))
CENTRE = b32("centre")


def dated(*acts: Signed, at: TenderAtBlock | None = None, occurred: int = 200) -> DatedActs:
    """Return the acts with an event for each, logged a second later."""
    found = at or tender_at(tender=TENDER, tenderer=TENDERER, supervisor=SUPERVISOR)
    entries = tuple(
        Logged(place, place, Body(
            Kind.ANOMALY, b32("log"), occurred, ActorRole.SYSTEM, TENDER, seq=2, prev=b32("prev"),
            act=one.digest(CONTRACTS)), occurred + 1, 0, 0)
        for place, one in enumerate(acts, 1)
    )  # fmt: skip
    return DatedActs(Acts(acts, {}, CONTRACTS), ProvenLog(b32("log"), entries, "luan 9", ()), found)


def claim(*acts: Signed, registry: Registry = Registry(), **how: Any) -> str:
    """Return why the claim on signatures does not hold, empty if it does."""
    return signed_claim(dated(*acts, **how), Authorities(CONTRACTS, registry), "block 7")[0].problem


def test_acts_are_sorted() -> None:
    both = [signed(ANNOUNCEMENT), signed(ANNOUNCEMENT, Role.CENTRE, CENTRE)]
    later, first = replace(SUSPENSION, step=1), SUSPENSION
    acts = Acts(
        [
            *both,
            signed(later),
            signed(first),
            signed(first, Role.SUPERVISOR, SUPERVISOR),
            signed(AWARD),
            signed(RECORD),
        ],
        {b32("x"): b'{"kind":"notice","v":1}', b32("y"): b"else"},
        CONTRACTS,
    )
    assert acts.announcement == tuple(both)
    assert [s.act for s in acts.side(supervisor=False)] == [first, later]
    assert [s.act for s in acts.side(supervisor=True)] == [first]
    assert [s.act for s in acts.on_lot(0)] == [RECORD, AWARD]
    assert acts.on_lot(1) == ()
    assert list(acts.documents_of("notice")) == [b'{"kind":"notice","v":1}']
    assert acts.document(b32("y")) == b"else"
    with pytest.raises(SunbidError, match="lacks a document"):
        acts.document(b32("z"))


@pytest.mark.parametrize("signers", [(), (Role.TENDERER,), (Role.TENDERER, Role.TENDERER), (Role.CENTRE, Role.CENTRE)])
def test_an_announcement_is_signed_once_by_each_side(signers: tuple[Role, ...]) -> None:
    acts = [signed(ANNOUNCEMENT, role, CENTRE if role is Role.CENTRE else TENDERER) for role in signers]
    with pytest.raises(SunbidError, match="once each"):
        _ = Acts(acts, {}, CONTRACTS).announcement


def test_moments_are_those_of_block_and_checkpoint() -> None:
    acts = dated(signed(ANNOUNCEMENT), signed(RECORD), signed(REQUEST), signed(REQUEST, Role.CENTRE, CENTRE))
    assert [recorded.moment for recorded in acts.recorded] == [100, 200, 201, 201]
    missing = DatedActs(acts.acts, replace(acts.log, entries=acts.log.entries[:-1]), acts.at)
    assert [moment for _, moment in missing.dated] == [100, 200, 201, None]
    assert len(missing.recorded) == 3


def test_those_who_may_sign() -> None:
    assert claim(
        signed(ANNOUNCEMENT), signed(ANNOUNCEMENT, Role.CENTRE, CENTRE), delegated(RECORD), signed(AWARD),
        signed(SUSPENSION), signed(replace(SUSPENSION, step=3), Role.SUPERVISOR, SUPERVISOR),
        signed(REQUEST), signed(REQUEST, Role.CENTRE, CENTRE),
        signed(SeatAcceptance(TENDER, b32("seat"), b32("text")), Role.EXPERT, b32("expert")),
    ) == ""  # fmt: skip


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda: signed(replace(RECORD, tender=b32("another"))), "is on another tender"),
        (lambda: signed(RECORD, Role.SUPERVISOR, SUPERVISOR), "is not for the role 6"),
        (lambda: signed(RECORD, Role.TENDERER, b32("another tenderer")), "another role or organisation"),
        (lambda: signed(SUSPENSION, Role.SUPERVISOR, b32("another supervisor")), "another role or organisation"),
        (lambda: signed(RECORD, issuer=key_named("nobody")), "No registered issuer"),
        (lambda: signed(RECORD, until=199), "not in force"),
        (lambda: delegated(AWARD), "nobody may sign for somebody else"),
        (lambda: delegated(RECORD, Scope.SUBMIT), "does not let this key"),
        (lambda: signed(ANNOUNCEMENT, Role.CENTRE, CENTRE, issuer=FOREIGN), "another city than the tender's"),
        (lambda: replace(signed(RECORD), signature=signed(RECORD, key="another").signature), "not by the key"),
    ],
)
def test_those_who_may_not_sign_are_named(act: Callable[[], Signed], says: str) -> None:
    assert says in claim(act())


def test_revoked_papers_count_for_nothing() -> None:
    one = signed(RECORD)
    revoked = digest(one.chain.credential, CONTRACTS.domain("CityRegistry"))
    assert "was revoked" in claim(one, registry=Registry(frozenset({revoked})))


def test_an_act_without_an_event_is_named() -> None:
    known = dated(signed(RECORD))
    acts = Acts((*known.acts.signed, signed(AWARD)), {}, CONTRACTS)
    found, _ = signed_claim(replace(known, acts=acts), Authorities(CONTRACTS, Registry()), "block 7")
    assert found.problem == "the log has no event of a AwardDecision"
    assert signed_claim(None, Authorities(CONTRACTS, Registry()), "")[0].problem.startswith("it rests on log.complete")


def test_an_act_that_stands_there_twice_is_refused() -> None:
    suspension = signed(TenderSuspension(TENDER, b32("reason"), 0))
    assert claim(suspension) == ""
    assert claim(suspension, suspension) == "an act stands in the bundle twice"


def test_only_a_seats_own_member_declares_for_it() -> None:
    seat, expert = b32("seat"), b32("expert")
    bodies = [
        ConflictBody(seat, conflict=True, text="kin").to_bytes(),
        ConflictBody(seat, conflict=False, text="").to_bytes(),
    ]
    hashes = [hashlib.sha256(body).digest() for body in bodies]

    def conflicts(*declared: Signed) -> Any:
        taken = signed(SeatAcceptance(TENDER, seat, hashes[1]), Role.EXPERT, expert)
        known = dated(taken, *declared)
        documents = dict(zip(hashes, bodies, strict=True))
        return replace(known, acts=replace(known.acts, documents=documents)).panel().conflicts

    kin, free = (ConflictDeclaration(TENDER, seat, h) for h in hashes)
    assert conflicts(signed(kin, Role.EXPERT, expert)) == {seat: True}
    assert conflicts(signed(free, Role.EXPERT, expert), signed(kin, Role.EXPERT, expert)) == {seat: True}
    assert conflicts(signed(free, Role.EXPERT, expert)) == {seat: False}
    assert conflicts(signed(kin, Role.EXPERT, b32("another expert"))) == {}
