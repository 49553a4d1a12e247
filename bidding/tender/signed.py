"""What somebody sends in for a tender: a signed act, perhaps signed by two, and the documents that it names by hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bidding.tender.domain import TenderError
from ledger.signed import Signed


@dataclass(frozen=True)
class Submission:
    """A signed act, the trading centre's signature of the same act where one is needed, documents by content."""

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
