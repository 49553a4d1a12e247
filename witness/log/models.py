"""Tables of the logs: trees, entries, tiles, signed checkpoints, the queue of the box, what a witness remembers.

Times that are signed or follow from the public schedule are whole seconds since 1970 (BigInteger), as in the acts.
An origin is the SHA-256 of its origin line; `index` and `size` count entries. Nothing here names a tender but
`log_disclosure`, which belongs to the public log, where tenders are public.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import Base, Bytes32, Moment

_Address = LargeBinary(20)
_Signature = LargeBinary(65)
# SQLite numbers rows by itself only where the key is exactly INTEGER.
_RowNumber = BigInteger().with_variant(Integer, "sqlite")


class LogKind(StrEnum):
    """Which of a city's two logs an origin is (witness-log.md)."""

    PUBLIC = "public"
    SEALED = "sealed"


class TreeRow(Base):
    """One append-only tree that this city writes or keeps a copy of; `frontier` is all that appending needs."""

    __tablename__ = "log_tree"

    origin: Mapped[Bytes32] = mapped_column(primary_key=True)
    line: Mapped[str] = mapped_column(String(255), unique=True)
    kind: Mapped[LogKind] = mapped_column(String(8))
    own: Mapped[bool]
    size: Mapped[int] = mapped_column(BigInteger)
    frontier: Mapped[bytes]


class EntryRow(Base):
    """One entry: 32 bytes in a public log, a slip of 896 bytes in a sealed one."""

    __tablename__ = "log_entry"

    origin: Mapped[Bytes32] = mapped_column(ForeignKey("log_tree.origin"), primary_key=True)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry: Mapped[bytes]


class TileRow(Base):
    """Up to 256 hashes of one tile (C2SP tlog-tiles); a partial tile grows in its row and so is collected by itself."""

    __tablename__ = "log_tile"

    origin: Mapped[Bytes32] = mapped_column(ForeignKey("log_tree.origin"), primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes]


class CheckpointRow(Base):
    """A signed note of an own log (C2SP tlog-checkpoint), stored before anybody sees it."""

    __tablename__ = "log_checkpoint"

    origin: Mapped[Bytes32] = mapped_column(ForeignKey("log_tree.origin"), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[Bytes32]
    note: Mapped[str]
    signed_at: Mapped[int] = mapped_column(BigInteger)


class CosignatureRow(Base):
    """One city's cosignature line on an own checkpoint (C2SP tlog-cosignature)."""

    __tablename__ = "log_cosignature"

    origin: Mapped[Bytes32] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    city: Mapped[Bytes32] = mapped_column(primary_key=True)
    line: Mapped[str]


class DisclosureRow(Base):
    """Nonce and body of a public log's entry, kept beside it until a lawful erasure; proofs never need them."""

    __tablename__ = "log_disclosure"
    __table_args__ = (UniqueConstraint("origin", "tender", "seq"),)

    origin: Mapped[Bytes32] = mapped_column(ForeignKey("log_tree.origin"), primary_key=True)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    tender: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    seq: Mapped[int | None] = mapped_column(BigInteger)
    disclosed: Mapped[bool]
    nonce: Mapped[bytes | None]
    body: Mapped[bytes | None]


class TenderHeadRow(Base):
    """The last entry of a tender's chain in an own public log, and how many there are."""

    __tablename__ = "log_tender_head"

    origin: Mapped[Bytes32] = mapped_column(ForeignKey("log_tree.origin"), primary_key=True)
    tender: Mapped[Bytes32] = mapped_column(primary_key=True)
    head: Mapped[Bytes32]
    count: Mapped[int] = mapped_column(BigInteger)


class QueuedSlipRow(Base):
    """A slip that was taken for the box, first in first out by `place`; the same slip is queued once for ever.

    `index` is its place in the log once it is merged; the bytes are then in the log and no longer here.
    """

    __tablename__ = "box_queue"
    __table_args__ = (Index("ix_box_queue_waiting", "index", "place"),)

    place: Mapped[int] = mapped_column(_RowNumber, primary_key=True)
    slip_hash: Mapped[Bytes32] = mapped_column(unique=True)
    slip: Mapped[bytes | None]
    account: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    received_at: Mapped[Moment]
    merge_by: Mapped[int] = mapped_column(BigInteger)
    index: Mapped[int | None] = mapped_column(BigInteger)


class BoxTickRow(Base):
    """The last public tick that an own sealed log has merged; ticks are seconds since 1970."""

    __tablename__ = "box_tick"

    origin: Mapped[Bytes32] = mapped_column(ForeignKey("log_tree.origin"), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)


class BoxDeadlineRow(Base):
    """A deadline that was announced on chain for a sealed origin: a public fact that paces its log."""

    __tablename__ = "box_deadline"

    origin: Mapped[Bytes32] = mapped_column(primary_key=True)
    deadline: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class BoxCheckpointRow(Base):
    """A `BoxCheckpoint` of a sealed log by one city's key.

    This city signs once per size and never again. Another city that has two roots here at one size equivocated.
    """

    __tablename__ = "box_checkpoint"

    origin: Mapped[Bytes32] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    city: Mapped[Bytes32] = mapped_column(primary_key=True)
    root: Mapped[Bytes32] = mapped_column(primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger)
    signature: Mapped[bytes] = mapped_column(_Signature)


class WitnessHeadRow(Base):
    """The tree that this city's C2SP witness cosigned last, per origin; it moves by compare-and-set only."""

    __tablename__ = "witness_head"

    origin: Mapped[Bytes32] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[Bytes32]


class EquivocationRow(Base):
    """Two signatures of one city that no single append-only log can bear; published with the log they are about."""

    __tablename__ = "witness_equivocation"

    number: Mapped[int] = mapped_column(_RowNumber, primary_key=True)
    digest: Mapped[Bytes32] = mapped_column(unique=True)
    origin: Mapped[Bytes32]
    city: Mapped[Bytes32]
    evidence: Mapped[str]
    seen_at: Mapped[int] = mapped_column(BigInteger)


class PartnerFaultRow(Base):
    """A partner city's answer that was wrong though nobody can prove it to others; named until somebody looks."""

    __tablename__ = "witness_partner_fault"

    city: Mapped[Bytes32] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    message: Mapped[str]
    last_seen: Mapped[int] = mapped_column(BigInteger)


class WitnessClockRow(Base):
    """Whether the own clock was off when it was compared last: every process that signs asks (times.py)."""

    __tablename__ = "witness_clock"

    city: Mapped[Bytes32] = mapped_column(primary_key=True)
    off_by: Mapped[int] = mapped_column(BigInteger)


class AnchorRow(Base):
    """The last anchoring transaction of an own log, and whether something asks for the next one at once."""

    __tablename__ = "log_anchor"

    origin: Mapped[Bytes32] = mapped_column(ForeignKey("log_tree.origin"), primary_key=True)
    pressing: Mapped[bool]
    tx_key: Mapped[str | None] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(BigInteger)
    submitted_at: Mapped[int] = mapped_column(BigInteger)


class AttestationRow(Base):
    """The one block that this city attested at a number; it never attests another there."""

    __tablename__ = "block_attestation"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    block_hash: Mapped[Bytes32]
    signer: Mapped[bytes] = mapped_column(_Address)
    signature: Mapped[bytes] = mapped_column(_Signature)


class LeaseRow(Base):
    """Who may write a log on SQLite (lease.py); `token` grows with each process that takes the log over."""

    __tablename__ = "log_lease"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    token: Mapped[int] = mapped_column(BigInteger)
