"""Whose act is it: from a signature over credential and delegation to an issuer that the cities registered.

The rule is acts.md, "A key counts at a moment": credential and delegation in force, the issuer standing with the
role, no revocation in effect. The contracts apply the same rule at block time (CityRegistry.authorise).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self

from ledger.acts import ZERO32, Credential, Delegation, Role, Scope
from ledger.eip712 import Domain, digest
from ledger.errors import SunbidError
from ledger.keys import recover


class AuthorityError(SunbidError):
    """A signature does not speak for the organisation that the act names."""

    code = "authority.refused"


@dataclass(frozen=True)
class ActChain:
    """What shows for whom a key acts: a credential and, for a delegate's key, a delegation."""

    credential: Credential
    credential_signature: bytes
    delegation: Delegation | None = None
    delegation_signature: bytes = b""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that the HTTP interface and bundles use."""
        return {
            "credential": self.credential.to_json(),
            "credentialSignature": "0x" + self.credential_signature.hex(),
            "delegation": self.delegation.to_json() if self.delegation else None,
            "delegationSignature": "0x" + self.delegation_signature.hex() if self.delegation else None,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Return the chain that `to_json` wrote; refuse anything malformed."""
        if value.keys() != {"credential", "credentialSignature", "delegation", "delegationSignature"}:
            raise AuthorityError("A chain has credential, credentialSignature, delegation and delegationSignature.")
        delegation = value["delegation"]
        return cls(
            Credential.from_json(value["credential"]),
            _signature(value["credentialSignature"]),
            Delegation.from_json(delegation) if delegation is not None else None,
            _signature(value["delegationSignature"]) if delegation is not None else b"",
        )


@dataclass(frozen=True)
class Issuer:
    """A credential issuer as CityRegistry records it; times are block times in seconds, compromised_at 0 if never."""

    address: bytes
    city: bytes
    roles: int
    valid_from: int
    valid_to: int
    compromised_at: int = 0

    def stands(self, role: Role, moment: int) -> bool:
        """Say whether the issuer may have issued credentials of `role` that count at `moment`."""
        in_time = self.valid_from <= moment <= self.valid_to
        return in_time and bool(self.roles >> role & 1) and not (self.compromised_at and self.compromised_at <= moment)


class RegistryFacts(Protocol):
    """What CityRegistry says: from a live node, or from storage proofs in a bundle."""

    def issuer(self, address: bytes) -> Issuer | None:
        """Return the record of an issuer, or None."""
        ...

    def revoked_from(self, act: bytes) -> int | None:
        """Return from when the credential or delegation with this digest is revoked, or None."""
        ...


@dataclass(frozen=True)
class Authority:
    """A chain that held: which key acted, for whom, and which city's issuer vouches for it."""

    actor: bytes
    organisation: bytes
    issuer_city: bytes


@dataclass(frozen=True)
class Need:
    """What an act asks of its signer. Scope and tender matter only if a delegate signs."""

    role: Role
    organisation: bytes
    scope: Scope = Scope.CONDUCT
    tender: bytes = ZERO32


def check_chain(
    chain: ActChain, actor: bytes, need: Need, moment: int, registry: Domain, facts: RegistryFacts
) -> Authority:
    """Return the authority of key `actor` under `chain` at `moment`; refuse with the reason if there is none.

    `registry` is the EIP-712 domain of CityRegistry.
    """
    credential = chain.credential
    if credential.role != need.role or credential.organisation != need.organisation:
        raise AuthorityError("The credential is for another role or organisation.", code="authority.credential")
    if not credential.valid_from <= moment <= credential.valid_to:
        raise AuthorityError("The credential is not in force. Ask its issuer for a new one.", code="authority.expired")
    if chain.delegation is None:
        if credential.key != actor:
            raise AuthorityError("The key that signed is not the credential's.", code="authority.key")
    else:
        _check_delegation(chain, actor, need, moment, registry, facts)
    credential_digest = digest(credential, registry)
    issuer = facts.issuer(recover(credential_digest, chain.credential_signature))
    if issuer is None or not issuer.stands(need.role, moment):
        raise AuthorityError("No registered issuer of this role signed the credential.", code="authority.issuer")
    _refuse_revoked(credential_digest, moment, facts)
    return Authority(actor, credential.organisation, issuer.city)


def _check_delegation(
    chain: ActChain, actor: bytes, need: Need, moment: int, registry: Domain, facts: RegistryFacts
) -> None:
    delegation, credential = chain.delegation, chain.credential
    assert delegation is not None
    delegation_digest = digest(delegation, registry)
    fits = (
        credential.subject == credential.organisation == delegation.organisation
        and delegation.key == actor
        and delegation.scope & need.scope == need.scope
        and delegation.tender in (ZERO32, need.tender)
        and moment <= delegation.valid_to
    )
    if not fits or recover(delegation_digest, chain.delegation_signature) != credential.key:
        raise AuthorityError(
            "The delegation does not let this key do this: check key, scope, tender and end.",
            code="authority.delegation",
        )
    _refuse_revoked(delegation_digest, moment, facts)


def _refuse_revoked(act: bytes, moment: int, facts: RegistryFacts) -> None:
    since = facts.revoked_from(act)
    if since is not None and since <= moment:
        raise AuthorityError("The credential or delegation was revoked.", code="authority.revoked", since=since)


def _signature(value: object) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise AuthorityError("A signature is 0x-prefixed hex of 65 bytes.", code="authority.malformed")
    try:
        return bytes.fromhex(value[2:])
    except ValueError as error:
        raise AuthorityError("A signature is hex.", code="authority.malformed") from error
