"""Until the box is opened nothing of any city ties a slip or an account to a tender, and nobody is shown a bid."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from api.client import CityApi
from api.routers.door import account_id
from api.stack.town import Wire
from bidding.box.book import BookState
from bidding.device.device import Device
from bidding.sealing.hashing import TDH2_SECP256K1
from bidding.sealing.header import BID_CHUNK_SIZE, Header
from bidding.sealing.stream import TAG_SIZE, StreamHead
from ledger.acts import Envelope, Role
from ledger.identity import city_id
from ledger.json_fields import to_hex
from tests.fixtures.leaks import Secrets, Unit, rows
from tests.fixtures.town import Square
from tests.fixtures.walker import Visit, addresses, walk

pytestmark = pytest.mark.usefixtures("brief_streams")

ROLES = (Role.BIDDER, Role.TENDERER, Role.CENTRE, Role.SUPERVISOR, Role.EXPERT, Role.CITY_OFFICER)
_DEVICES = ("bidding.device", "api.robots", "httpx", "httpcore")
"""Whose log lines are not a city's: devices live in this process too."""


@dataclass
class Scene:
    """A tender with bids in the box that nobody has opened."""

    square: Square
    devices: dict[str, Device]

    @classmethod
    async def play(cls, square: Square) -> Scene:
        """Let two bidders hand in, one of them twice, and one withdraw."""
        first, second = await square.device("first"), await square.device("second")
        await first.submit(square.tender, 0, Envelope.PRICE, square.price("CNY 10.50"))
        await second.submit(square.tender, 0, Envelope.PRICE, square.price("CNY 12.25"))
        await first.submit(square.tender, 0, Envelope.PRICE, square.price("CNY 9.75"))
        await second.withdraw(square.tender, 0, Envelope.PRICE)
        await square.near_deadline()
        return cls(square, {"first": first, "second": second})

    def traces(self) -> dict[str, bytes]:
        """Return everything that the bids may have left behind, by name."""
        found: dict[str, bytes] = {}
        for name, device in self.devices.items():
            address = device.signer.key.address
            found |= {f"{name} address": address, f"{name} account": account_id(address)}
            found[f"{name} organisation"] = device.signer.bidder
            for attempt in device.journal(self.square.tender).attempts():
                assert attempt.slip is not None
                assert attempt.body is not None
                number = f"{name} {attempt.number}"
                found |= {f"{number} slip": attempt.slip, f"{number} slip hash": hashlib.sha256(attempt.slip).digest()}
                found[f"{number} stream"] = _head(attempt.stream)
                if attempt.header is not None:
                    found[f"{number} header"] = Header.decode(attempt.header).hash
        return found

    def secrets(self) -> Secrets:
        """Return what must not come together; public is what every tender and every upload share."""
        public = {city_id(name) for name in self.square.town.stack.cities} | {bytes(32), bytes(20)}
        for city in self.square.town.cities.values():
            base = city.node.base
            keys = base.keys
            public |= {base.city.public_origin_id, base.city.sealed_origin_id, self.square.town.stack.seal_key_id}
            public |= {key.address for key in (keys.submitter, keys.witness, keys.receiving, keys.issuer)}
            public |= set(base.domains.addresses.values())
        box_key = self.square.conduct.announcement.box_key_id
        return Secrets({"tender": self.square.tender, "box key": box_key}, self.traces(), frozenset(public))

    def targets(self) -> list[tuple[str, str]]:
        """Return every GET address with the parameters of this scene."""
        traces, tender = self.traces(), to_hex(self.square.tender)
        origins = [to_hex(city.node.base.city.sealed_origin_id) for city in self.square.town.cities.values()]
        heads = [to_hex(value) for name, value in traces.items() if name.endswith("stream")]
        headers = [to_hex(value) for name, value in traces.items() if name.endswith("header")]
        subjects = [to_hex(value) for name, value in traces.items() if name.endswith("organisation")]
        values = {
            "tender": [tender],
            "sha256": [to_hex(self.square.conduct.announcement.notice), to_hex(bytes(32))],
            "header": [*headers, to_hex(bytes(32))],
            "head": [*heads, to_hex(bytes(32))],
            "subject": subjects,
            "chunk": ["0"],
            "kind": ["public", "sealed", *origins],
            "path": ["0/000.p/1", "entries/000.p/1", "entries/000.p/16"],
            "index": ["0", "1", "2"],
            "origin": origins,
            "size": ["1", "16"],
            "number": ["1"],
        }
        return list(addresses(values))


def _head(stream: Path) -> bytes:
    """Return the head of a stream's file: that of a withdrawal is nowhere else on the device."""
    head = StreamHead(TDH2_SECP256K1)
    with stream.open("rb") as file:
        while chunk := file.read(BID_CHUNK_SIZE + TAG_SIZE):
            head.append(chunk)
    return head.value()


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> list[Unit]:
    """Everything that is sent to a city, by devices and by other cities: each request with its answer is one unit."""
    sent: list[Unit] = []
    handle = Wire.handle_async_request

    async def noting(wire: Wire, request: httpx.Request) -> httpx.Response:
        asked = await request.aread()
        answer = await handle(wire, request)
        told = await answer.aread()
        texts = [content.decode(errors="replace") for content in (asked, told)]
        sent.append(Unit.of(f"{request.method} {request.url.path}", str(request.url), asked, told, *texts))
        return answer

    monkeypatch.setattr(Wire, "handle_async_request", noting)
    return sent


@pytest.fixture
async def scene(traffic: list[Unit], square: Square, caplog: pytest.LogCaptureFixture) -> Scene:
    caplog.set_level(logging.INFO)
    return await Scene.play(square)


async def stored(scene: Scene) -> list[Unit]:
    """Return every row of every city, and the names of its files."""
    found: list[Unit] = []
    for name, city in scene.square.town.cities.items():
        found += await rows(name, city.node.database)
        files = scene.square.town.stack.city_folder(name).rglob("*")
        found += [Unit.of(f"{name} file", str(path.relative_to(scene.square.folder))) for path in files]
    return found


async def answered(scene: Scene) -> list[tuple[str, Visit]]:
    """Return what every city answers at every address, to nobody and to somebody in each role."""
    found: list[tuple[str, Visit]] = []
    for name in scene.square.town.cities:
        async with AsyncExitStack() as stack:
            callers = {"nobody": await stack.enter_async_context(scene.square.town.api(name))}
            for role in ROLES if name == "luan" else ROLES[:1]:
                callers[role.name.lower()] = await _signed_in(scene, stack, name, role)
            found += [(name, visit) for visit in await walk(callers, scene.targets())]
    assert {visit.template for _, visit in found} == {template for template, _ in scene.targets()}
    return found


async def _signed_in(scene: Scene, stack: AsyncExitStack, city: str, role: Role) -> CityApi:
    api = await stack.enter_async_context(scene.square.town.api(city))
    await scene.square.registrar.party(f"walker {role.name}", role).sign_in(api)
    return api


def logged(caplog: pytest.LogCaptureFixture) -> list[Unit]:
    records = [record for record in caplog.records if not record.name.startswith(_DEVICES)]
    return [Unit.of(f"log {record.name}", record.getMessage(), str(record.exc_info or "")) for record in records]


async def test_nothing_ties_a_slip_or_an_account_to_the_tender(
    scene: Scene, traffic: list[Unit], caplog: pytest.LogCaptureFixture
) -> None:
    secrets, seen = scene.secrets(), []
    assert {"POST /v1/streams", "POST /v1/slips", "POST /v1/partner/slips"} <= {unit.where for unit in traffic}
    async for state in _states_until_opening(scene):
        seen.append(state)
        assert secrets.ties(traffic) == []
        units = [*await stored(scene), *logged(caplog)]
        assert secrets.ties(units) == []
        assert secrets.paths(units) == []
        assert any(unit.names(scene.square.tender) for unit in units)
        assert all(any(unit.names(value) for unit in units) for name, value in secrets.traces.items() if "slip" in name)
        await _expect_no_answer_that_ties(scene, secrets)
        await _expect_nothing_of_the_door_in_metrics(scene)
        traffic.clear()  # what was walked names whatever was asked for
    assert seen == [BookState.ANNOUNCED, BookState.CLOSING, BookState.CLOSED, BookState.CLOSED]


async def _states_until_opening(scene: Scene) -> AsyncIterator[BookState]:
    """Yield each state of the tender the first time that it is seen, the last one again when all that is due is done.

    The key-holders are away: without them cities can do whatever they like and no box opens.
    """
    state, town = (await scene.square.at()).view.state, scene.square.town
    yield state
    for seconds in (1, 4, 8, 12, 61):
        await town.advance_to(scene.square.conduct.announcement.deadline + seconds)
        for city in town.cities.values():
            for task in city.worker.tasks:
                await task.run(city.node)
                if (now := (await scene.square.at()).view.state) is not state:
                    state = now
                    yield state
    yield state


async def _expect_no_answer_that_ties(scene: Scene, secrets: Secrets) -> None:
    visits = await answered(scene)
    named = [(city, visit) for city, visit in visits if not {"{tender}", "{header}"} <= set(visit.template.split("/"))]
    units = [visit.unit(city) for city, visit in named]
    assert secrets.ties(units) == []
    headers = [value for name, value in secrets.traces.items() if name.endswith("header")]
    assert not [unit.where for unit in units if any(unit.names(value) for value in headers)]
    # Whoever asks for tender and header together gets the answer that a header gets which nobody ever sealed.
    asked: dict[tuple[str, str, str], set[bytes]] = {}
    for city, visit in visits:
        if (city, visit) not in named:
            asked.setdefault((city, visit.who, visit.template), set()).add(visit.answer.content)
    assert asked
    assert {len(answers) for answers in asked.values()} == {1}
    assert not [visit.path for _, visit in visits if visit.answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR]


async def _expect_nothing_of_the_door_in_metrics(scene: Scene) -> None:
    for name in scene.square.town.cities:
        async with scene.square.town.api(name) as api:
            text = (await api.get_bytes("/metrics")).decode()
        assert "/v1/tenders" in text
        assert not [line for line in text.splitlines() if "streams" in line or "slips" in line or "partner" in line]
        values = {**scene.traces(), "tender": scene.square.tender}
        assert not [key for key, value in values.items() if Unit.of("metrics", text).names(value)]


async def test_a_slip_that_is_admitted_stands_with_the_tender_and_nobody_with_it(scene: Scene) -> None:
    late = await scene.square.device("late")
    await scene.square.town.advance_to(scene.square.conduct.announcement.deadline - 5)  # no city comes to merge it
    await late.submit(scene.square.tender, 0, Envelope.PRICE, scene.square.price("CNY 8.00"))
    scene.devices["late"] = late
    traces = scene.traces()
    slip, slip_hash = traces.pop("late 1 slip"), traces.pop("late 1 slip hash")
    secrets = replace(scene.secrets(), traces=traces)
    async for _ in _states_until_opening(scene):
        assert secrets.ties(await stored(scene)) == []
    await _expect_no_answer_that_ties(scene, secrets)
    at = await scene.square.at()
    assert (at.view.state, at.view.admitted_count) == (BookState.CLOSED, 1)
    beside = replace(secrets, traces={"slip": slip, "slip hash": slip_hash})
    assert beside.ties(await stored(scene))  # the city had to name both to the contract
    assert secrets.paths(await stored(scene)) == []  # it is merged by now, and whose it was is forgotten


@dataclass(frozen=True)
class Planted:
    """Something that would be a leak, and that the search has to find."""

    values: tuple[object, ...]
    more: tuple[object, ...] = ()


def planted(secrets: Secrets) -> Iterator[Planted]:
    tender, slip = secrets.tender["tender"], secrets.traces["first 1 slip"]
    slip_hash, account = hashlib.sha256(slip).digest(), secrets.traces["second account"]
    yield Planted((slip_hash, tender))
    yield Planted((slip, f'{{"tender": "{to_hex(tender)}"}}'))
    yield Planted((account, secrets.tender["box key"].hex()))
    yield Planted((b"x" * 32, tender), (b"x" * 32, account))


async def test_the_search_would_find_a_leak(scene: Scene) -> None:
    secrets, units = scene.secrets(), await stored(scene)
    for leak in planted(secrets):
        extra = [Unit.of("planted", *leak.values), *([Unit.of("beside it", *leak.more)] if leak.more else [])]
        assert bool(secrets.ties(extra)) is not bool(leak.more)
        assert secrets.paths([*units, *extra])


async def test_once_the_box_is_open_everybody_sees_the_bids(scene: Scene) -> None:
    await scene.square.pass_deadline()
    shown = await scene.square.shown("list")
    assert shown["count"] == 1
    assert (await scene.square.at()).view.state >= BookState.LISTED
    secrets = scene.secrets()
    assert secrets.ties(await stored(scene))
