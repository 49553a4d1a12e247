"""What a city keeps of credit: every entry of the ledger, and the bodies and papers of its own decisions.

Bodies and nonces may be erased lawfully; the entry stays, and with it the proof that nothing else is recorded.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import Base, Bytes32


class CreditEntryRow(Base):
    """An entry by its act's digest; `index` (from 1) and `posted_at` are the ledger's, None until it is posted."""

    __tablename__ = "credit_entry"
    __table_args__ = (Index("ix_credit_entry_of", "subject", "index"),)

    digest: Mapped[Bytes32] = mapped_column(primary_key=True)
    subject: Mapped[Bytes32]
    entry: Mapped[Bytes32]
    index: Mapped[int | None] = mapped_column(BigInteger)
    posted_at: Mapped[int | None] = mapped_column(BigInteger)
    city: Mapped[Bytes32 | None]
    block: Mapped[int | None] = mapped_column(BigInteger)
    type: Mapped[str | None] = mapped_column(String(32))
    act: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    signature: Mapped[bytes | None]
    chain: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    nonce: Mapped[Bytes32 | None]
    body: Mapped[bytes | None]
    tx_key: Mapped[str | None] = mapped_column(String(200))


class CreditDocumentRow(Base):
    """A paper that a decision rests on, by its SHA-256."""

    __tablename__ = "credit_document"

    sha256: Mapped[Bytes32] = mapped_column(primary_key=True)
    content: Mapped[bytes]


class CreditOccasionRow(Base):
    """Something that happened to a subject and that an authority may decide on; never a record by itself."""

    __tablename__ = "credit_occasion"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    subject: Mapped[Bytes32] = mapped_column(index=True)
    rule: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[int] = mapped_column(BigInteger)
