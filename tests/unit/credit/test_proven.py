"""A subject's entries from the ledger's storage: all of them, in order, of this subject."""

from __future__ import annotations

import pytest

from credit.domain import CreditError
from credit.proven import read_subject
from ledger.identity import city_id
from tests.fixtures.credit_world import LEDGER, LEDGERED, OTHER, POSTED, REGISTRY, SUBJECT, CreditWorld, entry_of

WORLD = CreditWorld.make()
DIGESTS = [entry_of(body).digest for body, _ in LEDGERED]


def test_every_act_is_read_with_city_place_and_time() -> None:
    found = read_subject(WORLD.state.reader(), REGISTRY, SUBJECT, DIGESTS)
    assert (found.ledger, found.count) == (LEDGER, 3)
    assert [(act.index, act.city, act.posted_at, act.is_decision) for act in found.acts] == [
        (1, city_id("luan"), POSTED + 1, True),
        (2, city_id("nanjing"), POSTED + 2, True),
        (3, city_id("luan"), POSTED + 3, False),
    ]


@pytest.mark.parametrize("digests", [DIGESTS[:2], DIGESTS[::-1], [*DIGESTS, bytes(32)], [], [DIGESTS[0]] * 3])
def test_acts_that_are_not_all_in_order_are_refused(digests: list[bytes]) -> None:
    with pytest.raises(CreditError) as caught:
        read_subject(WORLD.state.reader(), REGISTRY, SUBJECT, digests)
    assert (caught.value.code, caught.value.facts["count"]) == ("credit.incomplete", 3)


def test_another_subject_s_act_is_refused() -> None:
    with pytest.raises(CreditError):
        read_subject(WORLD.state.reader(), REGISTRY, OTHER, DIGESTS[:1])
