from __future__ import annotations

from pathlib import Path

import pytest

from bidding.box.book import OriginView
from bidding.device.journal import Planned, TenderJournal
from bidding.device.watch import ActStatus, Stage, pairs_in_time
from bidding.sealing.slip import KIND_BID
from ledger.acts import Envelope
from tests.fixtures.box import b32
from witness.log.box_checkpoint import SignedBoxCheckpoint

LUAN, HEFEI, NANJING = b32("luan"), b32("hefei"), b32("nanjing")
ORIGIN = OriginView(b32("origin"), LUAN, 0, bytes(32))


def signed(city: bytes, size: int, at: int, root: str = "root") -> SignedBoxCheckpoint:
    return SignedBoxCheckpoint(ORIGIN.origin, size, b32(root), at, city, b"\x01" * 65)


def test_a_pair_is_one_tree_that_origin_and_witness_signed_in_time() -> None:
    known = [signed(LUAN, 4, 10), signed(LUAN, 8, 20), signed(HEFEI, 8, 21), signed(NANJING, 4, 11)]
    pairs = pairs_in_time(ORIGIN, known, deadline=21)
    assert [(by_origin.size, by_witness.city) for by_origin, by_witness in pairs] == [(4, NANJING), (8, HEFEI)]
    assert len(pairs_in_time(ORIGIN, known, deadline=20)) == 1
    assert pairs_in_time(ORIGIN, known, deadline=9) == []


@pytest.mark.parametrize(
    "known",
    [
        [signed(HEFEI, 8, 1)],
        [signed(LUAN, 8, 1)],
        [signed(LUAN, 8, 1, "one"), signed(HEFEI, 8, 1, "other")],
        [signed(LUAN, 7, 1), signed(HEFEI, 8, 1)],
    ],
)
def test_one_signature_alone_or_two_trees_prove_nothing(known: list[SignedBoxCheckpoint]) -> None:
    assert pairs_in_time(ORIGIN, known, deadline=100) == []


def test_a_status_says_no_more_than_is_proven(tmp_path: Path) -> None:
    journal = TenderJournal.open(tmp_path, b32("tender"), lambda size: b"\x01" * size)
    attempt = journal.begin(Planned(KIND_BID, 2, Envelope.TECHNICAL, 3, 5, b32("nonce"), b32("notice")))
    status = ActStatus.of(attempt)
    assert (status.number, status.kind, status.lot, status.envelope, status.sequence) == (1, "bid", 2, "technical", 3)
    assert (status.stage, status.sentence) == (Stage.SEALED, "sealed on this device, acknowledged by nobody: resume")

    attempt.write_json("acknowledgements.json", [{}, {}])
    status = ActStatus.of(attempt)
    assert status.stage is Stage.ACKNOWLEDGED
    assert status.sentence == "sealed, acknowledged by 2 cities, not in the box by proof yet"

    attempt.write_json("in_time.json", [{"witness": "hefei"}, {"witness": "nanjing"}])
    assert ActStatus.of(attempt).sentence == "sealed, attested by hefei, nanjing, in time"
