"""The panel (评标委员会): seats as salted commitments, who may take them, what a complete panel is.

A `DrawRequest` signed by trading centre and tenderer names the root over a frozen snapshot of seats. The snapshot that
has exactly as many seats as the panel leaves nothing to draw; larger ones wait for the threshold coin. An expert takes
a seat with a `SeatAcceptance` whose body opens the commitment. Until the result nobody but these knows who sits where.
Every seat is an expert's, which satisfies the share of experts that ZTBF 37 demands (two thirds or more).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bidding.tender.rules import Terms
from ledger import canonical
from ledger.acts import ZERO32, DrawRequest
from ledger.canonical import JsonObject
from ledger.errors import SunbidError
from ledger.identity import person_commitment
from ledger.json_fields import read_b32, read_flag, read_list, read_members, read_text, to_hex
from witness.log.merkle import EMPTY_HEAD, leaf_hash, tree_head

VERSION = 1


class PanelError(SunbidError):
    """A seat, a panel or a panel's record that does not hold."""

    code = "panel.refused"


@dataclass(frozen=True)
class Snapshot:
    """The frozen list of seats a panel is drawn from: salted commitments to experts' subjects."""

    tender: bytes
    seats: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        """The RFC 6962 root over the commitments' canonical JSON, by index."""
        return tree_head([leaf_hash(canonical.dumps(to_hex(seat))) for seat in self.seats])

    def to_bytes(self) -> bytes:
        """Return the canonical bytes that are kept beside the request."""
        value: JsonObject = {
            "v": VERSION,
            "kind": "seat-snapshot",
            "tender": to_hex(self.tender),
            "seats": [to_hex(seat) for seat in self.seats],
        }
        return canonical.dumps(value, max_size=1 << 20)

    def request(self, number: int = 1) -> DrawRequest:
        """Return the act that trading centre and tenderer sign."""
        return DrawRequest(self.tender, number, self.root, len(self.seats), EMPTY_HEAD, ZERO32)


def parse_snapshot(data: bytes) -> Snapshot:
    """Return the snapshot of canonical bytes; refuse a seat that stands twice."""
    value = read_members(canonical.loads(data, max_size=1 << 20), "snapshot", ("v", "kind", "tender", "seats"))
    if (value["v"], value["kind"]) != (VERSION, "seat-snapshot"):
        raise PanelError(f"this is no seat snapshot of version {VERSION}", code="panel.snapshot")
    seats = tuple(read_b32(seat, "seat") for seat in read_list(value["seats"], "seats"))
    if len(set(seats)) != len(seats):
        raise PanelError("a seat stands twice in the snapshot", code="panel.snapshot")
    return Snapshot(read_b32(value["tender"], "tender"), seats)


def seat_of(salt: bytes, subject: bytes) -> bytes:
    """Return the commitment to an expert's subject id under a 32-byte salt: the seat's id."""
    return person_commitment(salt, to_hex(subject))


def need_panel(request: DrawRequest, snapshot: Snapshot, terms: Terms) -> None:
    """Refuse a request that is not for this snapshot, or for a panel that the rules do not allow (ZTBF 37)."""
    if (request.tender, request.snapshot, request.size) != (snapshot.tender, snapshot.root, len(snapshot.seats)):
        raise PanelError("the request is for another snapshot", code="panel.snapshot")
    size = len(snapshot.seats)
    if size < terms.panel_size or size % 2 == 0:
        raise PanelError(
            f"a panel has an odd number of members, {terms.panel_size} or more (ZTBF 37), not {size}",
            code="panel.size", minimum=terms.panel_size,
        )  # fmt: skip


@dataclass(frozen=True)
class Acceptance:
    """The body of a `SeatAcceptance`: salt and subject that the seat commits to."""

    seat: bytes
    subject: bytes
    salt: bytes

    def to_bytes(self) -> bytes:
        """Return the canonical bytes; their SHA-256 is the act's `text`."""
        return canonical.dumps(
            {
                "v": VERSION,
                "kind": "seat-acceptance",
                "seat": to_hex(self.seat),
                "subject": to_hex(self.subject),
                "salt": to_hex(self.salt),
            }
        )

    @property
    def hash(self) -> bytes:
        """SHA-256 of the body."""
        return hashlib.sha256(self.to_bytes()).digest()


def parse_acceptance(data: bytes) -> Acceptance:
    """Return the acceptance of canonical bytes; refuse one that does not open its seat."""
    value = read_members(canonical.loads(data), "seat acceptance", ("v", "kind", "seat", "subject", "salt"))
    if (value["v"], value["kind"]) != (VERSION, "seat-acceptance"):
        raise PanelError(f"this is no seat acceptance of version {VERSION}", code="panel.acceptance")
    found = Acceptance(*(read_b32(value[name], name) for name in ("seat", "subject", "salt")))
    if seat_of(found.salt, found.subject) != found.seat:
        raise PanelError("salt and subject do not open this seat", code="panel.acceptance")
    return found


@dataclass(frozen=True)
class ConflictBody:
    """The body of a `ConflictDeclaration` (回避): whether there is a conflict of interest, and which."""

    seat: bytes
    conflict: bool
    text: str

    def to_bytes(self) -> bytes:
        """Return the canonical bytes; their SHA-256 is the act's `text`."""
        return canonical.dumps(
            {
                "v": VERSION,
                "kind": "conflict-declaration",
                "seat": to_hex(self.seat),
                "conflict": self.conflict,
                "text": self.text,
            }
        )


def parse_conflict(data: bytes) -> ConflictBody:
    """Return the declaration of canonical bytes."""
    value = read_members(canonical.loads(data), "declaration", ("v", "kind", "seat", "conflict", "text"))
    if (value["v"], value["kind"]) != (VERSION, "conflict-declaration"):
        raise PanelError(f"this is no conflict declaration of version {VERSION}", code="panel.conflict")
    return ConflictBody(
        read_b32(value["seat"], "seat"), read_flag(value["conflict"], "conflict"), read_text(value["text"], "text")
    )


@dataclass(frozen=True)
class Seat:
    """A seat with the key that took it; None until then. Whoever declared a conflict sits no more."""

    seat: bytes
    key: bytes | None = None
    conflicted: bool = False


@dataclass(frozen=True)
class Panel:
    """The seats of a tender's panel in order."""

    seats: tuple[Seat, ...]

    def seat_of_key(self, key: bytes) -> bytes:
        """Return the seat of an expert's key; refuse a stranger and one who declared a conflict."""
        for seat in self.seats:
            if seat.key == key and not seat.conflicted:
                return seat.seat
        raise PanelError("this key has no seat on the panel", code="panel.no_seat")

    def need_complete(self) -> tuple[bytes, ...]:
        """Return all seats; refuse a panel with a seat that is not taken or that fell to a conflict."""
        if not self.seats or any(seat.key is None or seat.conflicted for seat in self.seats):
            raise PanelError("every seat has to be taken by an expert without conflict first", code="panel.incomplete")
        return tuple(seat.seat for seat in self.seats)

    def is_signed_by_all(self, keys: Sequence[bytes]) -> bool:
        """Say whether every seat's key is among these."""
        return bool(self.seats) and all(seat.key in keys for seat in self.seats)
