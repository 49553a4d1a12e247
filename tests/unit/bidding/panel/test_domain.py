"""Panels: seats that say nothing until they are opened, and only complete panels report."""

from __future__ import annotations

import dataclasses

import pytest

from bidding.panel.domain import (
    Acceptance,
    ConflictBody,
    Panel,
    PanelError,
    Seat,
    Snapshot,
    need_panel,
    parse_acceptance,
    parse_conflict,
    parse_snapshot,
    seat_of,
)
from bidding.tender.rules import by_id
from ledger import canonical
from ledger.acts import ZERO32
from tests.fixtures.tenders import TENDER, b32
from witness.log.merkle import EMPTY_HEAD, leaf_hash, node_hash

TERMS = by_id("dev-two-envelope").terms
SEATS = tuple(seat_of(b32(f"salt{i}"), b32(f"expert{i}")) for i in range(3))
SNAPSHOT = Snapshot(TENDER, SEATS)


def code(error: pytest.ExceptionInfo[PanelError]) -> str:
    return error.value.code


class TestSnapshot:
    def test_it_is_read_as_it_was_written(self) -> None:
        assert parse_snapshot(SNAPSHOT.to_bytes()) == SNAPSHOT

    def test_its_root_is_rfc_6962_over_canonical_commitments(self) -> None:
        a, b, c = (leaf_hash(f'"0x{seat.hex()}"'.encode()) for seat in SEATS)
        assert SNAPSHOT.root == node_hash(node_hash(a, b), c)
        assert Snapshot(TENDER, ()).root == EMPTY_HEAD

    def test_the_request_names_root_and_size(self) -> None:
        request = SNAPSHOT.request()
        assert (request.snapshot, request.size, request.no, request.reason) == (SNAPSHOT.root, 3, 1, ZERO32)
        need_panel(request, SNAPSHOT, TERMS)

    def test_a_request_for_another_snapshot_is_refused(self) -> None:
        with pytest.raises(PanelError) as caught:
            need_panel(SNAPSHOT.request(), dataclasses.replace(SNAPSHOT, seats=SEATS[:2]), TERMS)
        assert code(caught) == "panel.snapshot"

    @pytest.mark.parametrize("size", [1, 2, 4])
    def test_a_panel_is_odd_and_large_enough(self, size: int) -> None:
        snapshot = Snapshot(TENDER, tuple(b32(str(i)) for i in range(size)))
        with pytest.raises(PanelError) as caught:
            need_panel(snapshot.request(), snapshot, TERMS)
        assert code(caught) == "panel.size"

    def test_a_seat_stands_once(self) -> None:
        with pytest.raises(PanelError) as caught:
            parse_snapshot(Snapshot(TENDER, (SEATS[0], SEATS[0])).to_bytes())
        assert code(caught) == "panel.snapshot"


class TestBodies:
    ACCEPTANCE = Acceptance(SEATS[0], b32("expert0"), b32("salt0"))
    CONFLICT = ConflictBody(SEATS[0], True, "worked for a bidder")

    def test_they_are_read_as_they_were_written(self) -> None:
        assert parse_acceptance(self.ACCEPTANCE.to_bytes()) == self.ACCEPTANCE
        assert parse_conflict(self.CONFLICT.to_bytes()) == self.CONFLICT

    @pytest.mark.parametrize("member", ["subject", "salt", "seat"])
    def test_only_salt_and_subject_open_a_seat(self, member: str) -> None:
        with pytest.raises(PanelError) as caught:
            parse_acceptance(dataclasses.replace(self.ACCEPTANCE, **{member: b32("x")}).to_bytes())
        assert code(caught) == "panel.acceptance"

    def test_another_version_is_refused(self) -> None:
        readers = [(parse_snapshot, SNAPSHOT), (parse_acceptance, self.ACCEPTANCE), (parse_conflict, self.CONFLICT)]
        for read, value in readers:
            body = canonical.loads_object(value.to_bytes()) | {"v": 2}
            with pytest.raises(PanelError):
                read(canonical.dumps(body))


class TestPanel:
    KEYS = tuple(bytes([i]) * 20 for i in range(1, 4))
    FULL = Panel(tuple(Seat(seat, key) for seat, key in zip(SEATS, KEYS, strict=True)))

    def test_a_key_is_known_by_its_seat(self) -> None:
        assert self.FULL.seat_of_key(self.KEYS[1]) == SEATS[1]
        with pytest.raises(PanelError) as caught:
            self.FULL.seat_of_key(bytes(20))
        assert code(caught) == "panel.no_seat"

    def test_a_full_panel_reports(self) -> None:
        assert self.FULL.need_complete() == SEATS

    @pytest.mark.parametrize("seat", [Seat(SEATS[2]), Seat(SEATS[2], KEYS[2], conflicted=True)])
    def test_an_empty_or_conflicted_seat_stops_the_report(self, seat: Seat) -> None:
        with pytest.raises(PanelError) as caught:
            Panel((*self.FULL.seats[:2], seat)).need_complete()
        assert code(caught) == "panel.incomplete"

    def test_who_declared_a_conflict_sits_no_more(self) -> None:
        with pytest.raises(PanelError) as caught:
            Panel((Seat(SEATS[0], self.KEYS[0], conflicted=True),)).seat_of_key(self.KEYS[0])
        assert code(caught) == "panel.no_seat"

    def test_nobody_is_no_panel(self) -> None:
        assert not Panel(()).is_signed_by_all(self.KEYS)
        with pytest.raises(PanelError):
            Panel(()).need_complete()

    def test_all_members_sign(self) -> None:
        assert self.FULL.is_signed_by_all(self.KEYS)
        assert not self.FULL.is_signed_by_all(self.KEYS[:2])
