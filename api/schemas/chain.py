"""Credential chains in requests."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from ledger.authority import ActChain


class ChainBody(BaseModel):
    """A credential with its signature and, for a delegate's key, a delegation with its signature."""

    model_config = ConfigDict(extra="forbid")
    credential: dict[str, Any]
    credentialSignature: str  # noqa: N815 - the wire format of acts.md
    delegation: dict[str, Any] | None = None
    delegationSignature: str | None = None  # noqa: N815 - the wire format of acts.md

    def to_chain(self) -> ActChain:
        """Return the checked form; refuse what is malformed."""
        return ActChain.from_json(self.model_dump())
