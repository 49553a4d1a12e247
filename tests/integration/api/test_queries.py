"""No address asks database or chain node more often because there are more tenders or more bids."""

from __future__ import annotations

import io
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api import live
from api.authorisation import Caller, rule_for
from api.client import CityApi
from api.robots.record import RecordRun
from bidding.box.remote import OCTETS
from bidding.box.wire import SLIP_ORIGIN, STREAM_HEAD, STREAM_LENGTH
from bidding.sealing.hashing import TDH2_SECP256K1
from bidding.sealing.header import BID_CHUNK_SIZE
from bidding.sealing.slip import SLIP_SIZE
from bidding.sealing.stream import seal_stream
from ledger.acts import Role
from ledger.json_fields import to_hex
from ledger.keys import SigningKey
from tests.fixtures.busy import NOTICE, BusyTown, open_busy
from tests.fixtures.statements import requests, statements
from tests.fixtures.walker import addresses

DOZENS = 40
"""Statements that the making of a whole bundle may take."""

BUNDLE = "/v1/tenders/{tender}/bundle"
MADE_ANEW = (f"{BUNDLE}/full", f"{BUNDLE}/full?withBox=true", f"{BUNDLE}?withBox=true")
"""Bundles that are made for each reader: they prove every event and every bid of their tender."""

HAND_IN, HAND_OVER = "POST /v1/slips", "POST /v1/streams"


@dataclass(frozen=True)
class Asked:
    """An answer's status, and the statements and the requests to the chain node that it took."""

    status: int
    statements: tuple[str, ...]
    requests: tuple[str, ...]

    @property
    def count(self) -> tuple[int, int]:
        """How many statements, and how many requests."""
        return len(self.statements), len(self.requests)

    def __str__(self) -> str:
        return "\n".join((f"{len(self.statements)} statements", *self.statements, "and requests", *self.requests))


@dataclass
class Visitor:
    """Asks for every address as somebody who may."""

    busy: BusyTown
    callers: Mapping[Role | None, CityApi]

    @classmethod
    async def of(cls, busy: BusyTown, run: RecordRun) -> Visitor:
        """Return a visitor with the roles of those who have to do with a tender."""
        parties = run.conduct.parties
        known = {Role.TENDERER: parties.tenderer, Role.SUPERVISOR: parties.supervisor, Role.CENTRE: parties.centre}
        callers: dict[Role | None, CityApi] = {role: await busy.signed_in(role, known.get(role)) for role in Role}
        return cls(busy, {**callers, None: await busy.stage.api()})

    async def ask(self, template: str, path: str) -> Asked:
        """Return what it took to answer."""
        rule = rule_for("GET", template.partition("?")[0])
        node = self.busy.town.cities["luan"].node
        with statements(node.database) as sent, requests(node.chain.rpc) as asked:
            if rule.caller is Caller.CITY:
                status = (await self.busy.town.cities["hefei"].node.base.peers.named("luan").get(path)).status
            else:
                role = Role.BIDDER if rule.caller is Caller.SIGNED_IN else min(rule.roles, default=None)
                status = (await self._get(self.callers[role], path)).status_code
        return Asked(status, tuple(sent), tuple(asked))

    async def hand_in(self) -> Asked:
        """Return what it took to take a slip that nobody has seen before."""
        point = SigningKey.generate().public_key
        slip = point + secrets.token_bytes(SLIP_SIZE - len(point))
        return await self._post("/v1/slips", slip, {SLIP_ORIGIN: to_hex(self.busy.stage.origins["luan"])})

    async def hand_over(self) -> Asked:
        """Return what it took to take a stream that nobody has seen before."""
        sink, bid = io.BytesIO(), b"a bid"
        sealed = seal_stream(TDH2_SECP256K1, secrets.token_bytes(32), BID_CHUNK_SIZE, io.BytesIO(bid), sink)
        headers = {STREAM_HEAD: to_hex(sealed.head), STREAM_LENGTH: str(len(bid))}
        return await self._post("/v1/streams", sink.getvalue(), headers)

    async def _post(self, path: str, content: bytes, headers: dict[str, str]) -> Asked:
        node, bidder = self.busy.town.cities["luan"].node, self.callers[Role.BIDDER]
        with statements(node.database) as sent, requests(node.chain.rpc) as asked:
            answer = await bidder.http.post(
                path, content=content, headers=headers | {"Content-Type": OCTETS} | self._token(bidder)
            )
        return Asked(answer.status_code, tuple(sent), tuple(asked))

    @classmethod
    async def _get(cls, caller: CityApi, path: str) -> httpx.Response:
        return await caller.http.get(path, headers=cls._token(caller))

    @staticmethod
    def _token(caller: CityApi) -> dict[str, str]:
        return {"Authorization": f"Bearer {caller._token}"} if caller._token else {}


async def values_of(busy: BusyTown, run: RecordRun) -> dict[str, list[str]]:
    """Return one value for each parameter, those of a tender where it has them."""
    entries = (await (await busy.stage.api()).get(f"{run.conduct.path}/list"))["entries"]
    return {
        "tender": [to_hex(run.conduct.tender)],
        "sha256": [to_hex(run.notice.hash)],
        "header": [entries[-1]["headerHash"]],
        "head": [entries[-1]["head"]],
        "subject": [entries[-1]["bidder"]],
        "chunk": ["0"],
        "kind": ["public"],
        "path": ["0/000.p/1"],
        "index": ["0"],
        "origin": [to_hex(busy.stage.origins["luan"])],
        "size": ["1"],
        "number": ["1"],
    }


async def visit(busy: BusyTown, run: RecordRun) -> dict[str, Asked]:
    """Return what every GET address, a slip and a stream take; addresses are asked twice, for what is kept."""
    visitor, values = await Visitor.of(busy, run), await values_of(busy, run)
    targets = [*addresses(values), *((name, name.format(tender=to_hex(run.conduct.tender))) for name in MADE_ANEW)]
    targets += [(name, name) for name in ("/query?uscc=91110000100000009X", "/v1/tenders?state=DECIDED")]
    targets += [("/v1/session/challenge?address", f"/v1/session/challenge?address=0x{'11' * 20}")]
    for template, path in targets:
        await visitor.ask(template, path)
    read = {name: await visitor.ask(name, path) for name, path in targets}
    return read | {HAND_IN: await visitor.hand_in(), HAND_OVER: await visitor.hand_over()}


async def test_statements_and_requests_are_as_many_with_more_tenders_and_more_bids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOKS", 1)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0)
    async with open_busy(tmp_path, 5) as busy:
        await busy.announce("the first: before it the logs are empty", 1)
        await busy.let_tick(NOTICE)
        alone = await busy.announce("one of one bid", 1)
        await busy.decide(alone)
        few = await visit(busy, alone)
        for name in ("waiting", "waiting too"):
            await busy.announce(name, 1)
        crowded = await busy.announce("one of four bids", 4)
        await busy.decide(crowded)
        many = await visit(busy, crowded)
    assert few.keys() == many.keys()
    assert {name: one.status for name, one in few.items()} == {name: one.status for name, one in many.items()}
    assert len([name for name, one in few.items() if one.status == 200]) > 35
    assert {few[name].status for name in MADE_ANEW} == {200}
    assert {few[name].status for name in (HAND_IN, HAND_OVER)} == {201}
    assert all(len(many[name].statements) <= DOZENS for name in MADE_ANEW)
    more = {name: f"{few[name]}\n\nbut then {many[name]}" for name in few if few[name].count != many[name].count}
    assert not more, "\n\n".join(f"{name}: {said}" for name, said in more.items())
