"""Seats of panels; who sits in them is secret until the lot's result (ZTBF 37)."""

from __future__ import annotations

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import Base, Bytes32


class PanelSeatRow(Base):
    """A seat by its salted commitment; `key` is the expert's that took it."""

    __tablename__ = "panel_seat"

    tender: Mapped[Bytes32] = mapped_column(primary_key=True)
    seat: Mapped[Bytes32] = mapped_column(primary_key=True)
    position: Mapped[int]
    key: Mapped[bytes | None] = mapped_column(LargeBinary(20))
    conflicted: Mapped[bool] = mapped_column(default=False)
