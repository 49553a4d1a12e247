from __future__ import annotations

import pytest

from bidding.box.book import CutView, OriginView
from bidding.box.close import Cut, admission, cut_arguments, largest_cuts
from bidding.box.wire import CityAcknowledgement
from ledger.acts import Acknowledgement
from tests.fixtures.box import b32, tender_at
from witness.log.box_checkpoint import SignedBoxCheckpoint

LUAN, HEFEI, NANJING = b32("luan"), b32("hefei"), b32("nanjing")
ORIGIN = OriginView(b32("origin"), LUAN, 4, b32("start"))


def signed(city: bytes, size: int, at: int, root: str = "", origin: bytes = ORIGIN.origin) -> SignedBoxCheckpoint:
    return SignedBoxCheckpoint(origin, size, b32(root or f"root {size}"), at, city, b"\x01" * 65)


def sizes(cuts: list[Cut]) -> dict[bytes, tuple[int, int]]:
    return {cut.by_witness.city: (cut.by_witness.size, cut.old_size) for cut in cuts}


def test_each_witness_has_its_largest_checkpoint_in_time() -> None:
    known = [
        *(signed(LUAN, size, size) for size in (6, 8, 10, 12)),
        *(signed(HEFEI, size, size + 1) for size in (6, 8, 10, 12)),
        *(signed(NANJING, size, size) for size in (6, 8)),
    ]
    assert sizes(largest_cuts(ORIGIN, known, deadline=11)) == {HEFEI: (10, 4), NANJING: (8, 4)}


@pytest.mark.parametrize(("origin_at", "witness_at"), [(101, 100), (100, 101)])
def test_both_have_to_sign_by_the_deadline(origin_at: int, witness_at: int) -> None:
    known = [signed(LUAN, 8, origin_at), signed(HEFEI, 8, witness_at)]
    assert largest_cuts(ORIGIN, known, deadline=100) == []
    assert len(largest_cuts(ORIGIN, known, deadline=101)) == 1


def test_what_the_contract_has_is_not_brought_again() -> None:
    origin = OriginView(ORIGIN.origin, LUAN, 4, b32("start"), (CutView(HEFEI, 8, b32("root 8")),))
    known = [signed(LUAN, 8, 1), signed(HEFEI, 8, 1), signed(NANJING, 8, 1)]
    assert sizes(largest_cuts(origin, known, deadline=100)) == {NANJING: (8, 4)}
    known += [signed(LUAN, 9, 1), signed(HEFEI, 9, 1)]
    assert sizes(largest_cuts(origin, known, deadline=100)) == {HEFEI: (9, 8), NANJING: (8, 4)}


def test_nothing_at_or_below_the_start_is_a_cut() -> None:
    assert largest_cuts(ORIGIN, [signed(LUAN, 4, 1), signed(HEFEI, 4, 1)], deadline=100) == []


def test_a_forked_origin_gives_each_witness_the_line_it_saw() -> None:
    known = [signed(LUAN, 8, 1, "one way"), signed(LUAN, 8, 1, "other way")]
    known += [signed(HEFEI, 8, 1, "one way"), signed(NANJING, 8, 1, "other way"), signed(NANJING, 9, 1, "unsigned")]
    roots = {cut.by_witness.city: cut.by_origin.root for cut in largest_cuts(ORIGIN, known, deadline=100)}
    assert roots == {HEFEI: b32("one way"), NANJING: b32("other way")}


def test_checkpoints_of_other_origins_do_not_count() -> None:
    known = [signed(LUAN, 8, 1, origin=b32("other")), signed(HEFEI, 8, 1, origin=b32("other"))]
    assert largest_cuts(ORIGIN, known, deadline=100) == []


def test_a_cut_is_brought_with_both_signatures_and_times() -> None:
    cut = Cut(ORIGIN, signed(LUAN, 8, 5), signed(HEFEI, 8, 6), 4)
    tender = tender_at()
    proof = [b32("node")]
    assert cut_arguments(tender, cut, proof) == (
        tender.tender,
        ORIGIN.origin,
        HEFEI,
        8,
        b32("root 8"),
        proof,
        (5, b"\x01" * 65),
        (6, b"\x01" * 65),
    )


def acknowledged(city: bytes, at: int) -> CityAcknowledgement:
    return CityAcknowledgement(city, Acknowledgement(ORIGIN.origin, b32("slip"), at, at + 10), bytes([at]) * 65)


def test_an_admission_names_the_origins_city_first_then_q_others_ascending() -> None:
    given = [acknowledged(city, at) for at, city in enumerate((NANJING, LUAN, HEFEI), 1)]
    others = sorted([(HEFEI, 3), (NANJING, 1)])
    chosen = admission(ORIGIN, 2, given)
    assert chosen == [(LUAN, 2, 12, b"\x02" * 65), *((city, at, at + 10, bytes([at]) * 65) for city, at in others)]
    assert [one[0] for one in admission(ORIGIN, 1, given) or []] == [LUAN, others[0][0]]


def test_without_the_origins_city_or_enough_others_nothing_is_admitted() -> None:
    assert admission(ORIGIN, 1, [acknowledged(LUAN, 1)]) is None
    assert admission(ORIGIN, 1, [acknowledged(HEFEI, 1), acknowledged(NANJING, 2)]) is None
    assert admission(ORIGIN, 3, [acknowledged(city, 1) for city in (LUAN, HEFEI, NANJING)]) is None
