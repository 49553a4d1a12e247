"""What a city keeps of tenders: the state as the chain has it, every act with its papers, every document by its hash.

Nothing here is about bids before the box is opened: submissions never come here (see `bidding.box.models`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import Base, Bytes32


class Visibility(StrEnum):
    """From when anybody may read an act or document (one owner of each secret; domain.md §3, "Published / secret")."""

    PUBLIC = "public"
    AFTER_REPORT = "after_report"
    AFTER_RESULT = "after_result"


class TenderRow(Base):
    """A tender; moments are block times in unix seconds, None while the step has not happened."""

    __tablename__ = "tender"

    tender: Mapped[Bytes32] = mapped_column(primary_key=True)
    owned: Mapped[bool]
    """This city is the one of the first origin: it conducts the tender and writes its events."""
    state: Mapped[str] = mapped_column(String(16), index=True)
    chain_state: Mapped[int]
    tenderer: Mapped[Bytes32]
    supervisor: Mapped[Bytes32]
    announcement: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    rule_pack: Mapped[Bytes32 | None]
    notice: Mapped[Bytes32 | None]
    deadline: Mapped[int] = mapped_column(BigInteger, index=True)
    announced_at: Mapped[int | None] = mapped_column(BigInteger)
    closing_at: Mapped[int | None] = mapped_column(BigInteger)
    open_from: Mapped[int | None] = mapped_column(BigInteger)
    listed_at: Mapped[int | None] = mapped_column(BigInteger)
    suspended_by_tenderer: Mapped[bool] = mapped_column(default=False)
    suspended_by_supervisor: Mapped[bool] = mapped_column(default=False)
    tenderer_steps: Mapped[int] = mapped_column(default=0)
    supervisor_steps: Mapped[int] = mapped_column(default=0)
    seen_block: Mapped[int] = mapped_column(BigInteger, default=0)
    stale: Mapped[bool] = mapped_column(default=False, index=True)
    """The chain has said something about this tender that is not read yet."""

    @property
    def suspended(self) -> bool:
        """Whether either side's flag is set."""
        return self.suspended_by_tenderer or self.suspended_by_supervisor


class TenderLotRow(Base):
    """A lot; `report` is the root that the whole panel signed, `decision` the digest of the last decision."""

    __tablename__ = "tender_lot"

    tender: Mapped[Bytes32] = mapped_column(ForeignKey("tender.tender"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    envelopes: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    chain_state: Mapped[int] = mapped_column(default=0)
    envelope: Mapped[int] = mapped_column(default=0)
    bidders: Mapped[int] = mapped_column(default=0)
    reason: Mapped[int] = mapped_column(default=0)
    steps: Mapped[int] = mapped_column(default=0)
    since: Mapped[int | None] = mapped_column(BigInteger)
    report: Mapped[Bytes32 | None]
    reported_at: Mapped[int | None] = mapped_column(BigInteger)
    published_at: Mapped[int | None] = mapped_column(BigInteger)
    decided_at: Mapped[int | None] = mapped_column(BigInteger)
    decision: Mapped[Bytes32 | None]
    winner: Mapped[Bytes32 | None]


class TenderActRow(Base):
    """An act on a tender with its papers, in the order it was taken; its digest is its id."""

    __tablename__ = "tender_act"
    __table_args__ = (Index("ix_tender_act_of", "tender", "type", "lot"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    digest: Mapped[Bytes32] = mapped_column(index=True)
    signer: Mapped[bytes] = mapped_column(LargeBinary(20))
    tender: Mapped[Bytes32]
    lot: Mapped[int | None] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(String(32))
    act: Mapped[dict[str, Any]] = mapped_column(JSON)
    signature: Mapped[bytes] = mapped_column(LargeBinary(65))
    chain: Mapped[dict[str, Any]] = mapped_column(JSON)
    body: Mapped[Bytes32 | None]
    taken_at: Mapped[int] = mapped_column(BigInteger)
    visibility: Mapped[str] = mapped_column(String(16), default=Visibility.PUBLIC.value)
    tx_key: Mapped[str | None] = mapped_column(String(200))
    confirmed_at: Mapped[int | None] = mapped_column(BigInteger)
    """Block time at which TenderBook accepted it; None for acts that never go there, or are not mined."""


class TenderDocumentRow(Base):
    """A document of a tender by its SHA-256."""

    __tablename__ = "tender_document"

    tender: Mapped[Bytes32] = mapped_column(primary_key=True)
    sha256: Mapped[Bytes32] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    lot: Mapped[int | None] = mapped_column(BigInteger)
    content: Mapped[bytes]
    visibility: Mapped[str] = mapped_column(String(16), default=Visibility.PUBLIC.value)
