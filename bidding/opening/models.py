"""What a city knows of a tender once its box is open: the list, why each slip is in it or not, what was opened.

Rows here exist only from the close of the box on; before that no city can tell for which tender a slip is.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import Base, Bytes32


class OpenedBox(Base):
    """The list of a tender as this city read it out of the box itself; `box_secret` is x_b, public by then."""

    __tablename__ = "opened_box"

    tender: Mapped[Bytes32] = mapped_column(primary_key=True)
    inputs: Mapped[Bytes32]
    root: Mapped[Bytes32]
    count: Mapped[int]
    counts: Mapped[list[list[int]]] = mapped_column(JSON)
    box_secret: Mapped[Bytes32]
    box_key_id: Mapped[Bytes32]
    block: Mapped[int] = mapped_column(BigInteger)


class ListedBid(Base):
    """An entry of the list at its position, with the header that it names."""

    __tablename__ = "opened_entry"
    __table_args__ = (Index("ix_opened_entry_header_hash", "header_hash"),)

    tender: Mapped[Bytes32] = mapped_column(ForeignKey("opened_box.tender"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    lot: Mapped[int] = mapped_column(BigInteger)
    envelope: Mapped[int]
    origin: Mapped[int] = mapped_column(BigInteger)
    index: Mapped[int] = mapped_column(BigInteger)
    bidder: Mapped[Bytes32]
    sequence: Mapped[int] = mapped_column(BigInteger)
    header_hash: Mapped[Bytes32]
    void: Mapped[int]
    notice: Mapped[Bytes32]
    head: Mapped[Bytes32]
    header: Mapped[bytes]


class SlipVerdict(Base):
    """What became of one slip of the tender, and why, in words (`sunbid box explain`)."""

    __tablename__ = "opened_slip"

    tender: Mapped[Bytes32] = mapped_column(ForeignKey("opened_box.tender"), primary_key=True)
    slip_hash: Mapped[Bytes32] = mapped_column(primary_key=True)
    slip: Mapped[bytes] = mapped_column(LargeBinary(896))
    origin: Mapped[int] = mapped_column(BigInteger)
    index: Mapped[int] = mapped_column(BigInteger)
    bidder: Mapped[Bytes32]
    reason: Mapped[str] = mapped_column(String(16))
    sentence: Mapped[str] = mapped_column(Text)


class MissedSlip(Base):
    """A slip of the tender that this city took at its door and that is not in the box, and why, in words."""

    __tablename__ = "opened_missed"

    tender: Mapped[Bytes32] = mapped_column(ForeignKey("opened_box.tender"), primary_key=True)
    slip_hash: Mapped[Bytes32] = mapped_column(primary_key=True)
    bidder: Mapped[Bytes32]
    reason: Mapped[str] = mapped_column(String(16))
    sentence: Mapped[str] = mapped_column(Text)


class HolderRecord(Base):
    """A key-holder's signed act; with a `fault` it is evidence against the holder and used for nothing else.

    `subject` is what it is about: the box key, the tender's list (the tender itself), or a headerHash.
    """

    __tablename__ = "opening_holder_record"
    __table_args__ = (Index("ix_opening_holder_record_subject", "tender", "type", "subject"),)

    digest: Mapped[Bytes32] = mapped_column(primary_key=True)
    signer: Mapped[bytes] = mapped_column(LargeBinary(20), primary_key=True)
    tender: Mapped[Bytes32]
    type: Mapped[str] = mapped_column(String(32))
    subject: Mapped[Bytes32]
    holder: Mapped[int]
    act: Mapped[dict[str, Any]] = mapped_column(JSON)
    signature: Mapped[bytes] = mapped_column(LargeBinary(65))
    taken_at: Mapped[int] = mapped_column(BigInteger)
    fault: Mapped[str | None] = mapped_column(Text)


class BidderRecord(Base):
    """A `BidOpening`: the bidder's own r, checked against its header."""

    __tablename__ = "opening_bidder_record"

    header_hash: Mapped[Bytes32] = mapped_column(primary_key=True)
    tender: Mapped[Bytes32] = mapped_column(index=True)
    act: Mapped[dict[str, Any]] = mapped_column(JSON)
    signature: Mapped[bytes] = mapped_column(LargeBinary(65))
    taken_at: Mapped[int] = mapped_column(BigInteger)


class OpenedBidRow(Base):
    """A bid that was opened: what became of it, and its document if it has one."""

    __tablename__ = "opened_bid"

    header_hash: Mapped[Bytes32] = mapped_column(primary_key=True)
    tender: Mapped[Bytes32] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    document: Mapped[bytes | None]
    opened_at: Mapped[int] = mapped_column(BigInteger)
