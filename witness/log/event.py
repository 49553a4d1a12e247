"""Events on their way into the public log: a body that has no place yet, as a message of the outbox."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from ledger import canonical
from ledger.canonical import JsonObject, JsonValue
from ledger.json_fields import read_b32, read_maybe, to_hex
from witness.log.entry import CHAIN_START, Body, EntryError, Evidence
from witness.log.kinds import ActorRole, Kind

TOPIC = "log.public"
_LARGEST_SEQ = 2**53 - 1


@dataclass(frozen=True)
class Event:
    """What a feature wants witnessed; the sequencer adds origin, `seq` and `prev` (see `witness.log.entry.Body`).

    Ids and hashes are 32 bytes, `occurred_at` is seconds since 1970. An event that is not `disclosed` is committed to
    at once and opened later by `PublicLog.disclose`. What is secret until the box is opened never comes here.
    """

    kind: Kind
    occurred_at: int
    actor_role: ActorRole
    tender: bytes | None = None
    lot: int | None = None
    actor: bytes | None = None
    site: str | None = None
    seat: str | None = None
    evidence: tuple[Evidence, ...] = ()
    act: bytes | None = None
    data: JsonObject = field(default_factory=dict)
    disclosed: bool = True

    def __post_init__(self) -> None:
        # A message that could not become an entry would stop the log for everybody: refuse it at its source.
        self.body(bytes(32), _LARGEST_SEQ, b"\xff" * 32).to_bytes()

    def body(self, origin: bytes, seq: int, prev: bytes) -> Body:
        """Return the body at this place of the tender's chain; an event of no tender takes no place."""
        chained = self.tender is not None
        return Body(
            kind=self.kind,
            origin=origin,
            occurred_at=self.occurred_at,
            actor_role=self.actor_role,
            tender=self.tender,
            lot=self.lot,
            seq=seq if chained else None,
            prev=prev if chained else None,
            actor=self.actor,
            site=self.site,
            seat=self.seat,
            evidence=self.evidence,
            act=self.act,
            data=self.data,
        )

    def to_payload(self) -> JsonObject:
        """Return the message of the outbox."""
        return {"body": self.body(bytes(32), 1, CHAIN_START).to_json(), "disclosed": self.disclosed}

    @classmethod
    def from_payload(cls, payload: JsonValue) -> Event:
        """Return the event that `to_payload` wrote."""
        if not isinstance(payload, dict) or not isinstance(payload.get("disclosed"), bool):
            raise EntryError("message is not an event of the public log")
        body = Body.from_json(payload["body"])
        return cls(
            kind=body.kind,
            occurred_at=body.occurred_at,
            actor_role=body.actor_role,
            tender=body.tender,
            lot=body.lot,
            actor=body.actor,
            site=body.site,
            seat=body.seat,
            evidence=body.evidence,
            act=body.act,
            data=body.data,
            disclosed=payload["disclosed"] is True,
        )

    @property
    def default_key(self) -> str:
        """The outbox key of an event that is told apart from others by what it says."""
        return (
            f"{TOPIC}/{hashlib.sha256(canonical.dumps(self.to_payload(), max_size=2 * canonical.MAX_SIZE)).hexdigest()}"
        )


@dataclass(frozen=True)
class QueuedEvent:
    """An event as its message holds it, for the sequencer: whoever wrote the message had `Event` check it.

    So the body is not read again, which would cost more than everything else that the log does with an event.
    """

    tender: bytes | None
    disclosed: bool
    members: JsonObject = field(repr=False)

    @classmethod
    def from_payload(cls, payload: JsonObject) -> QueuedEvent:
        """Return what `Event.to_payload` wrote."""
        members, disclosed = payload["body"], payload["disclosed"]
        if not isinstance(members, dict) or not isinstance(disclosed, bool):
            raise EntryError("message is not an event of the public log")
        return cls(read_maybe(read_b32, members["tender"], "tender"), disclosed, members)

    @property
    def kind(self) -> Kind:
        """What happened."""
        return Kind(str(self.members["kind"]))

    def placed(self, origin: bytes, seq: int, prev: bytes) -> bytes:
        """Return the canonical body at this place of the tender's chain; an event of no tender takes no place."""
        place: JsonObject = {"origin": to_hex(origin)}
        if self.tender is not None:
            place |= {"seq": seq, "prev": to_hex(prev)}
        return canonical.spell(self.members | place)
