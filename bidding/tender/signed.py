"""Signed acts as they arrive: the act, its signature, the papers behind it, and the documents it names by hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol

from bidding.tender.domain import TenderError
from ledger.acts import ACTS, Act
from ledger.authority import ActChain
from ledger.eip712 import Domain, digest


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


@dataclass(frozen=True)
class Submission:
    """What somebody sends in: a signed act, the trading centre's signature of the same act, documents by content."""

    signed: Signed
    countersigned: Signed | None = None
    documents: tuple[bytes, ...] = ()

    def document(self, sha256: bytes, what: str) -> bytes:
        """Return the document with this hash; refuse a submission that does not bring it."""
        for content in self.documents:
            if hashlib.sha256(content).digest() == sha256:
                return content
        raise TenderError(f"send the {what} along: no document has the SHA-256 that the act names",
                          code="document.not_sent", sha256=sha256)  # fmt: skip


def read_act(type_name: str, value: Any) -> Act:
    """Return the act of this type from its JSON; refuse an unknown type."""
    if type_name not in ACTS:
        raise TenderError(f"there is no act {type_name!r}", code="act.type_unknown")
    return ACTS[type_name].from_json(value)
