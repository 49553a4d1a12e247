"""The doctor finds a node well, and then each thing that is broken about it, one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
import typer
from sqlalchemy import delete

from api.cli.doctor import doctor
from api.doctor.chain import ChainDoctor
from api.doctor.examine import Doctor
from api.doctor.finding import Finding, Level
from api.stack.network import Stack
from api.stack.town import Town, open_town
from ledger.clock import from_unix
from ledger.errors import SunbidError
from ledger.failures import failing, note_failure, note_success
from ledger.outbox import OutboxRow, enqueue
from ledger.settings import CitySettings, ClockKind

CITY = "luan"


async def no_pause(_: float) -> None:
    """Let no time pass."""


@pytest.fixture
async def town(stack: Stack) -> AsyncIterator[Town]:
    """A town at rest."""
    async with open_town(stack) as opened:
        await opened.settle()
        yield opened


@dataclass
class Practice:
    """Examines Lu'an's node and remembers what was wrong with it when it was well."""

    town: Town
    doctor: Doctor = field(init=False)

    def __post_init__(self) -> None:
        self.doctor = Doctor(self.town.stack.city_folder(CITY), no_pause, lambda _: 1 << 40, self.town.wires)

    async def found(self, level: Level = Level.WRONG) -> list[Finding]:
        """Return what is as bad as `level`."""
        return [finding for finding in await self.doctor.examine() if finding.level is level]

    async def expect(self, code: str, words: str) -> None:
        """Check that this is the one thing that is wrong."""
        [finding] = await self.found()
        assert finding.code == code
        assert words in finding.en
        assert finding.zh != finding.en


async def test_a_node_is_well_and_then_is_not(town: Town) -> None:
    practice = Practice(town)
    assert await practice.found() == []
    assert [one.code for one in await practice.found(Level.WARNING)] == ["settings.clock"]
    await a_partner_is_down(practice)
    await a_partner_is_of_another_network(practice)
    await a_task_fails(practice)
    await messages_wait(practice)
    await the_chain_is_away(practice)


async def a_partner_is_down(practice: Practice) -> None:
    wire = practice.town.wires["hefei"]
    app, wire.app = wire.app, None
    await practice.expect("partner", "hefei does not answer")
    wire.app = app


async def a_partner_is_of_another_network(practice: Practice) -> None:
    node = practice.town.cities["hefei"].node
    settings = node.base.settings
    object.__setattr__(node.base, "settings", settings.model_copy(update={"registry": b"\x22" * 20}))
    await practice.expect("partner.registry", "0x" + "22" * 20)
    object.__setattr__(node.base, "settings", settings)


async def a_task_fails(practice: Practice) -> None:
    city = practice.town.cities[CITY]
    task = next(task for task in city.worker.tasks if task.name == "box.close")
    closer = city.node.bidding.closer

    async def broken() -> bool:
        raise SunbidError("the box does not close", code="test.broken")

    closer.run, well = broken, closer.run
    for _ in range(2):
        with pytest.raises(SunbidError, match="does not close"):
            await task.run(city.node)
    await practice.expect("task", "task box.close has failed 2 times")
    closer.run = well
    await task.run(city.node)
    assert await practice.found() == []


async def messages_wait(practice: Practice) -> None:
    database = practice.town.cities[CITY].node.database
    async with database.unit_of_work() as session:
        for number in range(1001):
            await enqueue(session, "event.test", {}, key=f"{number}")
    await practice.expect("outbox", "1001 messages wait")
    async with database.unit_of_work() as session:
        await session.execute(delete(OutboxRow).filter_by(topic="event.test"))


async def the_chain_is_away(practice: Practice) -> None:
    settings = CitySettings.load(practice.doctor.folder)
    settings.model_copy(update={"rpc_urls": ("http://127.0.0.1:9",)}).save()
    found = await practice.found()
    assert "chain.node" in {one.code for one in found}
    settings.model_copy(update={"chain_id": settings.chain_id + 1}).save()
    assert "settings say" in next(one.en for one in await practice.found() if one.code == "chain.node")
    settings.save()
    assert await practice.found() == []


class TestChain:
    async def test_a_chain_that_stands_still_and_a_clock_that_is_behind(self, stack: Stack) -> None:
        settings = CitySettings.load(stack.city_folder(CITY)).model_copy(update={"clock": ClockKind.SYSTEM})
        doctor = ChainDoctor(settings, from_unix(0), no_pause)
        async with doctor.client(stack.rpc_url) as chain:
            head = from_unix((await chain.block()).timestamp)
        late = await replace(doctor, now=head + timedelta(seconds=61)).examine_nodes()
        assert {one.code: one.level for one in late} == {
            "chain.node": Level.WELL,
            "chain.age": Level.WARNING,
            "chain.finality": Level.WARNING,
        }
        early = await replace(doctor, now=head - timedelta(seconds=61)).examine_nodes()
        assert next(one for one in early if one.code == "chain.age").level is Level.WRONG


class TestCommand:
    def test_says_what_is_wrong_and_exits_so(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(typer.Exit) as ended:
            doctor(tmp_path, as_json=True)
        assert ended.value.exit_code == 1
        shown = orjson.loads(capsys.readouterr().out)
        assert shown["ok"] is False
        assert [(one["code"], one["level"]) for one in shown["findings"]] == [("settings", "wrong")]

    @pytest.mark.parametrize(("chinese", "words"), [(False, "1 matters need a person now"), (True, "1 项需要立即处理")])
    def test_speaks_both_languages(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], chinese: bool, words: str
    ) -> None:
        with pytest.raises(typer.Exit):
            doctor(tmp_path, chinese=chinese)
        assert words in capsys.readouterr().out


async def test_failures_are_counted_until_success(town: Town) -> None:
    database, now = town.cities[CITY].node.database, town.cities[CITY].node.clock.now()
    async with database.unit_of_work() as session:
        await note_failure(session, "a", ValueError("broken"), now)
    async with database.unit_of_work() as session:
        await note_failure(session, "a", SunbidError("again", code="test.again"), now)
    async with database.reading() as session:
        [found] = await failing(session)
    assert (found.name, found.times, found.code, found.message) == ("a", 2, "test.again", "again")
    async with database.unit_of_work() as session:
        await note_success(session, "a")
    async with database.reading() as session:
        assert await failing(session) == []


async def test_metrics_say_how_many_tasks_fail(town: Town) -> None:
    node = town.cities[CITY].node

    async def shown() -> str:
        async with town.api(CITY) as api:
            text = (await api.get_bytes("/metrics")).decode()
        [line] = [line for line in text.splitlines() if line.startswith("sunbid_failing_tasks ")]
        return line.removeprefix("sunbid_failing_tasks ")

    assert await shown() == "0.0"
    async with node.database.unit_of_work() as session:
        await note_failure(session, "a", ValueError("broken"), node.clock.now())
    assert await shown() == "1.0"
