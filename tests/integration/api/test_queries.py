"""No address asks the database more often because there are more tenders or more bids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from api import live
from api.authorisation import Caller, rule_for
from api.client import CityApi
from api.robots.record import RecordRun
from ledger.acts import Role
from ledger.db import Database
from ledger.json_fields import to_hex
from tests.fixtures.busy import BusyTown, open_busy
from tests.fixtures.walker import addresses

MADE_ANEW = "/v1/tenders/{tender}/bundle/full"
"""A bundle made for one reader proves every event of its tender by itself: it grows with the tender, unlike a page."""


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Yield a list that fills with the statements that the database is sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        sent.append(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@dataclass(frozen=True)
class Asked:
    """An answer's status and the statements that it took."""

    status: int
    statements: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many statements."""
        return len(self.statements)

    def __str__(self) -> str:
        return "\n".join((f"{self.count} statements", *self.statements))


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
        rule = rule_for("GET", template)
        with statements(self.busy.town.cities["luan"].node.database) as sent:
            if rule.caller is Caller.CITY:
                status = (await self.busy.town.cities["hefei"].node.base.peers.named("luan").get(path)).status
            else:
                role = Role.BIDDER if rule.caller is Caller.SIGNED_IN else min(rule.roles, default=None)
                status = (await self._get(self.callers[role], path)).status_code
        return Asked(status, tuple(sent))

    @staticmethod
    async def _get(caller: CityApi, path: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {caller._token}"} if caller._token else {}
        return await caller.http.get(path, headers=headers)


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
    """Return what every GET address takes, by its template; asked twice, so that what is kept is there."""
    visitor, values = await Visitor.of(busy, run), await values_of(busy, run)
    targets = [(template, path) for template, path in addresses(values) if template != MADE_ANEW]
    targets += [("/query", "/query?uscc=91110000100000009X"), ("/v1/tenders", "/v1/tenders?state=DECIDED")]
    targets += [("/v1/session/challenge", f"/v1/session/challenge?address=0x{'11' * 20}")]
    for template, path in targets:
        await visitor.ask(template, path)
    return {path if "?" in path else template: await visitor.ask(template, path) for template, path in targets}


async def test_statements_are_as_many_with_more_tenders_and_more_bids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOKS", 1)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0)
    async with open_busy(tmp_path, 4) as busy:
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
    more = {name: f"{few[name]}\n\nbut then {many[name]}" for name in few if few[name].count != many[name].count}
    assert not more, "\n\n".join(f"GET {name}: {said}" for name, said in more.items())
