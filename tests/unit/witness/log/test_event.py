from __future__ import annotations

import pytest

from ledger.canonical import CanonicalError, JsonValue
from ledger.errors import SunbidError
from witness.log.entry import CHAIN_START, EntryError, Evidence
from witness.log.event import Event, QueuedEvent
from witness.log.kinds import ActorRole, EvidenceKind, Kind

TENDER = b"\x07" * 32


def full(**others: object) -> Event:
    values = {
        "kind": Kind.OPENING_RECORD,
        "occurred_at": 1_767_225_600,
        "actor_role": ActorRole.TENDERER,
        "tender": TENDER,
        "lot": 2,
        "actor": b"\x01" * 32,
        "site": "六安",
        "seat": "3",
        "evidence": (Evidence(EvidenceKind.FILE, "record.pdf", b"\x02" * 32),),
        "act": b"\x03" * 32,
        "data": {"price": "12.50"},
        "disclosed": False,
    }
    return Event(**{**values, **others})  # type: ignore[arg-type]


class TestMessage:
    def test_payload_gives_the_event_back(self) -> None:
        assert Event.from_payload(full().to_payload()) == full()

    def test_event_of_no_tender_survives_too(self) -> None:
        event = full(tender=None, lot=None)
        assert Event.from_payload(event.to_payload()) == event

    @pytest.mark.parametrize("payload", [None, {}, {"body": {}, "disclosed": 1}, {"disclosed": True, "body": {}}])
    def test_other_payloads_are_refused(self, payload: object) -> None:
        with pytest.raises(SunbidError):
            Event.from_payload(payload)  # type: ignore[arg-type]

    def test_key_tells_events_apart_by_what_they_say(self) -> None:
        assert full().default_key == full().default_key
        assert full().default_key != full(seat="4").default_key


class TestQueued:
    def test_placed_body_is_the_event_s_own_at_that_place(self) -> None:
        event = full()
        queued = QueuedEvent.from_payload(event.to_payload())
        assert queued.placed(b"\x05" * 32, 9, b"\x06" * 32) == event.body(b"\x05" * 32, 9, b"\x06" * 32).to_bytes()
        assert (queued.tender, queued.kind, queued.disclosed) == (TENDER, event.kind, False)

    def test_event_of_no_tender_takes_no_place(self) -> None:
        event = full(tender=None, lot=None)
        queued = QueuedEvent.from_payload(event.to_payload())
        assert queued.placed(b"\x05" * 32, 1, CHAIN_START) == event.body(b"\x05" * 32, 1, CHAIN_START).to_bytes()

    @pytest.mark.parametrize("payload", [{"body": {}, "disclosed": 1}, {"disclosed": True, "body": "text"}])
    def test_other_payloads_are_refused(self, payload: dict[str, JsonValue]) -> None:
        with pytest.raises(EntryError):
            QueuedEvent.from_payload(payload)


class TestRefusedAtItsSource:
    def test_too_large_for_an_entry(self) -> None:
        with pytest.raises(CanonicalError):
            full(data={"text": "x" * 8192})

    def test_still_fits_at_the_largest_place(self) -> None:
        """The longest seq is reserved for: an event that was taken always becomes an entry."""
        room = 8192 - len(full(data={"text": ""}).body(bytes(32), 2**53 - 1, b"\xff" * 32).to_bytes())
        event = full(data={"text": "x" * room})
        assert len(event.body(b"\xff" * 32, 2**53 - 1, b"\xff" * 32).to_bytes()) == 8192

    def test_number_that_is_no_integer(self) -> None:
        with pytest.raises(CanonicalError):
            full(data={"price": 12.5})

    def test_lot_without_tender(self) -> None:
        with pytest.raises(EntryError):
            full(tender=None)


def test_body_takes_its_place() -> None:
    body = full().body(b"\x09" * 32, 1, CHAIN_START)
    assert (body.origin, body.seq, body.prev, body.tender) == (b"\x09" * 32, 1, CHAIN_START, TENDER)
    free = full(tender=None, lot=None).body(b"\x09" * 32, 5, b"\x01" * 32)
    assert (free.seq, free.prev) == (None, None)
