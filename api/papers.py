"""Credentials shown in a session, checked against CityRegistry as it stands now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from api.authorisation import AccessError
from ledger.acts import Role, Scope
from ledger.authority import ActChain, Issuer, Need, check_chain
from ledger.chain.client import REGISTRY, Call, ChainClient
from ledger.clock import from_unix
from ledger.eip712 import Domain, digest
from ledger.keys import recover

_LAST_SECOND = 253_402_300_799
"""The end of the year 9999, the last moment that databases hold."""


class _KeyKind(IntEnum):
    """CityRegistry's number for what a city's secp256k1 key is for."""

    ISSUER = 5


@dataclass(frozen=True)
class Shown:
    """A credential that holds: its digest, for whom the key acts, in which role, until when."""

    digest: bytes
    role: Role
    organisation: bytes
    valid_to: datetime


@dataclass(frozen=True)
class _Facts:
    """What CityRegistry answered about the papers' issuer and revocations."""

    issuers: Mapping[bytes, Issuer]
    revoked: Mapping[bytes, int] = field(default_factory=dict)

    def issuer(self, address: bytes) -> Issuer | None:
        return self.issuers.get(address)

    def revoked_from(self, act: bytes) -> int | None:
        return self.revoked.get(act)


async def check_papers(chain: ChainClient, papers: ActChain, actor: bytes, now: int) -> Shown:
    """Return what the papers show of key `actor` at `now`; refuse papers that do not hold, with the reason.

    A delegate's papers show its organisation's role whatever the scope is: each act checks the scope it needs.
    """
    registry = Domain(chain.chain_id, await chain.contract(REGISTRY))
    credential = papers.credential
    if credential.role not in set(Role):
        raise AccessError("The credential names no role that exists.", code="access.credential")
    role = Role(credential.role)
    scope = papers.delegation.scope if papers.delegation else 0
    tender = papers.delegation.tender if papers.delegation else bytes(32)
    need = Need(role, credential.organisation, scope=Scope(scope), tender=tender)
    facts = await _ask(chain, papers, registry)
    check_chain(papers, actor, need, now, registry, facts)
    ends = [_LAST_SECOND, credential.valid_to, *([papers.delegation.valid_to] if papers.delegation else [])]
    shown = digest(papers.delegation or credential, registry)
    return Shown(shown, role, credential.organisation, from_unix(min(ends)))


async def _ask(chain: ChainClient, papers: ActChain, registry: Domain) -> _Facts:
    credential = digest(papers.credential, registry)
    named = [credential, *([digest(papers.delegation, registry)] if papers.delegation else [])]
    issuer = recover(credential, papers.credential_signature)
    calls = [Call(REGISTRY, "key", (issuer,)), *(Call(REGISTRY, "revokedFrom", (paper,)) for paper in named)]
    record, *revoked = await chain.call_many(calls)
    known = Issuer(issuer, record.city, record.roles, record.from_, record.to, record.compromised_at)
    issuers = {issuer: known} if record.kind == _KeyKind.ISSUER else {}
    return _Facts(issuers, {paper: since for paper, since in zip(named, revoked, strict=True) if since})
