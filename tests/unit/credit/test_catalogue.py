"""The catalogue: illustrative, sourced, and refused when it contradicts itself."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import orjson
import pytest

from credit import catalogue
from credit.catalogue import CatalogueError, Grade, Severity, parse, shipped
from ledger import canonical
from ledger.errors import SunbidError

SHIPPED = shipped()


def body() -> dict[str, Any]:
    path = catalogue.resources.files("credit").joinpath("catalogue.json")
    return copy.deepcopy(orjson.loads(path.read_bytes()))


def refused(value: dict[str, Any]) -> str:
    with pytest.raises(SunbidError) as caught:
        parse(canonical.dumps(value, max_size=1 << 18))
    return caught.value.code


def test_the_shipped_catalogue_says_that_it_is_illustrative() -> None:
    assert SHIPPED.illustrative
    assert "llustrative" in SHIPPED.title["en"]
    assert (SHIPPED.base, SHIPPED.cap) == (Decimal(80), Decimal(100))
    assert all(rule.source and rule.evidence in "SCMP" for rule in SHIPPED.rules.values())


def test_a_rule_is_known_by_id_and_by_hash() -> None:
    late = SHIPPED.rule("performance-late")
    assert late.severity is Severity.MINOR
    assert SHIPPED.rule_by_hash(late.hash) is late
    assert len({rule.hash for rule in SHIPPED.rules.values()}) == len(SHIPPED.rules)


def test_an_unknown_rule_is_refused() -> None:
    for find in (lambda: SHIPPED.rule("none"), lambda: SHIPPED.rule_by_hash(bytes(32))):
        with pytest.raises(CatalogueError) as caught:
            find()
        assert caught.value.code == "credit.rule_unknown"


@pytest.mark.parametrize(
    ("score", "grade"), [("100", "A"), ("90", "A"), ("89.99", "B"), ("75", "B"), ("60", "C"), ("59.9", "D"), ("0", "D")]
)
def test_grades_begin_at_their_least_score(score: str, grade: str) -> None:
    assert SHIPPED.grade_of(Decimal(score)) is Grade(grade)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("v", 2),
        ("kind", "x"),
        ("base", "101"),
        ("base", "-1"),
        ("base", 80),
        ("cap", "1e2"),
        ("rules", {}),
        ("extra", 1),
    ],
)
def test_another_form_is_refused(member: str, value: object) -> None:
    assert refused(body() | {member: value})


def test_grades_are_complete_and_fall() -> None:
    missing, rising = body(), body()
    missing["grades"].pop()
    rising["grades"][0]["lowest"] = "70"
    assert refused(missing) == refused(rising) == "credit.catalogue"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("points", {"lowest": "5", "highest": "4"}),
        ("points", {"lowest": "five", "highest": "5"}),
        ("days", 0),
        ("days", 367),
        ("severity", "unheard"),
        ("grade", "E"),
        ("source", ""),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(member: str, value: object) -> None:
    changed = body()
    changed["rules"][0][member] = value
    assert refused(changed)


def test_every_rule_has_limits_and_an_id_of_its_own() -> None:
    twice, unlimited = body(), body()
    twice["rules"] *= 2
    unlimited["severities"] = unlimited["severities"][:1]
    assert refused(twice) == refused(unlimited) == "credit.catalogue"
