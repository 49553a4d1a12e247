"""The one table: every address has a row, every row an address, and what is not in it is refused."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute

from api.authorisation import RULES, AccessError, Caller, Rule, rule_for
from api.routers import ROUTERS
from ledger.acts import Role

_BY_FRAMEWORK = {("GET", "/openapi.json"), ("GET", "/static/{path:path}")}


def routes() -> set[tuple[str, str]]:
    """Return method and path template of every address that the routers serve."""
    return {
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert routes() == set(RULES) - _BY_FRAMEWORK


def test_an_unlisted_address_is_refused_to_everybody() -> None:
    with pytest.raises(AccessError) as caught:
        rule_for("DELETE", "/v1/tenders")
    assert (caught.value.code, caught.value.facts["method"]) == ("access.unlisted", "DELETE")


def test_head_is_as_get() -> None:
    assert rule_for("HEAD", "/v1/tenders") == rule_for("GET", "/v1/tenders")


def test_roles_stand_exactly_where_a_role_is_asked_for() -> None:
    assert all(bool(rule.roles) == (rule.caller is Caller.ROLE) for rule in RULES.values())


def test_only_bidders_reach_the_door_and_only_cities_their_own_addresses() -> None:
    assert rule_for("POST", "/v1/slips").roles == {Role.BIDDER}
    assert {rule.caller for (_, path), rule in RULES.items() if path.startswith("/v1/partner/")} == {Caller.CITY}


def test_a_rule_tells_who_may_in_words() -> None:
    assert Rule(Caller.ROLE, frozenset({Role.SUPERVISOR, Role.CENTRE})).describe() == "centre or supervisor"
    assert Rule(Caller.ANYONE).describe() == "anyone"
