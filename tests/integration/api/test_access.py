"""The authorisation table, walked: nobody, every role and a partner city at every address, while a tender goes on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import pytest

from api.authorisation import RULES, Caller
from api.client import CityApi
from bidding.box.book import BookState
from bidding.device.cities import DeviceCity
from ledger.acts import Envelope, Role
from ledger.json_fields import to_hex
from tests.fixtures.town import Square

pytestmark = pytest.mark.usefixtures("brief_streams")

_VALUES = {
    "head": "0x" + "11" * 32,
    "header": "0x" + "22" * 32,
    "subject": "0x" + "33" * 32,
    "sha256": "0x" + "44" * 32,
    "origin": "0x" + "55" * 32,
    "chunk": "0",
    "index": "0",
    "size": "1",
    "number": "1",
    "kind": "public",
    "path": "0/000.p/1",
}
_ELSEWHERE = {
    ("GET", "/openapi.json"),  # of the framework
    ("GET", "/static/{path:path}"),
    ("DELETE", "/v1/session"),  # ends the walk
    ("POST", "/witness/add-checkpoint"),  # answers as C2SP tlog-witness says
}
_CODES = re.compile(r"^\| `([a-z0-9_.]+)` \| (\d+) \|", re.MULTILINE)
_DOCUMENTED = dict(_CODES.findall((Path(__file__).parents[3] / "docs/errors.md").read_text(encoding="utf-8")))
"""The codes that the documentation promises never to change, with their status."""
_OF_ANY_REQUEST = {"request.malformed": "422", "page.not_found": "404", "request.method": "405"}
"""Codes of what reaches no endpoint."""
_IDENTIFIED = {(m, p): rule for (m, p), rule in RULES.items() if rule.caller in {Caller.SIGNED_IN, Caller.ROLE}}
_FOR_CITIES = [(method, path) for (method, path), rule in RULES.items() if rule.caller is Caller.CITY]


@dataclass
class Crowd:
    """One signed-in client of Lu'an for each role, and one of nobody."""

    square: Square
    nobody: CityApi
    members: dict[Role, CityApi]

    async def call(self, who: CityApi, method: str, template: str) -> tuple[int, str]:
        """Return status and problem code of a call with nothing in it."""
        values = {**_VALUES, "tender": to_hex(self.square.tender)}
        path = re.sub(r"\{(\w+)(?::path)?\}", lambda found: values[found[1]], template)
        headers = {"Authorization": f"Bearer {who._token}"} if who._token else {}
        content = {"content": b"{}"} if method == "POST" else {}
        answer = await who.http.request(method, path, headers=headers, **content)
        is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
        return answer.status_code, orjson.loads(answer.content)["code"] if is_problem else ""


@pytest.fixture
async def crowd(square: Square) -> Crowd:
    parties = square.conduct.parties
    known = {Role.SUPERVISOR: parties.supervisor, Role.TENDERER: parties.tenderer, Role.CENTRE: parties.centre}
    members = {}
    for role in Role:
        party = known.get(role) or square.registrar.party(f"walker {role.name}", role)
        members[role] = await square.resources.enter_async_context(square.town.api("luan"))
        await party.sign_in(members[role])
    nobody = await square.resources.enter_async_context(square.town.api("luan"))
    return Crowd(square, nobody, members)


async def _expect_the_table(crowd: Crowd) -> None:
    for (method, path), rule in _IDENTIFIED.items():
        if (method, path) == ("DELETE", "/v1/session"):
            continue  # signing out ends the walk; see below
        assert await crowd.call(crowd.nobody, method, path) == (401, "session.required"), (method, path)
        for role, caller in crowd.members.items():
            status, code = await crowd.call(caller, method, path)
            allowed = rule.caller is Caller.SIGNED_IN or role in rule.roles
            if allowed:
                assert not code.startswith(("session.", "access.role", "federation.")), (method, path, role, code)
            else:
                assert (status, code) == (403, "access.role"), (method, path, role)


async def _expect_known_codes(crowd: Crowd) -> None:
    """Whatever anybody asks: an answer, or a problem with a documented code under its own status."""
    wrong = []
    for method, path in sorted(RULES.keys() - _ELSEWHERE):
        for caller in (crowd.nobody, crowd.members[Role.BIDDER], crowd.members[Role.SUPERVISOR]):
            status, code = await crowd.call(caller, method, path)
            is_known = status < 400 or {**_DOCUMENTED, **_OF_ANY_REQUEST}.get(code) == str(status) < "500"
            if not is_known:
                wrong.append((method, path, status, code))
    assert wrong == []


async def test_everybody_gets_exactly_what_the_table_says_in_every_state(crowd: Crowd) -> None:
    seen = []
    async for state in _states(crowd.square):
        seen.append(state)
        await _expect_the_table(crowd)
        await _expect_known_codes(crowd)
    assert seen == [BookState.ANNOUNCED, BookState.CLOSING, BookState.CLOSED, BookState.LISTED]


async def _states(square: Square) -> AsyncIterator[BookState]:
    """Yield each state of a tender with a bid, up to the opened one; holders come last, so that no state is missed."""
    bidder = await square.device("a bidder")
    await bidder.submit(square.tender, 0, Envelope.PRICE, square.price("CNY 10.50"))
    await square.near_deadline()
    state, deadline = (await square.at()).view.state, (await square.at()).view.deadline
    yield state
    for seconds in (1, 4, 8):
        await square.town.advance_to(deadline + seconds)
        for city in square.town.cities.values():
            for task in city.worker.tasks:
                await task.run(city.node)
                if (now := (await square.at()).view.state) is not state:
                    state = now
                    yield state
    await square.pass_deadline()
    assert [bid["status"] for bid in (await square.shown("opening"))["envelopes"][0]["bids"]] == ["opened"]  # type: ignore[index,call-overload,union-attr]
    yield (await square.at()).view.state


async def test_addresses_of_cities_take_nothing_but_a_city_s_signature(crowd: Crowd) -> None:
    for method, path in _FOR_CITIES:
        for caller in (crowd.nobody, *crowd.members.values()):
            assert await crowd.call(caller, method, path) == (401, "federation.signature"), (method, path)
    hefei = crowd.square.town.cities["hefei"].node
    luan = hefei.base.peers.named("luan")
    answer = await luan.get(f"/v1/partner/streams/{_VALUES['head']}/0")
    assert (answer.status, answer.json()["code"]) == (404, "stream.not_found")


async def test_a_city_s_request_is_taken_once(crowd: Crowd) -> None:
    sent: list[httpx.Request] = []
    hefei = crowd.square.town.cities["hefei"].node.base.peers.named("luan")
    hefei._http.event_hooks = {"request": [_keeping(sent)]}
    await hefei.get(f"/v1/partner/streams/{_VALUES['head']}/0")
    [request] = sent
    answer = await crowd.nobody.http.request(request.method, request.url.path, headers=dict(request.headers))
    assert (answer.status_code, answer.json()["code"]) == (401, "federation.replay")


async def test_a_slip_that_a_city_passed_on_is_taken_once(crowd: Crowd) -> None:
    sent: list[httpx.Request] = []
    for peer in crowd.square.town.cities["luan"].node.base.peers:
        peer._http.event_hooks = {"request": [_keeping(sent)]}
    bidder = await crowd.square.device("a bidder")
    await bidder.submit(crowd.square.tender, 0, Envelope.PRICE, crowd.square.price("CNY 10.50"))
    request = next(one for one in sent if one.url.path == "/v1/partner/slips")
    [name] = [
        name for name, url in crowd.square.town.stack.cities.items() if httpx.URL(url).netloc == request.url.netloc
    ]
    async with crowd.square.town.api(name) as city:
        answer = await city.http.send(request)
    assert (answer.status_code, answer.json()["code"]) == (401, "federation.replay")


def _keeping(sent: list[httpx.Request]) -> object:
    async def keep(request: httpx.Request) -> None:
        sent.append(request)

    return keep


async def test_whoever_signs_out_is_nobody(crowd: Crowd) -> None:
    bidder = crowd.members[Role.BIDDER]
    assert (await crowd.call(bidder, "DELETE", "/v1/session"))[0] == 204
    assert await crowd.call(bidder, "GET", "/v1/session") == (401, "session.expired")
    forged = CityApi(bidder.http)
    forged._token = "00" * 32
    assert (await crowd.call(forged, "GET", "/v1/session"))[0] == 401


class LosesFirstAnswer(httpx.AsyncBaseTransport):
    """The way to a city that dies each time before the first answer to a sign-in leaves it; who asked asks again."""

    def __init__(self, way: httpx.AsyncBaseTransport) -> None:
        self._way = way
        self.statuses: list[int] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_sign_in = (request.method, request.url.path) == ("POST", "/v1/session")
        if is_sign_in and not self.statuses:
            await self._way.handle_async_request(request)
        response = await self._way.handle_async_request(request)
        if is_sign_in:
            self.statuses.append(response.status_code)
        return response


@pytest.mark.parametrize("client", ["robot", "device"])
async def test_a_sign_in_whose_answer_was_lost_takes_another_challenge(crowd: Crowd, client: str) -> None:
    town = crowd.square.town
    way = LosesFirstAnswer(town.wires["luan"])
    party = crowd.square.registrar.party(f"a {client} in bad weather", Role.BIDDER)
    async with httpx.AsyncClient(transport=way, base_url=town.stack.cities["luan"]) as http:
        if client == "robot":
            city = CityApi(http)
            await party.sign_in(city)
            account = await city.get("/v1/session")
        else:
            device = DeviceCity.of("luan", crowd.nobody.http, http)
            await device.sign_in(party.key, party.chain)
            account = (await http.get("/v1/session")).json()
    assert way.statuses == [401, 201]
    assert account["address"] == to_hex(party.key.address)
    assert list(account["roles"]) == ["bidder"]


async def test_papers_are_for_the_key_that_shows_them(crowd: Crowd) -> None:
    async with AsyncExitStack() as stack:
        thief = await stack.enter_async_context(crowd.square.town.api("luan"))
        await crowd.square.registrar.party("a thief", Role.EXPERT).sign_in(thief)
        stolen = crowd.square.conduct.parties.supervisor.chain.to_json()
        answer = await thief.http.post(
            "/v1/credentials", json=stolen, headers={"Authorization": f"Bearer {thief._token}"}
        )
    assert (answer.status_code, answer.json()["code"].split(".")[0]) == (400, "authority")


async def test_an_address_that_is_not_there_is_a_problem_too(crowd: Crowd) -> None:
    for path, code in (("/v1/nothing", "page.not_found"), ("/v1/tenders/0x12", "request.malformed")):
        answer = await crowd.nobody.http.get(path)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == code
    answer = await crowd.nobody.http.put("/v1/tenders")
    assert (answer.status_code, answer.json()["code"]) == (405, "request.method")
    page = await crowd.nobody.http.get("/tenders/0x" + "33" * 32, headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
