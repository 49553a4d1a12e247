from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bidding.box.registry import KeyKind, Questions, answer, ask_registry, city_of_key
from bidding.sealing.facts import RegistryKey
from ledger.acts import Role
from tests.fixtures.box import b32

ISSUER, RECEIVER, WITNESS, STRANGER = (bytes([i]) * 20 for i in range(1, 5))


def row(kind: int, roles: int = 0, compromised_at: int = 0) -> SimpleNamespace:
    return SimpleNamespace(city=b32("luan"), kind=kind, roles=roles, from_=5, to=9, compromised_at=compromised_at)


ROWS = {
    ISSUER: row(KeyKind.ISSUER, roles=1 << Role.BIDDER, compromised_at=7),
    RECEIVER: row(KeyKind.RECEIVING),
    WITNESS: row(KeyKind.WITNESS),
    STRANGER: row(0),
}


def test_keys_are_what_the_registry_says_they_are() -> None:
    found = answer(ROWS, {b32("paper"): 11, b32("fine"): 0})
    assert found.issuers == (RegistryKey(ISSUER, b32("luan"), 5, 9, 7),)
    assert found.receivers == (RegistryKey(RECEIVER, b32("luan"), 5, 9, None),)
    assert found.revocations == {b32("paper"): 11}


def test_an_issuer_of_other_roles_issues_nothing_to_bidders() -> None:
    assert answer({ISSUER: row(KeyKind.ISSUER, roles=1 << Role.EXPERT)}, {}).issuers == ()


class Registry:
    """CityRegistry's views at one block."""

    def __init__(self) -> None:
        self.blocks: set[int] = set()

    async def call_many(self, calls: Any, *, block: int) -> list[Any]:
        self.blocks.add(block)
        return [ROWS[c.args[0]] if c.function == "key" else 42 for c in calls]

    async def call(self, contract: str, function: str, *args: Any) -> bytes:
        assert (contract, function) == ("CityRegistry", "cityOfKey")
        return b32("luan") if args[0] == RECEIVER else bytes(32)


async def test_questions_are_asked_at_one_block() -> None:
    registry = Registry()
    asked = Questions(frozenset({ISSUER, RECEIVER}), frozenset({b32("paper")}))
    found = await ask_registry(registry, asked, 17)  # type: ignore[arg-type]
    assert (len(found.issuers), len(found.receivers), found.revocations) == (1, 1, {b32("paper"): 42})
    assert registry.blocks == {17}


async def test_a_key_that_stands_for_nobody_has_no_city() -> None:
    registry = Registry()
    assert await city_of_key(registry, RECEIVER, KeyKind.RECEIVING, 6) == b32("luan")
    assert await city_of_key(registry, STRANGER, KeyKind.RECEIVING, 6) is None
