"""Rule packs: strict to read, each parameter with its source, known by their hash."""

from __future__ import annotations

import copy
import hashlib
from decimal import Decimal
from typing import Any

import pytest

from bidding.tender.rules import (
    Formula,
    PriceBasis,
    Rounding,
    RulePackError,
    TieBreak,
    by_hash,
    by_id,
    parse,
    shipped,
)
from ledger import canonical
from ledger.acts import Committee
from ledger.errors import SunbidError

INTERNATIONAL, SCORED = by_id("dev-international"), by_id("dev-two-envelope")


def body(pack: Any = SCORED) -> dict[str, Any]:
    return copy.deepcopy(canonical.loads_object(pack.body, max_size=1 << 16))


def refused(value: dict[str, Any]) -> SunbidError:
    with pytest.raises(SunbidError) as caught:
        parse(canonical.dumps(value, max_size=1 << 16))
    return caught.value


def test_the_shipped_packs_say_what_the_demonstrations_need() -> None:
    assert shipped().keys() == {"dev-international", "dev-municipal-works", "dev-two-envelope"}
    terms = INTERNATIONAL.terms
    assert (terms.minimum_bidders, terms.committee, terms.formula) == (
        1, Committee.AT_ONCE, Formula.LOWEST_EVALUATED_PRICE,
    )  # fmt: skip
    assert terms.ties == (TieBreak.EARLIER_PLACE,)
    assert terms.price_basis == (PriceBasis.EVALUATED, PriceBasis.OPENING)
    assert INTERNATIONAL.scoring is None
    assert (SCORED.terms.minimum_bidders, SCORED.terms.committee) == (3, Committee.AFTER)
    assert SCORED.terms.committee_after > 0
    assert SCORED.scoring is not None
    assert SCORED.scoring.technical_weight == Decimal(60)
    assert SCORED.scoring.rounding is Rounding.HALF_UP
    municipal = by_id("dev-municipal-works").terms
    assert (municipal.minimum_bidders, municipal.formula) == (1, Formula.LOWEST_EVALUATED_PRICE)


@pytest.mark.parametrize("pack", shipped().values(), ids=lambda pack: pack.id)
def test_every_parameter_has_its_source(pack: Any) -> None:
    for section in ("terms", "scoring"):
        for name in body(pack)[section] or {}:
            assert pack.sources[name].article
            assert pack.sources[name].evidence in "SCMP"


def test_a_pack_is_known_by_the_hash_of_its_canonical_bytes() -> None:
    assert SCORED.hash == hashlib.sha256(SCORED.body).digest()
    assert by_hash(SCORED.hash) == SCORED
    assert parse(SCORED.body) == SCORED


@pytest.mark.parametrize("find", [lambda: by_id("none"), lambda: by_hash(bytes(32))])
def test_an_unknown_pack_is_refused(find: Any) -> None:
    with pytest.raises(RulePackError) as caught:
        find()
    assert caught.value.code == "rules.unknown"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grace", -1),
        ("grace", "2"),
        ("grace", True),
        ("minimum_bidders", 0),
        ("minimum_bidders", 256),
        ("committee", "sometimes"),
        ("committee", 1),
        ("formula", "highest_price"),
        ("ties", []),
        ("ties", ["earlier_place", "earlier_place"]),
        ("price_basis", "evaluated"),
    ],
)
def test_a_value_out_of_its_range_is_refused_by_its_name(name: str, value: object) -> None:
    pack = body()
    pack["terms"][name]["value"] = value
    assert refused(pack).facts["parameter"] == name


@pytest.mark.parametrize(
    "entry",
    [
        5,
        {"value": 5, "unit": "seconds", "source": "REG 21"},
        {"value": 5, "unit": "days", "source": "REG 21", "evidence": "S"},
        {"value": 5, "unit": "seconds", "source": "", "evidence": "S"},
        {"value": 5, "unit": "seconds", "source": "REG 21", "evidence": "X"},
        {"value": 5, "unit": "seconds", "source": "REG 21", "evidence": "S", "note": "x"},
        {"value": 5, "unit": "seconds", "source": "REG 21", "evidence": "S", "statutory": 15},
    ],
)
def test_a_parameter_without_unit_and_source_is_refused(entry: object) -> None:
    pack = body()
    pack["terms"]["amend_lead"] = entry
    assert refused(pack).facts["parameter"] == "amend_lead"


def test_missing_and_unknown_parameters_are_refused() -> None:
    missing, unknown = body(), body()
    del missing["terms"]["grace"]
    unknown["terms"]["extra"] = unknown["terms"]["grace"]
    assert "terms" in refused(missing).message
    assert "terms" in refused(unknown).message


def test_points_and_formula_belong_together() -> None:
    without = body()
    without["scoring"] = None
    assert refused(without).code == "rules.malformed"
    lowest = body(INTERNATIONAL)
    lowest["scoring"] = body()["scoring"]
    assert refused(lowest).code == "rules.malformed"


def test_the_price_cannot_take_all_points() -> None:
    pack = body()
    pack["scoring"]["price_weight"]["value"] = "100"
    assert "no points for the technical criteria" in refused(pack).message


def test_ties_end_with_what_always_decides() -> None:
    pack = body()
    pack["terms"]["ties"]["value"] = ["earlier_place", "lower_price"]
    assert "earlier_place" in refused(pack).message


@pytest.mark.parametrize(("member", "value"), [("v", 2), ("kind", "pack"), ("id", ""), ("title", {"en": "x"})])
def test_another_form_is_refused(member: str, value: object) -> None:
    assert refused(body() | {member: value})
