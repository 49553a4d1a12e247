"""Signed acts as they arrive: the act, its signature, and the papers of the key that signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from ledger.acts import ACTS, Act
from ledger.authority import ActChain, AuthorityError
from ledger.eip712 import Domain, digest
from ledger.keys import recover


class Domains(Protocol):
    """Where acts are signed: one chain and its contracts by name."""

    def domain(self, name: str) -> Domain:
        """Return the EIP-712 domain of a contract."""
        ...


@dataclass(frozen=True)
class Signed:
    """An act with its signature (65 bytes) and papers."""

    act: Act
    signature: bytes
    chain: ActChain

    def digest(self, domains: Domains) -> bytes:
        """Return the act's id under these contracts."""
        return digest(self.act, domains.domain(self.act.contract))

    def signer(self, domains: Domains) -> bytes:
        """Return the key that signed; refuse one that its own papers do not name.

        Whether the papers are good is for CityRegistry to say.
        """
        key = recover(self.digest(domains), self.signature)
        named = self.chain.delegation.key if self.chain.delegation else self.chain.credential.key
        if key != named:
            raise AuthorityError("The signature is not by the key that the papers name.", code="authority.key")
        return key


def read_act(type_name: str, value: Any) -> Act:
    """Return the act of this type from its JSON; refuse an unknown type."""
    if type_name not in ACTS:
        raise AuthorityError(f"There is no act {type_name!r}.", code="act.type_unknown")
    return ACTS[type_name].from_json(value)
