"""Which keys, lots and revocations count for a tender."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bidding.sealing.errors import FormatError, KeySetError
from bidding.sealing.facts import BoxContents, Cut, OriginBox, RegistryKey
from ledger.acts import Envelope
from tests.unit.bidding.sealing.world import (
    ANNOUNCED,
    BOX,
    DEADLINE,
    FACTS,
    FIRST_DEADLINE,
    FOREVER,
    SEAL,
    facts,
    id32,
    receiver,
)

ADDRESS = id32("key")[:20]


def key(from_: int = 0, to: int = FOREVER, compromised: int | None = None, city: str = "hefei") -> RegistryKey:
    return RegistryKey(ADDRESS, id32(city), from_, to, compromised)


class TestKeySets:
    @pytest.mark.parametrize(
        "changes", [{"key_id": BOX.key_id}, {"box_key_id": SEAL.key_id}, {"key_set": BOX}, {"box_key_set": SEAL}]
    )
    def test_set_that_the_announcement_does_not_fix_is_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(KeySetError):
            facts(**changes)


class TestEnvelopes:
    @pytest.mark.parametrize(
        ("lot", "envelope", "expected"),
        [
            (1, Envelope.PRICE, True),
            (1, Envelope.TECHNICAL, False),
            (2, Envelope.QUALIFICATION, True),
            (2, Envelope.TECHNICAL, True),
            (0, Envelope.PRICE, False),
            (3, Envelope.PRICE, False),
        ],
    )
    def test_are_those_of_the_lot(self, lot: int, envelope: Envelope, expected: bool) -> None:
        assert FACTS.has_envelope(lot, envelope) is expected


class TestIssuers:
    @pytest.mark.parametrize(
        ("issuer", "expected"),
        [
            (key(), True),
            (key(from_=DEADLINE), True),
            (key(from_=DEADLINE + 1), False),
            (key(to=FIRST_DEADLINE), True),
            (key(to=FIRST_DEADLINE - 1), False),
            (key(compromised=DEADLINE), False),
            (key(compromised=DEADLINE + 1), True),
        ],
    )
    def test_stand_across_the_deadlines_uncompromised(self, issuer: RegistryKey, expected: bool) -> None:
        assert facts(issuers=(issuer,)).issuer_stands(ADDRESS) is expected

    def test_any_period_will_do_but_a_mark_ends_all(self) -> None:
        past, now = key(to=10), key(from_=100)
        assert facts(issuers=(past, now)).issuer_stands(ADDRESS)
        assert not facts(issuers=(replace(past, compromised=5), now)).issuer_stands(ADDRESS)
        assert not facts(issuers=()).issuer_stands(ADDRESS)


class TestReceivers:
    @pytest.mark.parametrize(
        ("receiving", "expected"),
        [
            (key(), id32("hefei")),
            (key(from_=DEADLINE), id32("hefei")),
            (key(from_=DEADLINE + 1), None),
            (key(to=ANNOUNCED), id32("hefei")),
            (key(to=ANNOUNCED - 1), None),
            (key(compromised=DEADLINE), None),
            (key(compromised=DEADLINE + 1), id32("hefei")),
        ],
    )
    def test_count_from_announcement_to_deadline(self, receiving: RegistryKey, expected: bytes | None) -> None:
        assert facts(receivers=(receiving,)).receiving_city(ADDRESS) == expected

    def test_strangers_do_not_count(self) -> None:
        assert FACTS.receiving_city(ADDRESS) is None
        assert FACTS.receiving_city(receiver("wuhu").address) == id32("wuhu")


class TestRevocations:
    @pytest.mark.parametrize(("at", "expected"), [(0, True), (DEADLINE, True), (DEADLINE + 1, False)])
    def test_count_from_the_time_of_their_effect(self, at: int, expected: bool) -> None:
        assert facts(revocations={b"digest": at}).is_revoked(b"digest") is expected

    def test_others_are_not_revoked(self) -> None:
        assert not FACTS.is_revoked(b"digest")


class TestDomains:
    def test_are_those_of_the_two_contracts(self) -> None:
        assert FACTS.book_domain.contract == FACTS.tender_book
        assert FACTS.registry_domain.contract == FACTS.city_registry


class TestBoxContents:
    def test_admits_nothing_by_default(self) -> None:
        assert BoxContents(()).admitted == ()

    def test_witness_has_one_cut_of_an_origin(self) -> None:
        cut = Cut(id32("wuhu"), ())
        with pytest.raises(FormatError):
            OriginBox(id32("origin"), id32("hefei"), 0, (cut, cut))

    def test_city_is_no_witness_of_its_own_origin(self) -> None:
        with pytest.raises(FormatError):
            OriginBox(id32("origin"), id32("hefei"), 0, (Cut(id32("hefei"), ()),))
