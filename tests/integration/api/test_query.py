"""A subject's credit asked of three cities: all up, one down, one lying in three ways. No word is believed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest

from api.stack.network import Stack
from api.stack.town import Town, open_town
from credit.catalogue import shipped
from ledger.chain.evidence.trust import TrustFile
from ledger.errors import SunbidError
from ledger.json_fields import to_hex
from tests.fixtures.credit_office import CreditOffice
from tests.fixtures.people import organisation_named
from witness.audit.credit_query import CreditQuery, judge

SUBJECT, OTHER = organisation_named("builder"), organisation_named("another builder")
PATH = f"/v1/query/credit/{to_hex(SUBJECT)}"
Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class Liar(httpx.AsyncBaseTransport):
    """Stands before a city and changes what it answers about credit."""

    city: httpx.AsyncBaseTransport
    change: Change
    last: dict[str, Any] = field(default_factory=dict)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.city.handle_async_request(request)
        if not request.url.path.startswith("/v1/proofs/credit/") or answer.status_code != 200:
            return answer
        self.last = orjson.loads(await answer.aread())
        return httpx.Response(200, json=self.change(self.last))


@pytest.fixture
async def town(stack: Stack) -> AsyncIterator[Town]:
    """Two decisions of Lu'an, the first one revoked, and one of Nanjing; and one on somebody else."""
    async with open_town(stack) as town:
        await town.settle()
        luan, nanjing = await CreditOffice.open(town, "luan"), await CreditOffice.open(town, "nanjing")
        first = await luan.decide(SUBJECT, -10, "declined the contract")
        await nanjing.decide(SUBJECT, -10, "declined another one")
        await luan.revoke(SUBJECT, first, "the court ruled")
        await luan.decide(OTHER, -10, "somebody else declined")
        yield town


async def ask(town: Town, city: str = "luan") -> dict[str, Any]:
    async with town.api(city) as api:
        answer: dict[str, Any] = await api.get(PATH)
    return answer


def statuses(answer: dict[str, Any]) -> dict[str, str]:
    return {city["city"]: city["status"] for city in answer["verdict"]["cities"]}


async def test_every_city_proves_its_answer_and_one_that_is_down_is_named(town: Town) -> None:
    whole = await ask(town)
    assert statuses(whole) == {"hefei": "proven", "luan": "proven", "nanjing": "proven"}
    assert (whole["verdict"]["merged"]["score"], whole["verdict"]["merged"]["missing"]) == ("70", [])
    assert [entry["city"] for entry in whole["verdict"]["merged"]["entries"]] == ["luan", "nanjing", "luan"]
    assert (await ask(town, "hefei"))["verdict"]["merged"] == whole["verdict"]["merged"]
    await _need_the_same_verdict_offline(town, whole)

    await town.stop("nanjing")
    partial = await ask(town)
    assert statuses(partial) == {"hefei": "proven", "luan": "proven", "nanjing": "silent"}
    assert partial["verdict"]["merged"]["missing"] == [{"city": "nanjing", "entries": [2]}]
    assert partial["verdict"]["merged"]["score"] == "80"
    async with town.api("luan") as api:
        page = (await api.get_bytes("/query", uscc=to_hex(SUBJECT), lang="en")).decode()
    assert "no answer" in page
    assert "<strong>nanjing</strong>: the text of entries that only this city holds: 2" in page

    await town.stop("hefei")
    alone = await ask(town)
    assert statuses(alone) == {"hefei": "silent", "luan": "unproven", "nanjing": "silent"}
    assert alone["verdict"]["merged"] is None


async def _need_the_same_verdict_offline(town: Town, answer: dict[str, Any]) -> None:
    trust = TrustFile.from_bytes(town.stack.trust_path.read_bytes())
    verdict = judge(CreditQuery.from_json(answer), trust, shipped())
    assert {city.city: city.status for city in verdict.cities} == statuses(answer)
    assert verdict.merged is not None
    assert format(verdict.merged.standing.score, "f") == answer["verdict"]["merged"]["score"]


async def test_a_city_that_lies_is_caught_and_named(town: Town) -> None:
    async with town.api("nanjing") as api:
        old = await api.get(f"/v1/proofs/credit/{to_hex(SUBJECT)}")
        foreign = await api.get(f"/v1/proofs/credit/{to_hex(OTHER)}")
    office = await CreditOffice.open(town, "luan")
    await office.decide(SUBJECT, -10, "declined a third one")
    lies: dict[str, Change] = {
        "a wrong text": _milder,
        "another subject's proof": lambda _: {**foreign, "subject": to_hex(SUBJECT)},
        "an old block": lambda _: old,
        "an entry left out": lambda answer: {**answer, "entries": answer["entries"][:-1]},
        "no answer at all": lambda _: {"entries": []},
    }
    honest = town.wires["nanjing"].app
    assert honest is not None
    for lie, change in lies.items():
        town.wires["nanjing"].app = Liar(honest, change)  # type: ignore[assignment]
        answer = await ask(town)
        assert statuses(answer) == {"hefei": "proven", "luan": "proven", "nanjing": "false"}, lie
        [named] = [city for city in answer["verdict"]["cities"] if city["status"] == "false"]
        assert named["problem"], lie
        assert {"city": "nanjing", "entries": [2]} in answer["verdict"]["merged"]["missing"], lie
    town.wires["nanjing"].app = honest
    assert statuses(await ask(town))["nanjing"] == "proven"


def _milder(answer: dict[str, Any]) -> dict[str, Any]:
    entries = [dict(entry) for entry in answer["entries"]]
    body = bytes.fromhex(entries[1]["body"][2:]).replace(b"declined another one", b"was a little late...")
    entries[1]["body"] = to_hex(body)
    return {**answer, "entries": entries}


async def test_a_past_moment_and_a_block_ahead(town: Town) -> None:
    async with town.api("hefei") as api:
        past = await api.get(PATH, at=(await town.now()) - 3600)
        with pytest.raises(SunbidError) as caught:
            await api.get(f"/v1/proofs/credit/{to_hex(SUBJECT)}", block=10**9)
        nothing = await api.get(f"/v1/query/credit/{to_hex(organisation_named('nobody'))}")
    assert past["verdict"]["merged"]["score"] == "80"
    assert caught.value.code == "credit.not_yet"
    assert nothing["verdict"]["merged"]["entries"] == []
