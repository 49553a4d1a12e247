"""Who may call what: the one table. An endpoint that is not in it is refused to everybody.

Four kinds of caller exist. `ANYONE` needs nothing. `SELF_PROVING` endpoints take signed acts: the signature inside is
the authority, whoever carries it. `CITY` endpoints take requests signed by a partner city. Everything else names the
roles (acts.md) of which the signed-in key must hold one by a credential in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ledger.acts import Role
from ledger.errors import SunbidError


class AccessError(SunbidError):
    """The caller is known, but not allowed to do this."""

    code = "access.role"


class Caller(StrEnum):
    """How a caller proves who it is."""

    ANYONE = "anyone"
    SELF_PROVING = "self-proving"
    CITY = "city"
    SIGNED_IN = "signed in"
    ROLE = "role"


@dataclass(frozen=True)
class Rule:
    """Who may call an endpoint; `roles` only with `Caller.ROLE`.

    A city's request counts once. What says so is stored before the endpoint begins; `once_with_effect` leaves it to the
    endpoint, which stores it in the transaction of the effect.
    """

    caller: Caller
    roles: frozenset[Role] = frozenset()
    once_with_effect: bool = False

    def describe(self) -> str:
        """Return the rule in words, for the generated documentation."""
        return " or ".join(sorted(role.name.lower() for role in self.roles)) if self.roles else self.caller.value


def _roles(*roles: Role) -> Rule:
    return Rule(Caller.ROLE, frozenset(roles))


_ANYONE = Rule(Caller.ANYONE)
_SELF = Rule(Caller.SELF_PROVING)
_CITY = Rule(Caller.CITY)
_SIGNED_IN = Rule(Caller.SIGNED_IN)
_CONDUCT = _roles(Role.TENDERER, Role.AGENCY, Role.CENTRE, Role.SUPERVISOR)

RULES: dict[tuple[str, str], Rule] = {
    # service
    ("GET", "/healthz"): _ANYONE,
    ("GET", "/metrics"): _ANYONE,
    ("GET", "/openapi.json"): _ANYONE,
    ("GET", "/docs"): _ANYONE,
    ("GET", "/static/{path:path}"): _ANYONE,
    # sign-in
    ("GET", "/v1/session/challenge"): _ANYONE,
    ("POST", "/v1/session"): _ANYONE,
    ("GET", "/v1/session"): _SIGNED_IN,
    ("DELETE", "/v1/session"): _SIGNED_IN,
    ("POST", "/v1/credentials"): _SIGNED_IN,
    # pages
    ("GET", "/"): _ANYONE,
    ("GET", "/tenders/{tender}"): _ANYONE,
    ("GET", "/credit"): _ANYONE,
    ("GET", "/credit/{subject}"): _ANYONE,
    ("GET", "/query"): _ANYONE,
    ("GET", "/trust.json"): _ANYONE,
    # tenders
    ("GET", "/v1/tenders"): _ANYONE,
    ("POST", "/v1/tenders"): _CONDUCT,
    ("GET", "/v1/tenders/{tender}"): _ANYONE,
    ("POST", "/v1/tenders/{tender}/acts"): _CONDUCT,
    ("POST", "/v1/tenders/{tender}/records"): _SELF,
    ("POST", "/v1/tenders/{tender}/steps"): _roles(Role.TENDERER, Role.AGENCY, Role.CENTRE, Role.BIDDER),
    ("GET", "/v1/tenders/{tender}/records"): _ANYONE,
    ("GET", "/v1/tenders/{tender}/documents/{sha256}"): _ANYONE,
    ("GET", "/v1/tenders/{tender}/evidence"): _ANYONE,
    ("GET", "/v1/tenders/{tender}/list"): _ANYONE,
    ("GET", "/v1/tenders/{tender}/opening"): _ANYONE,
    ("GET", "/v1/tenders/{tender}/explain"): _ANYONE,
    ("GET", "/v1/tenders/{tender}/prices/{header}"): _ANYONE,
    ("GET", "/v1/tenders/{tender}/envelopes/{header}"): _roles(
        Role.TENDERER, Role.SUPERVISOR, Role.EXPERT, Role.BIDDER
    ),
    ("GET", "/v1/tenders/{tender}/bundle"): _ANYONE,
    ("GET", "/v1/tenders/{tender}/bundle/full"): _roles(Role.SUPERVISOR),
    ("GET", "/v1/tenders/{tender}/events"): _ANYONE,
    # the door
    ("POST", "/v1/streams"): _roles(Role.BIDDER),
    ("GET", "/v1/streams/{head}"): _ANYONE,
    ("POST", "/v1/slips"): _roles(Role.BIDDER),
    ("POST", "/v1/partner/streams"): _CITY,
    ("GET", "/v1/partner/streams/{head}/{chunk}"): _CITY,
    ("POST", "/v1/partner/slips"): Rule(Caller.CITY, once_with_effect=True),
    # witness log
    ("GET", "/log/{kind}/checkpoint"): _ANYONE,
    ("GET", "/log/{kind}/tile/{path:path}"): _ANYONE,
    ("GET", "/log/public/entry/{index}"): _ANYONE,
    ("GET", "/log/public/proof/{index}"): _ANYONE,
    ("POST", "/witness/add-checkpoint"): _ANYONE,
    ("GET", "/witness/faults"): _ANYONE,
    ("GET", "/box/{origin}"): _ANYONE,
    ("GET", "/box/{origin}/{size}"): _ANYONE,
    ("GET", "/attestation/{number}"): _ANYONE,
    # credit and queries
    ("POST", "/v1/credit/decisions"): _roles(Role.CREDIT_AUTHORITY),
    ("POST", "/v1/credit/revocations"): _roles(Role.CREDIT_AUTHORITY),
    ("GET", "/v1/credit/{subject}"): _ANYONE,
    ("GET", "/v1/query/credit/{subject}"): _ANYONE,
    ("GET", "/v1/proofs/credit/{subject}"): _ANYONE,
    ("GET", "/v1/proofs/registry"): _ANYONE,
    ("GET", "/v1/proofs/contracts"): _ANYONE,
}


def rule_for(method: str, path: str) -> Rule:
    """Return the rule of an endpoint, by method and path template; refuse one that the table does not name."""
    rule = RULES.get(("GET" if method == "HEAD" else method, path))
    if rule is None:
        raise AccessError("Nobody may call this address.", code="access.unlisted", method=method, path=path)
    return rule


def rule_described(method: str, path: str) -> Rule:
    """Return the rule of an endpoint by its path as OpenAPI writes it: there `{path:path}` is `{path}`."""
    return next(
        rule for (m, template), rule in RULES.items() if m == method and template.replace(":path}", "}") == path
    )
