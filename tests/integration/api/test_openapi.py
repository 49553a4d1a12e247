"""Whatever is sent to a city by whomever: it answers as its OpenAPI description says, never with a fault of its own.

The requests are made from the description by schemathesis: fitting ones, unfitting ones, and fitting ones with the ids
of a decided tender and of an open one. What was posted on the way to the award is posted again, changed in one place.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api import live
from api.authorisation import RULES, Caller, rule_described
from api.client import CityApi
from api.robots.authority import AuthorityRobot
from api.robots.record import RecordRun
from credit.catalogue import shipped
from credit.domain import commitment
from ledger.acts import Role
from ledger.errors import SunbidError
from ledger.json_fields import to_hex
from ledger.signed import read_act
from scripts.docs import openapi
from tests.fixtures.busy import BusyTown, digest_of, open_busy


def refusal_is_named(_context: object, response: schemathesis.Response, case: Case[Any]) -> None:
    """Refuse a code that the description does not name for this address."""
    if response.headers.get("content-type") == ["application/problem+json"]:
        described = DESCRIPTION["paths"][case.path][case.method.lower()]["responses"]
        code = response.json()["code"]
        named = described.get(str(response.status_code), {}).get("x-codes", ())
        assert code in named, f"{case.method} {case.path} does not say that it answers {response.status_code} {code}"


CHECKS = [
    refusal_is_named,
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DESCRIPTION = orjson.loads(openapi())
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
_ALL: list[Any] = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]
OPERATIONS = {f"{one.method.upper()} {one.path}": one for one in _ALL}
EXAMPLES = 24
"""Requests of each kind to an address: enough for everybody to send one."""

PROFILE = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Posted:
    """Something that was posted on the way to the award: the ids in its address, its own headers, its body."""

    ids: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(repr=False)
class World:
    """A city of the town with everybody who may call it; `known` are values that lead to something."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    busy: BusyTown
    callers: dict[str, CityApi]
    known: dict[str, list[str]]
    office: AuthorityRobot
    posted: dict[str, list[Posted]] = field(default_factory=dict)

    def send(self, case: Case[Any], who: str) -> httpx.Response:
        """Send a request in somebody's name, and have the answer judged by the description."""
        answer: httpx.Response = self.run(self._send(case, who))
        case.validate_response(answer, checks=CHECKS)
        return answer

    async def _send(self, case: Case[Any], who: str) -> httpx.Response:
        city = self.busy.town.stack.cities["luan"]
        given_to = case.as_transport_kwargs(base_url=city)
        request = _prepared(given_to)
        if who == "partner":
            hefei = self.busy.town.cities["hefei"].node.base.peers.named("luan")
            request.headers.update(hefei._signature(request, request.content))
        caller = self.callers.get(who, self.callers["nobody"])
        if caller._token:
            request.headers["Authorization"] = f"Bearer {caller._token}"
        answer = await caller.http.send(request)
        if (case.method.upper(), case.path) == ("DELETE", "/v1/session") and answer.status_code == 204:
            key, chains = caller._who or pytest.fail("nobody signed out")
            await caller.sign_in(key, *chains)
        return answer


def _prepared(options: dict[str, Any]) -> httpx.Request:
    """Return what `requests` would send as a request of httpx: that is what goes into the application."""
    options.pop("verify", None)
    names = ("method", "url", "headers", "params", "data", "json", "files", "cookies")
    prepared = requests.Request(**{name: options[name] for name in names if name in options}).prepare()
    body: Any = prepared.body or b""
    content = body.encode() if isinstance(body, str) else body
    headers = {name: str(value) for name, value in prepared.headers.items() if name.lower() != "content-length"}
    return httpx.Request(str(prepared.method), str(prepared.url), headers=headers, content=content)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The town after one award, while another tender waits for bids."""
    with asyncio.Runner() as runner:
        opened = open_busy(tmp_path_factory.mktemp("world"), 2)
        busy = runner.run(opened.__aenter__())
        try:
            yield runner.run(_populated(runner.run, busy))
        finally:
            runner.run(opened.__aexit__(None, None, None))


async def _populated(run: Callable[[Coroutine[Any, Any, Any]], Any], busy: BusyTown) -> World:
    decided = await busy.announce("decided", 2)
    await busy.decide(decided)
    waiting = await busy.announce("waiting", 1)
    parties = decided.conduct.parties
    named = {Role.TENDERER: parties.tenderer, Role.SUPERVISOR: parties.supervisor, Role.CENTRE: parties.centre}
    named[Role.BIDDER] = next(iter(decided.bidders.values())).party
    callers = {role.name.lower(): await busy.signed_in(role, named.get(role)) for role in Role}
    callers |= {"nobody": await busy.stage.api(), "stranger": await busy.signed_in(Role.BIDDER)}
    office = await AuthorityRobot.enter(busy.stage)
    standing = await _post_credit(office, named[Role.BIDDER].organisation)
    callers["credit_authority"] = await busy.signed_in(Role.CREDIT_AUTHORITY, office.party)
    known = await _known(busy, decided, waiting) | {"decision": [to_hex(standing)]}
    world = World(run, busy, callers, known, office)
    for request in busy.sent:
        name, ids = _address(request)
        headers = {name: value for name, value in request.headers.items() if name.startswith("sunbid-")}
        world.posted.setdefault(name, []).append(Posted(ids, headers, request.content))
    return world


async def _post_credit(office: AuthorityRobot, subject: bytes) -> bytes:
    """Post a reward, whose digest is returned, and a penalty that is taken back."""
    rules = shipped().rules.values()
    reward = next(rule for rule in rules if rule.highest > 0)
    penalty = next(rule for rule in rules if rule.lowest < 0)
    standing = await office.reward(subject, reward.id, "It did well.")
    decision = await office.reward(subject, penalty.id, "It did badly, it is said.")
    await office.revoke(subject, decision, "It was somebody else.")
    return standing


async def _known(busy: BusyTown, decided: RecordRun, waiting: RecordRun) -> dict[str, list[str]]:
    api = await busy.stage.api()
    entries = (await api.get(f"{decided.conduct.path}/list"))["entries"]
    origins = [to_hex(origin) for origin in busy.stage.origins.values()]
    return {
        "tender": [to_hex(decided.conduct.tender), to_hex(waiting.conduct.tender)],
        "sha256": [to_hex(decided.notice.hash), to_hex(waiting.notice.hash)],
        "header": [entry["headerHash"] for entry in entries],
        "head": [entry["head"] for entry in entries],
        "subject": [entries[0]["bidder"], to_hex(digest_of("nobody's subject"))],
        "kind": ["public", "sealed", *origins],
        "path": ["0/000.p/1", "entries/000.p/1", "entries/000.p/16", "1/000"],
        "origin": origins,
        "chunk": ["0", "1"],
        "index": ["0", "1", "5"],
        "size": ["1", "16"],
        "number": ["1", "20"],
    }


def _address(request: httpx.Request) -> tuple[str, dict[str, str]]:
    """Return the description's name of the address that a request went to, and the ids in it."""
    for method, template in RULES:
        path = template.replace(":path}", "}")
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path), request.url.path)
        if method == request.method and found:
            return f"{method} {path}", found.groupdict()
    return pytest.fail(f"nobody serves {request.url.path}")


# --- what is sent ---------------------------------------------------------------------------------------------------


def fitting(operation: Any, world: World) -> st.SearchStrategy[Case[Any]]:
    """Return requests of the form that the address takes, where possible with ids that are known."""
    names = [name for name in _names(operation.path) if name in world.known]
    ids = st.fixed_dictionaries({name: st.sampled_from(world.known[name]) for name in names})
    return ids.flatmap(lambda given_ids: operation.as_strategy(path_parameters=given_ids))


def _names(path: str) -> list[str]:
    return re.findall(r"\{(\w+)(?::path)?\}", path)


def _name(operation: Any) -> str:
    return f"{operation.method.upper()} {operation.path}"


def unfitting(operation: Any) -> st.SearchStrategy[Case[Any]]:
    """Return requests that are wrong in form somewhere."""
    cases: st.SearchStrategy[Case[Any]] = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    return cases


@st.composite
def changed(draw: st.DrawFn, operation: Any, world: World) -> Case[Any]:
    """Return a request that was once taken, changed in one place or none."""
    posted = draw(st.sampled_from(world.posted[_name(operation)]))
    case: Case[Any] = draw(operation.as_strategy(path_parameters=posted.ids, headers=posted.headers))
    try:
        case.body = draw(_changed_value(orjson.loads(posted.body)))
    except orjson.JSONDecodeError:
        at = draw(st.integers(0, len(posted.body)))
        odd = [posted.body[:at] + b"\x00" + posted.body[at + 1 :], posted.body[:at]]
        case.body = draw(st.sampled_from([posted.body, *odd]))
    return case


@st.composite
def signed_anew(draw: st.DrawFn, operation: Any, world: World) -> Case[Any]:
    """Return a credit act whose body was changed in a place, committed to and signed by the authority."""
    posted = orjson.loads(draw(st.sampled_from(world.posted[_name(operation)])).body)
    body = orjson.loads(bytes.fromhex(posted["body"][2:]))
    if "decision" in body:
        body["decision"] = draw(st.sampled_from([body["decision"], *world.known["decision"] * 3]))
    name = draw(st.sampled_from(sorted(body)))
    odd = _ODD.filter(lambda value: not isinstance(value, str) or value.isprintable())
    body[name] = draw(st.one_of(_PLAUSIBLE[name], _PLAUSIBLE[name], odd) if name in _PLAUSIBLE else odd)
    data = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    act = posted["act"] | {name: body[name] for name in draw(_AGREEING) if name in posted["act"] and name in body}
    act["body"] = to_hex(commitment(bytes.fromhex(posted["nonce"][2:]), data))
    kind = draw(st.sampled_from([posted["type"]] * 3 + ["CreditRepair"]))
    with suppress(SunbidError, ValueError, OverflowError):
        posted["signature"] = to_hex(world.office.party.sign(read_act(kind, act), world.office.stage.domains))
    case: Case[Any] = draw(operation.as_strategy())
    case.body = posted | {"type": kind, "act": act, "body": to_hex(data)}
    return case


_PLAUSIBLE = {
    "rule": st.sampled_from([*shipped().rules, "no-such-rule"]),
    "points": st.sampled_from(["0", "1.5", "-3", "100", "-100", "007", "99999999999999999999"]),
    "from": st.integers(0, 2**53 - 1),
    "to": st.integers(0, 2**53 - 1),
    "kind": st.sampled_from(["credit-decision", "credit-revocation", "credit-repair"]),
    "decision": st.sampled_from([to_hex(digest_of("no decision"))]),
    "subject": st.sampled_from([to_hex(digest_of("nobody"))]),
    "authority": st.sampled_from([to_hex(digest_of("another authority"))]),
    "document": st.sampled_from([to_hex(digest_of("another paper"))]),
    "text": st.sampled_from(["Other words.", "x" * 9000]),
}
"""Values that a member of a credit body could have."""
_AGREEING = st.sampled_from([("subject", "points", "document", "from", "to", "decision")] * 3 + [()])
"""Which members the act takes from the changed body, so that the two agree."""


@st.composite
def _changed_value(draw: st.DrawFn, value: Any) -> Any:
    places = list(_places(value))
    place = draw(st.sampled_from([(), *places]))
    if not place:
        return value
    value = copy.deepcopy(value)
    holder = value
    for step in place[:-1]:
        holder = holder[step]
    if draw(st.booleans()):
        holder[place[-1]] = draw(_ODD)
    elif isinstance(holder, dict):
        del holder[place[-1]]
    return value


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        yield (*path, key)
        yield from _places(member, (*path, key))


_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(
        [-1, 0, 1, 2**64, 2**300, 1.5, "", "0x", "0x00", "0x" + "ff" * 32, "0x" + "00" * 65, "\x00", "\ud7ff"]
    ),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def _has_form(operation: Any) -> bool:
    """Say whether a request for this address can be wrong in form: any text is a text, any octets are octets."""
    described = DESCRIPTION["paths"][operation.path][operation.method]
    bodies = described.get("requestBody", {}).get("content", {})
    given_in = [one["schema"] for one in described.get("parameters", ())]
    return "application/json" in bodies or any(set(schema) - {"type", "title"} for schema in given_in)


def turns(name: str, world: World) -> Iterator[str]:
    """Yield who sends next, for ever: everybody in turn, and after each of them somebody who may."""
    method, path = name.split(" ")
    rule = rule_described(method, path)
    may = (
        ["partner"] if rule.caller is Caller.CITY else [role.name.lower() for role in sorted(rule.roles)] or ["nobody"]
    )
    for place in itertools.count():
        yield [*world.callers, "partner"][place % (len(world.callers) + 1)]
        yield may[place % len(may)]


def send_all(world: World, name: str, cases: st.SearchStrategy[Case[Any]]) -> None:
    """Send what `cases` gives, as everybody in turn."""
    callers = turns(name, world)

    @PROFILE
    @given(cases)
    def send(case: Case[Any]) -> None:
        world.send(case, next(callers))

    send()


@pytest.fixture(autouse=True)
def brief_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a stream of news end at once: it is asked for like everything else."""
    monkeypatch.setattr(live, "LOOKS", 1)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_described(world: World, name: str) -> None:
    operation = OPERATIONS[name]
    send_all(world, name, fitting(operation, world))
    if _has_form(operation):
        send_all(world, name, unfitting(operation))
    if name in world.posted:
        send_all(world, name, changed(operation, world))


@pytest.mark.parametrize(
    ("name", "reached"),
    [
        ("POST /v1/credit/decisions", {"taken", "credit.body", "credit.disagrees", "credit.window"}),
        (
            "POST /v1/credit/revocations",
            {"taken", "credit.body", "credit.disagrees", "credit.ended", "credit.decision_unknown"},
        ),
    ],
)
def test_credit_acts_that_are_well_signed_are_judged_for_what_they_say(
    world: World, name: str, reached: set[str]
) -> None:
    found: set[str] = set()

    @settings(PROFILE, max_examples=4 * EXAMPLES)
    @given(signed_anew(OPERATIONS[name], world))
    def send(case: Case[Any]) -> None:
        answer = world.send(case, "credit_authority")
        found.add(answer.json().get("code", "taken"))

    send()
    assert found & reached  # which of them is up to chance, but it gets beyond the form


PAGES = sorted(
    path for method, path in RULES if method == "GET" and f"GET {path.replace(':path}', '}')}" not in OPERATIONS
)


@pytest.mark.parametrize("template", PAGES)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_page_shows_something_whatever_is_asked(world: World, template: str, accept: str) -> None:
    """The pages for people stand in no description: they answer with a page, or say what was wrong in one."""

    @PROFILE
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        ids = {
            name: data.draw(st.sampled_from([*world.known.get(name, ()), "0x00", "%00"])) for name in _names(template)
        }
        path = re.sub(r"\{(\w+)(:path)?\}", lambda found: ids[found[1]], template)
        query = data.draw(
            st.dictionaries(st.sampled_from(["page", "uscc", "at", "lang"]), st.text(max_size=30), max_size=2)
        )
        answer = world.run(world.callers["nobody"].http.get(path, params=query, headers={"Accept": accept}))
        assert answer.status_code in {200, 303, 404, 422}, (path, query)
        if answer.status_code in {404, 422}:
            wanted = "text/html" if accept == "text/html" else "application/problem+json"
            assert answer.headers["content-type"].startswith(wanted)

    ask()
