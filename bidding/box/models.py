"""What a city keeps of streams and slips: nothing here ties an account, or a slip, to a tender.

Accounts stand only in the hourly totals of their quota; streams and slips stand without an account. Which tender a slip
is for is not known to anybody before the box is opened; what is known then lives in `bidding.opening.models`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import Base, Bytes32


class StoredStream(Base):
    """A ciphertext stream that lies, complete and checked, in the stream store under its head."""

    __tablename__ = "door_stream"

    head: Mapped[Bytes32] = mapped_column(primary_key=True)
    length: Mapped[int] = mapped_column(BigInteger)
    """Octets of the payload; the stream is 16 octets longer per chunk."""
    kept_since: Mapped[datetime]
    public: Mapped[bool] = mapped_column(default=False)
    """An opened box lists it: from then on anybody may fetch it."""


class StoredReceipt(Base):
    """A city's signature of a `StreamReceipt`, this city's own among them."""

    __tablename__ = "door_receipt"

    head: Mapped[Bytes32] = mapped_column(primary_key=True)
    city: Mapped[Bytes32] = mapped_column(primary_key=True)
    signature: Mapped[bytes] = mapped_column(LargeBinary(65))


class StoredSlip(Base):
    """A slip that this city took, for its own sealed log or as a partner of the origin's city."""

    __tablename__ = "door_slip"

    slip_hash: Mapped[Bytes32] = mapped_column(primary_key=True)
    origin: Mapped[Bytes32] = mapped_column(primary_key=True)
    slip: Mapped[bytes] = mapped_column(LargeBinary(896))
    received_at: Mapped[datetime] = mapped_column(index=True)


class StoredAcknowledgement(Base):
    """A city's signed `Acknowledgement` of a slip, as it was first given."""

    __tablename__ = "door_acknowledgement"

    slip_hash: Mapped[Bytes32] = mapped_column(primary_key=True)
    origin: Mapped[Bytes32] = mapped_column(primary_key=True)
    city: Mapped[Bytes32] = mapped_column(primary_key=True)
    received_at: Mapped[int] = mapped_column(BigInteger)
    merge_by: Mapped[int] = mapped_column(BigInteger)
    signature: Mapped[bytes] = mapped_column(LargeBinary(65))


class QuotaHour(Base):
    """How much one account, or one partner city, uploaded in one hour (`hour` counts hours since 1970 UTC)."""

    __tablename__ = "door_quota"

    account: Mapped[Bytes32] = mapped_column(primary_key=True)
    hour: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    octets: Mapped[int] = mapped_column(BigInteger, default=0)
    streams: Mapped[int] = mapped_column(default=0)
    slips: Mapped[int] = mapped_column(default=0)
