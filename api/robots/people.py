"""Who takes part: companies, officers and experts, with keys and credentials issued by a city."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace

from api.client import CityApi
from bidding.tender.documents import BidderName
from ledger.acts import ZERO32, Act, Credential, Delegation, Role, Scope
from ledger.authority import ActChain
from ledger.eip712 import digest
from ledger.identity import USCC_ALPHABET, Uscc
from ledger.keys import SigningKey
from ledger.signed import Domains

VALIDITY = 3 * 365 * 86_400
"""Seconds that a robot's credential is in force."""


def code_for(name: str, region: str = "341500") -> str:
    """Return a well-formed code that stands for a name nobody registered: for robots, never for a real company."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
    body = "".join(USCC_ALPHABET[(number >> 5 * i) % 31] for i in range(9))
    draft = Uscc(f"91{region}{body}0")
    return draft.code[:17] + draft.check_digit


@dataclass(frozen=True)
class Party:
    """Somebody who acts for an organisation: a key with the papers that show it."""

    name: str
    key: SigningKey
    organisation: bytes
    role: Role
    chain: ActChain
    called: BidderName | None = None
    """How the organisation names itself in a price document."""

    def sign(self, act: Act, domains: Domains) -> bytes:
        """Return the signature of an act in its contract's domain."""
        return self.key.sign(digest(act, domains.domain(act.contract)))

    async def sign_in(self, city: CityApi) -> None:
        """Open a session at a city and show the papers there."""
        await city.sign_in(self.key, self.chain)


@dataclass(frozen=True)
class Registrar:
    """A city's issuer of credentials."""

    issuer: SigningKey
    domains: Domains
    valid_from: int

    def party(
        self,
        name: str,
        role: Role,
        *,
        uscc: str | None = None,
        personal: bool = False,
        organisation: bytes | None = None,
    ) -> Party:
        """Return a new key with a credential: an organisation's own, or a person's with `personal`."""
        code = uscc or code_for(name)
        owner = organisation or Uscc(code).organisation_id
        key = SigningKey.generate()
        subject = secrets.token_bytes(32) if personal else owner
        credential = Credential(key.address, subject, owner, int(role), self.valid_from, self.valid_from + VALIDITY)
        signature = self.issuer.sign(digest(credential, self.domains.domain(credential.contract)))
        return Party(
            name, key, owner, role, ActChain(credential, signature), BidderName(name, None if organisation else code)
        )

    def delegate(self, owner: Party, name: str, scope: Scope, *, tender: bytes = ZERO32) -> Party:
        """Return a new key that acts for `owner` within `scope`, in `tender` or in all."""
        key = SigningKey.generate()
        until = owner.chain.credential.valid_to
        delegation = Delegation(owner.organisation, key.address, int(scope), tender, until)
        signature = owner.sign(delegation, self.domains)
        return replace(
            owner,
            name=name,
            key=key,
            chain=replace(owner.chain, delegation=delegation, delegation_signature=signature),
        )
