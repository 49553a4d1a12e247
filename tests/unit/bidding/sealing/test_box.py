"""The list: the same for everybody, whatever order things came in, and whoever shows what to whom."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidding.sealing.box import ADMITTED, BoxList, Entry, Place, explain, list_bids, open_box, read_box, slips_in_time
from bidding.sealing.errors import FormatError, KeySetError
from bidding.sealing.facts import BoxContents, Cut, TenderFacts
from bidding.sealing.hashing import TDH2_SECP256K1
from bidding.sealing.judge import Reason
from bidding.sealing.keyset import KeySet
from bidding.sealing.merkle import rfc6962_root
from bidding.sealing.slip import padding_slip
from bidding.sealing.vectors.kem import read_key_set
from bidding.sealing.vectors.lists import read_contents, read_facts
from ledger.acts import Envelope, Lot, LotCount
from ledger.encoding import dec
from tests.unit.bidding.sealing.test_acts import NO_KEY
from tests.unit.bidding.sealing.world import (
    BOX_SECRET,
    FACTS,
    Bidder,
    box,
    event,
    facts,
    origin,
    rng,
    slip,
)

ANN, BOB = Bidder("ann"), Bidder("bob")
PADDING = tuple(padding_slip(rng(str(i))) for i in range(4))


def read(*slips: bytes, admitted: tuple[bytes, ...] = (), known: TenderFacts = FACTS) -> BoxList:
    return read_box(known, box(*slips, admitted=admitted), BOX_SECRET)


def reasons(result: BoxList) -> list[str]:
    return [str(verdict.reason) for verdict in result.verdicts]


def bidders(result: BoxList) -> list[bytes]:
    return [entry.bidder for entry in result.entries]


class TestPlaces:
    A, B, C, D = PADDING

    def test_index_counts_from_the_tenders_start(self) -> None:
        contents = BoxContents((origin("hefei", (self.A, self.B), start=40),))
        assert slips_in_time(contents, 1)[self.B] == Place(0, 41, hashlib.sha256(self.B).digest())

    @pytest.mark.parametrize(("q", "in_time"), [(1, {"A", "B", "C"}), (2, {"A", "B"}), (3, {"A"}), (4, set())])
    def test_q_witnesses_of_one_origin_decide(self, q: int, in_time: set[str]) -> None:
        a, b, c = self.A, self.B, self.C
        contents = BoxContents((origin("hefei", (a, b, c), (a, b), (a,)),))
        assert set(slips_in_time(contents, q)) == {{"A": a, "B": b, "C": c}[name] for name in in_time}

    def test_witnesses_of_two_origins_do_not_add_up(self) -> None:
        contents = BoxContents((origin("hefei", (self.A,)), origin("wuhu", (self.A,))))
        assert slips_in_time(contents, 2) == {}

    def test_twice_in_one_line_is_one_witness_and_the_first_index(self) -> None:
        contents = BoxContents((origin("hefei", (self.B, self.A, self.A), (self.C,)),))
        assert self.A not in slips_in_time(contents, 2)
        assert slips_in_time(contents, 1)[self.A].index == 1

    def test_origin_that_forks_loses_no_slip_and_the_lowest_index_counts(self) -> None:
        contents = BoxContents((origin("hefei", (self.A, self.B), (self.C, self.D, self.B, self.A)),))
        places = slips_in_time(contents, 1)
        assert {key: (place.origin, place.index) for key, place in places.items()} == {
            self.A: (0, 0),
            self.B: (0, 1),
            self.C: (0, 0),
            self.D: (0, 1),
        }

    def test_lowest_origin_counts_then_admission(self) -> None:
        contents = BoxContents(
            (origin("hefei", (self.A, self.B)), origin("wuhu", (self.B, self.C))), (self.D, self.A, self.D)
        )
        places = slips_in_time(contents, 1)
        assert {key: (place.origin, place.index) for key, place in places.items()} == {
            self.A: (0, 0),
            self.B: (0, 1),
            self.C: (1, 1),
            self.D: (ADMITTED, 0),
        }


class TestRanking:
    def test_highest_sequence_counts(self) -> None:
        result = read(slip(ANN.bid(2, label=ANN.label(attempt="2"))), slip(ANN.bid(1)))
        assert reasons(result) == ["listed", "outdone"]

    def test_of_equal_sequences_the_earlier_place(self) -> None:
        one, other = slip(ANN.bid(1)), slip(ANN.bid(1, label=ANN.label(attempt="2")))
        for order in ((one, other), (other, one)):
            result = read(*order)
            assert reasons(result) == ["listed", "outdone"]
            assert result.verdicts[0].slip == order[0]

    def test_void_act_outdoes_too(self) -> None:
        result = read(slip(ANN.bid(1)), slip(ANN.bid(2, label=ANN.label(attempt="2"), cities=("hefei",))))
        assert reasons(result) == ["outdone", "void 3"]
        assert [entry.void for entry in result.entries] == [3]

    def test_withdrawal_leaves_no_entry(self) -> None:
        result = read(slip(ANN.bid(1)), slip(ANN.withdrawal(2)))
        assert reasons(result) == ["outdone", "withdrawal"]
        assert result.entries == ()
        assert result.root == rfc6962_root(())

    def test_bid_after_a_withdrawal_counts(self) -> None:
        result = read(slip(ANN.withdrawal(2)), slip(ANN.bid(3)))
        assert reasons(result) == ["outdone", "listed"]

    def test_another_lot_or_envelope_is_another_matter(self) -> None:
        result = read(slip(ANN.bid(1)), slip(ANN.withdrawal(2, 2)), slip(ANN.withdrawal(3, 2, Envelope.TECHNICAL)))
        assert reasons(result) == ["listed", "withdrawal", "withdrawal"]

    def test_same_act_in_two_slips_is_one_act(self) -> None:
        result = read(slip(ANN.bid(1)), slip(ANN.bid(1), "another seed"))
        assert reasons(result) == ["listed", "repeat"]

    def test_repeat_of_a_dropped_slip_counts(self) -> None:
        expired = replace(ANN.bid(1), valid_to=0)
        assert reasons(read(slip(expired), slip(ANN.bid(1)))) == ["credential", "listed"]

    def test_event_stands_beside_the_bids(self) -> None:
        result = read(slip(event()), slip(event(), "another seed"), slip(ANN.bid(1)))
        assert reasons(result) == ["event", "repeat", "listed"]

    def test_event_of_another_city_or_none_is_dropped(self) -> None:
        assert reasons(read(slip(event("hefei", "wuhu")))) == ["credential"]
        assert reasons(read(slip(event("wuhu", "hefei")))) == ["credential"]
        assert reasons(read(slip(replace(event(), signature=NO_KEY)))) == ["credential"]

    def test_admitted_event_is_dropped(self) -> None:
        result = read(admitted=(slip(event()),))
        assert reasons(result) == ["credential"]
        assert "admitted" in explain(result.verdicts[0], FACTS)

    def test_malformed_slip_is_dropped(self) -> None:
        assert reasons(read(slip(replace(ANN.bid(), kind=9)))) == ["form"]

    def test_two_slips_at_one_place_are_ordered_by_their_hash(self) -> None:
        one, other = slip(ANN.bid(1)), slip(ANN.bid(1, label=ANN.label(attempt="2")))
        first = min(one, other, key=lambda data: hashlib.sha256(data).digest())
        for cuts in (((one,), (other,)), ((other,), (one,))):
            result = read_box(FACTS, BoxContents((origin("hefei", *cuts),)), BOX_SECRET)
            assert {v.slip: str(v.reason) for v in result.verdicts}[first] == "listed"
            assert len(result.entries) == 1

    def test_copied_ciphertext_is_void_under_another_bidder(self) -> None:
        mine = ANN.bid(1)
        header = ANN.sealed().header
        copy = replace(BOB.bid(1), attempt_nonce=mine.attempt_nonce, core=header.core, head=header.head)
        assert reasons(read(slip(mine), slip(copy))) == ["listed", "credential"]


class TestList:
    def test_entries_are_ordered_by_lot_envelope_place(self) -> None:
        names = ["a", "b", "c"]
        lots = [(2, Envelope.PRICE), (2, Envelope.QUALIFICATION), (1, Envelope.PRICE)]
        many = [Bidder(name) for name in names]
        slips = [slip(one.bid(label=one.label(*lot))) for one in many for lot in lots]
        result = read(*slips)
        assert [(e.lot, e.envelope, e.index) for e in result.entries] == sorted(
            (lot, int(envelope), 3 * i + j) for i in range(3) for j, (lot, envelope) in enumerate(lots)
        )
        assert result.counts == (LotCount(1, 3), LotCount(2, 3))

    def test_counts_are_of_the_first_envelope_and_void_0(self) -> None:
        label = ANN.label(2, Envelope.QUALIFICATION)
        result = read(
            slip(ANN.bid(label=label)),
            slip(BOB.bid(label=BOB.label(2, Envelope.QUALIFICATION), cities=())),
            slip(BOB.bid(label=BOB.label(2, Envelope.TECHNICAL, "2"))),
        )
        assert [entry.void for entry in result.entries] == [0, 3, 0]
        assert result.counts == (LotCount(1, 0), LotCount(2, 1))

    def test_counts_name_the_announced_lots_ascending(self) -> None:
        result = read(known=facts(lots=(Lot(7, 4), Lot(3, 4))))
        assert result.counts == (LotCount(3, 0), LotCount(7, 0))

    def test_entry_is_encoded_as_specified(self) -> None:
        (entry,) = read(PADDING[0], slip(ANN.bid(4))).entries
        items = dec(entry.encode(), 8)
        assert [item.hex() for item in items[:4]] == ["00000001", "03", "00000000", "0000000000000001"]
        assert items[4:] == (ANN.id, b"\x00\x00\x00\x04", ANN.sealed().header.hash, b"\x00")
        assert isinstance(entry, Entry)

    def test_root_is_over_the_entries(self) -> None:
        result = read(slip(ANN.bid()), slip(BOB.bid()))
        assert result.root == rfc6962_root([entry.encode() for entry in result.entries])

    def test_late_slip_is_not_in_the_list_and_has_no_reason(self) -> None:
        assert read(PADDING[0], PADDING[1]).verdicts == ()

    @pytest.mark.parametrize(
        ("secret", "error"), [(bytes(32), FormatError), (bytes(31) + b"\x07", KeySetError), (b"", FormatError)]
    )
    def test_secret_of_another_box_is_refused(self, secret: bytes, error: type[Exception]) -> None:
        with pytest.raises(error):
            read_box(FACTS, box(), secret)

    def test_bodies_can_be_read_before_the_registry_is_asked(self) -> None:
        early = facts(issuers=(), receivers=())
        opened = open_box(early, box(PADDING[0], slip(ANN.bid())), BOX_SECRET)
        assert [one.body for one in opened.slips] == [ANN.bid()]
        assert reasons(list_bids(early, opened)) == ["credential"]
        assert list_bids(FACTS, opened) == read(PADDING[0], slip(ANN.bid()))


class TestInvariants:
    """Each example draws which slips are in which line; the rule's promises hold for all of them."""

    SLIPS = (
        tuple(
            slip(body)
            for body in (
                ANN.bid(1),
                ANN.bid(2, label=ANN.label(attempt="2")),
                ANN.withdrawal(3),
                BOB.bid(1),
                BOB.bid(1, label=BOB.label(attempt="2")),
                BOB.bid(2, label=BOB.label(2, Envelope.TECHNICAL, "3")),
                Bidder("cai", delegation_tender=1).bid(1),
                Bidder("dan", valid_to=0).bid(1),
            )
        )
        + PADDING[:2]
    )

    lines = st.lists(st.sampled_from(SLIPS), max_size=8).map(tuple)

    @settings(max_examples=40)
    @given(lines, lines, lines, lines, st.permutations(range(2)))
    def test_order_of_witnesses_does_not_matter(self, a: Any, b: Any, c: Any, d: Any, order: list[int]) -> None:
        hefei, wuhu = origin("hefei", a, b), origin("wuhu", c, d)
        result = read_box(FACTS, BoxContents((hefei, wuhu)), BOX_SECRET)
        turned = [replace(one, cuts=tuple(one.cuts[i] for i in order)) for one in (hefei, wuhu)]
        assert read_box(FACTS, BoxContents(tuple(turned)), BOX_SECRET) == result

    @settings(max_examples=40)
    @given(lines, st.randoms(use_true_random=False))
    def test_one_entry_a_bidder_lot_and_envelope_wherever_it_stands(self, line: Any, shuffle: random.Random) -> None:
        result = read(*line)
        keys = [(entry.bidder, entry.lot, entry.envelope) for entry in result.entries]
        assert len(set(keys)) == len(keys)
        shuffled = list(line)
        shuffle.shuffle(shuffled)
        other = {(e.bidder, e.lot, e.envelope): e.sequence for e in read(*shuffled).entries}
        assert other == {(e.bidder, e.lot, e.envelope): e.sequence for e in result.entries}

    @settings(max_examples=40)
    @given(lines, lines)
    def test_witness_can_add_but_not_take_out(self, a: Any, b: Any) -> None:
        alone = {v.slip for v in read_box(FACTS, BoxContents((origin("hefei", a),)), BOX_SECRET).verdicts}
        both = {v.slip for v in read_box(FACTS, BoxContents((origin("hefei", a, b),)), BOX_SECRET).verdicts}
        assert alone <= both

    @settings(max_examples=40)
    @given(lines, st.lists(st.sampled_from(PADDING), max_size=4))
    def test_padding_after_the_slips_changes_nothing(self, line: Any, padding: list[bytes]) -> None:
        assert read(*line, *padding) == read(*line)

    @settings(max_examples=40)
    @given(lines, lines)
    def test_every_slip_of_the_tender_has_one_reason(self, line: Any, admitted: Any) -> None:
        result = read(*line, admitted=admitted)
        opened = {one for one in (*line, *admitted) if one not in PADDING}
        assert sorted(verdict.slip for verdict in result.verdicts) == sorted(opened)
        assert all(explain(verdict, FACTS) for verdict in result.verdicts)
        counted = sum(str(verdict.reason) == "listed" for verdict in result.verdicts)
        assert counted == sum(entry.void == 0 for entry in result.entries)


class TestExplain:
    def test_every_reason_has_a_sentence(self) -> None:
        (verdict,) = read(slip(ANN.bid())).verdicts
        sentences = [explain(replace(verdict, reason=reason), FACTS) for reason in Reason]
        assert len(set(sentences)) == len(list(Reason))

    def test_tells_how_many_receipts_there_are(self) -> None:
        (verdict,) = read(slip(ANN.bid(cities=("hefei",)))).verdicts
        assert explain(verdict, FACTS).endswith("1 of 2 cities")

    def test_tells_what_is_malformed(self) -> None:
        (verdict,) = read(slip(replace(ANN.bid(), delegation_to=1))).verdicts
        assert explain(verdict, FACTS) == "dropped, malformed: delegation_to is not zero"


@pytest.fixture(scope="module")
def shared(known: dict[str, Any]) -> tuple[TenderFacts, BoxContents, bytes, str]:
    record = known["box"]
    box_set = KeySet(record["n"], record["k"], bytes.fromhex(record["Y"]), tuple(map(bytes.fromhex, record["h"])))
    sets = {name: read_key_set(keys, TDH2_SECP256K1) for name, keys in known["keysets"].items()}
    slips = {one["name"]: bytes.fromhex(one["slip"]) for one in record["slips"]}
    listing = record["list"]
    secret = bytes.fromhex(record["x"])
    return read_facts(listing, sets, box_set), read_contents(listing, slips), secret, listing["root"]


class TestSharedList:
    """The list of the shared vectors, with its parts exchanged: what must not matter does not."""

    def test_order_of_cuts_issuers_and_receivers_does_not_matter(self, shared: Any) -> None:
        known, contents, secret, root = shared
        turned = BoxContents(tuple(replace(one, cuts=one.cuts[::-1]) for one in contents.origins), contents.admitted)
        mirrored = replace(known, issuers=known.issuers[::-1], receivers=known.receivers[::-1])
        assert read_box(mirrored, turned, secret).root.hex() == root

    def test_lines_may_share_nothing_but_their_values(self, shared: Any) -> None:
        known, contents, secret, root = shared
        copied = tuple(
            replace(one, cuts=tuple(Cut(cut.witness, [bytes(bytearray(s)) for s in cut.slips]) for cut in one.cuts))
            for one in contents.origins
        )
        assert read_box(known, BoxContents(copied, contents.admitted), secret).root.hex() == root

    def test_order_of_origins_does_matter(self, shared: Any) -> None:
        known, contents, secret, root = shared
        assert read_box(known, BoxContents(contents.origins[::-1], contents.admitted), secret).root.hex() != root

    def test_later_epoch_of_the_seal_set_reads_the_same_list(self, shared: Any, known: dict[str, Any]) -> None:
        before, contents, secret, root = shared
        later = read_key_set(known["keysets"]["epoch2"], TDH2_SECP256K1)
        assert read_box(replace(before, key_set=later), contents, secret).root.hex() == root
