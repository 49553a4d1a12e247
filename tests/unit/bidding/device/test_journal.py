from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from bidding.device.errors import DeviceJournalError
from bidding.device.journal import Attempt, Planned, TenderJournal
from bidding.sealing.slip import KIND_BID, KIND_WITHDRAWAL
from ledger.acts import ZERO32, Envelope
from tests.fixtures.box import b32

TENDER = b32("tender")


def counting(size: int) -> bytes:
    return next(NUMBERS).to_bytes(size, "big")


NUMBERS = itertools.count(1)


@pytest.fixture
def journal(tmp_path: Path) -> TenderJournal:
    return TenderJournal.open(tmp_path, TENDER, counting)


def planned(name: str, sequence: int = 1, lot: int = 0, envelope: Envelope = Envelope.PRICE) -> Planned:
    return Planned(KIND_BID, lot, envelope, sequence, 1_700, b32(name), b32("notice"))


def withdrawal(sequence: int) -> Planned:
    return Planned(KIND_WITHDRAWAL, 0, Envelope.PRICE, sequence, 1_700, ZERO32, ZERO32)


def send(attempt: Attempt) -> Attempt:
    attempt.write("header", b"header")
    attempt.write("slip", b"slip")
    return attempt


def test_each_tender_has_one_seed_for_ever(tmp_path: Path, journal: TenderJournal) -> None:
    again = TenderJournal.open(tmp_path, TENDER, counting)
    other = TenderJournal.open(tmp_path, b32("other"), counting)
    assert again.seed == journal.seed
    assert other.seed != journal.seed
    assert (journal.folder / "seed").stat().st_mode & 0o077 == 0


def test_a_damaged_seed_is_not_used(journal: TenderJournal) -> None:
    (journal.folder / "seed").write_bytes(b"short")
    with pytest.raises(DeviceJournalError, match="recovery"):
        _ = journal.seed


def test_attempts_are_found_again_in_order(tmp_path: Path, journal: TenderJournal) -> None:
    plans = [planned("1"), planned("2", 2), withdrawal(3)]
    for plan in plans:
        journal.begin(plan)
    again = TenderJournal.open(tmp_path, TENDER, counting)
    assert [attempt.planned for attempt in again.attempts()] == plans
    assert [attempt.number for attempt in again.attempts()] == [1, 2, 3]


def test_a_nonce_is_used_once(journal: TenderJournal) -> None:
    journal.begin(planned("1"))
    with pytest.raises(DeviceJournalError, match="randomness"):
        journal.begin(planned("1", 2))
    journal.begin(withdrawal(2))
    journal.begin(withdrawal(3))


def test_what_is_written_says_the_same_for_ever(journal: TenderJournal) -> None:
    attempt = journal.begin(planned("1"))
    attempt.write("slip", b"one")
    attempt.write("slip", b"one")
    with pytest.raises(DeviceJournalError):
        attempt.write("slip", b"two")
    assert attempt.slip == b"one"


def test_sequences_rise_with_what_was_sent_on_a_lot_and_envelope(journal: TenderJournal) -> None:
    assert journal.next_sequence(0, Envelope.PRICE) == 1
    journal.begin(planned("never sent"))
    assert journal.next_sequence(0, Envelope.PRICE) == 1
    send(journal.begin(planned("1")))
    send(journal.begin(withdrawal(2)))
    assert journal.next_sequence(0, Envelope.PRICE) == 3
    assert journal.next_sequence(0, Envelope.TECHNICAL) == 1
    assert journal.next_sequence(1, Envelope.PRICE) == 1


def test_an_attempt_cut_off_while_sealing_is_dead(journal: TenderJournal) -> None:
    dead = journal.begin(planned("cut off"))
    dead.stream.write_bytes(b"half a stream")
    assert journal.alive() == []


def test_an_attempt_without_a_slip_yields_to_a_later_one(journal: TenderJournal) -> None:
    first = journal.begin(planned("1"))
    first.write("header", b"header")
    assert [attempt.number for attempt in journal.alive()] == [1]
    second = journal.begin(planned("2"))
    assert [attempt.number for attempt in journal.alive()] == [1]
    second.write("header", b"header")
    assert [attempt.number for attempt in journal.alive()] == [2]


def test_an_attempt_with_a_slip_is_sent_whatever_came_after(journal: TenderJournal) -> None:
    send(journal.begin(planned("1")))
    send(journal.begin(planned("2", 2)))
    journal.begin(withdrawal(3))
    assert [attempt.number for attempt in journal.alive()] == [1, 2, 3]
    assert [attempt.number for attempt in journal.sent()] == [1, 2]


def test_a_folder_without_its_act_was_never_begun(journal: TenderJournal) -> None:
    (journal.folder / "0001").mkdir()
    assert list(journal.attempts()) == []
    assert journal.begin(planned("1")).number == 2


def test_json_grows_and_survives(journal: TenderJournal) -> None:
    attempt = journal.begin(planned("1"))
    assert attempt.read_json("receipts.json") is None
    for value in ({"a": "1"}, {"a": "1", "b": "2"}):
        attempt.write_json("receipts.json", value)
    assert json.loads((attempt.folder / "receipts.json").read_text()) == {"a": "1", "b": "2"}
