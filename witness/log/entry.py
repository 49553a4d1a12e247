"""Entries of the public log: a 32-byte commitment in the log, its body beside it (witness-log.md, "Entry").

The entry is SHA-256(nonce32 ‖ body), so the log leaks neither type, tender, price nor person, and a lawful erasure of
nonce and body leaves every proof valid. The entries of one tender form a chain of their own: `seq` counts from 1 and
`prev` is the entry of the one before, 32 zero bytes at the first; its head and count stand in TenderBook.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from ledger import canonical
from ledger.canonical import JsonObject, JsonValue
from ledger.errors import SunbidError
from ledger.json_fields import (
    need_size,
    read_b32,
    read_enum,
    read_integer,
    read_list,
    read_maybe,
    read_members,
    read_object,
    read_text,
    to_hex,
    to_hex_or_null,
)
from witness.log.kinds import ActorRole, EvidenceKind, Kind

VERSION: Final = 1
ENTRY_SIZE = 32
SLIP_SIZE = 896
CHAIN_START = bytes(32)


class EntryError(SunbidError):
    """A body that does not follow the schema, or does not belong to its entry."""

    code = "entry.malformed"


class ChainError(SunbidError):
    """The entries of a tender do not form its chain."""

    code = "entry.chain_broken"


@dataclass(frozen=True)
class Evidence:
    """A piece of evidence by its hash; documents never enter the log themselves."""

    kind: EvidenceKind
    uri: str
    sha256: bytes

    def __post_init__(self) -> None:
        need_size(self.sha256, 32, "evidence.sha256")

    def to_json(self) -> JsonObject:
        """Return the JSON object inside the body."""
        return {"kind": self.kind.value, "uri": self.uri, "sha256": to_hex(self.sha256)}

    @classmethod
    def from_json(cls, value: JsonValue) -> Evidence:
        """Return the evidence that `to_json` wrote; refuse every other object."""
        members = read_members(value, "evidence", ("kind", "uri", "sha256"))
        kind = read_enum(EvidenceKind, members["kind"], "evidence.kind")
        return cls(kind, read_text(members["uri"], "evidence.uri"), read_b32(members["sha256"], "evidence.sha256"))


@dataclass(frozen=True)
class Body:
    """What an entry says. Ids and hashes are 32 bytes, `occurred_at` is seconds since the epoch.

    `tender`, `seq` and `prev` are None for an event of no tender, and then `lot` is None as well; `actor` is an
    organisation's id or a person's commitment; `act` the digest of the signed act behind the event.
    """

    kind: Kind
    origin: bytes
    occurred_at: int
    actor_role: ActorRole
    tender: bytes | None = None
    lot: int | None = None
    seq: int | None = None
    prev: bytes | None = None
    actor: bytes | None = None
    site: str | None = None
    seat: str | None = None
    evidence: tuple[Evidence, ...] = ()
    act: bytes | None = None
    data: JsonObject = field(default_factory=dict)

    def __post_init__(self) -> None:
        need_size(self.origin, 32, "origin")
        for name in ("tender", "prev", "actor", "act"):
            if getattr(self, name) is not None:
                need_size(getattr(self, name), 32, name)
        chained = self.tender is not None
        if (self.seq is not None) != chained or (self.prev is not None) != chained:
            raise EntryError("an event of a tender has seq and prev, any other has neither")
        if self.lot is not None and not (chained and 0 <= self.lot < 2**32):
            raise EntryError("a lot is a number of the tender's, below 2^32")
        if self.seq is not None and (self.seq < 1 or (self.seq == 1) != (self.prev == CHAIN_START)):
            raise EntryError("seq counts from 1, where prev is zero")
        if self.occurred_at < 0:
            raise EntryError("occurred_at is seconds since the epoch")

    def to_json(self) -> JsonObject:
        """Return the JSON object whose canonical bytes are committed to."""
        return {
            "v": VERSION,
            "kind": self.kind.value,
            "origin": to_hex(self.origin),
            "tender": to_hex_or_null(self.tender),
            "lot": self.lot,
            "seq": self.seq,
            "prev": to_hex_or_null(self.prev),
            "actor_role": self.actor_role.value,
            "actor": to_hex_or_null(self.actor),
            "site": self.site,
            "seat": self.seat,
            "occurred_at": self.occurred_at,
            "evidence": [item.to_json() for item in self.evidence],
            "act": to_hex_or_null(self.act),
            "data": self.data,
        }

    def to_bytes(self) -> bytes:
        """Return the canonical bytes, at most 8 KiB."""
        return canonical.dumps(self.to_json())

    @classmethod
    def from_bytes(cls, data: bytes) -> Body:
        """Return the body that `to_bytes` wrote; refuse everything else."""
        return cls.from_json(canonical.loads(data))

    @classmethod
    def from_json(cls, value: JsonValue) -> Body:
        """Return the body in a JSON value; refuse missing, extra and mistyped members."""
        members = read_members(value, "body", _MEMBERS)
        if read_integer(members["v"], "v") != VERSION:
            raise EntryError(f"body has version {members['v']}, only {VERSION} is known", code="entry.version")
        return cls(
            kind=read_enum(Kind, members["kind"], "kind"),
            origin=read_b32(members["origin"], "origin"),
            occurred_at=read_integer(members["occurred_at"], "occurred_at"),
            actor_role=read_enum(ActorRole, members["actor_role"], "actor_role"),
            tender=read_maybe(read_b32, members["tender"], "tender"),
            lot=read_maybe(read_integer, members["lot"], "lot"),
            seq=read_maybe(read_integer, members["seq"], "seq"),
            prev=read_maybe(read_b32, members["prev"], "prev"),
            actor=read_maybe(read_b32, members["actor"], "actor"),
            site=read_maybe(read_text, members["site"], "site"),
            seat=read_maybe(read_text, members["seat"], "seat"),
            evidence=tuple(Evidence.from_json(item) for item in read_list(members["evidence"], "evidence")),
            act=read_maybe(read_b32, members["act"], "act"),
            data=read_object(members["data"], "data"),
        )


_MEMBERS = (
    *("v", "kind", "origin", "tender", "lot", "seq", "prev", "actor_role", "actor", "site", "seat"),
    *("occurred_at", "evidence", "act", "data"),
)


def commit(nonce: bytes, body: bytes) -> bytes:
    """Return the 32-byte entry SHA-256(nonce ‖ body); the nonce is 32 fresh random bytes."""
    need_size(nonce, 32, "nonce")
    return hashlib.sha256(nonce + body).digest()


@dataclass(frozen=True)
class Disclosed:
    """An entry with what it commits to: the nonce and the canonical body."""

    nonce: bytes
    body: Body

    @cached_property
    def entry(self) -> bytes:
        """The 32 bytes that stand in the log."""
        return commit(self.nonce, self.body.to_bytes())

    def to_json(self) -> JsonObject:
        """Return what is served beside the log and put into bundles as entry.json."""
        return {"nonce": to_hex(self.nonce), "body": self.body.to_json()}

    @classmethod
    def from_json(cls, value: JsonValue) -> Disclosed:
        """Return the disclosed entry that `to_json` wrote; refuse everything else."""
        members = read_members(value, "disclosed entry", ("nonce", "body"))
        return cls(read_b32(members["nonce"], "nonce"), Body.from_json(members["body"]))


@dataclass(frozen=True)
class ChainLink:
    """One entry of a tender, with its body if it is disclosed."""

    entry: bytes
    disclosed: Disclosed | None = None


def check_chain(tender: bytes, links: Sequence[ChainLink], head: bytes, count: int) -> tuple[int, ...]:
    """Raise `ChainError` unless `links` are all `count` entries of the tender, in order, up to `head`.

    Returns the places (from 1) of undisclosed entries that no disclosed successor names: their number is proven by
    the count, their identity is not. For an empty chain the head is 32 zero bytes.
    """
    if len(links) != count:
        raise ChainError(f"{len(links)} entries of the tender are here, the chain counts {count}", count=count)
    before = CHAIN_START
    unnamed: list[int] = []
    for place, link in enumerate(links, start=1):
        if link.disclosed is not None:
            _check_link(tender, link.entry, link.disclosed, place, before)
            if place > 1 and links[place - 2].disclosed is None:
                unnamed.remove(place - 1)
        else:
            unnamed.append(place)
        before = link.entry
    if before != head:
        raise ChainError("the last entry is not the head of the tender's chain", count=count)
    return tuple(place for place in unnamed if place != count)  # the head itself names the last one


def _check_link(tender: bytes, entry: bytes, disclosed: Disclosed, place: int, before: bytes) -> None:
    body = disclosed.body
    if disclosed.entry != entry:
        raise ChainError(f"body {place} is not what its entry commits to", place=place)
    if body.tender != tender:
        raise ChainError(f"entry {place} is of another tender", place=place)
    if body.seq != place:
        raise ChainError(f"entry {place} says that it is number {body.seq}", place=place)
    if body.prev != before:
        raise ChainError(f"entry {place} does not follow the one before it", place=place)
