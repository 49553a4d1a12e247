"""The whole examination: what can be seen is seen, whatever else is down."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from sqlalchemy.exc import SQLAlchemyError

from api.doctor.chain import ChainDoctor, Pause
from api.doctor.database import examine_schema, examine_work
from api.doctor.finding import Finding, Level, well, wrong
from api.doctor.folder import FreeSpace, examine_disk, examine_keys, examine_settings
from ledger.chain.clock import ChainClock
from ledger.clock import Clock, SystemClock, to_unix
from ledger.db import Database
from ledger.errors import SunbidError
from ledger.settings import CitySettings, ClockKind
from witness.log.times import MAX_OFFSET

_PARTNER_SECONDS = 10.0


def free_space(path: Path) -> int:
    """Return the free octets of the file system that `path` is on."""
    return shutil.disk_usage(path).free


@dataclass(frozen=True)
class Doctor:
    """Examines the node whose folder is `folder`; it changes nothing. `transports` replaces the network in tests."""

    folder: Path
    pause: Pause
    free_space: FreeSpace = free_space
    transports: Mapping[str, httpx.AsyncBaseTransport] = field(default_factory=dict)

    async def examine(self) -> list[Finding]:
        """Return what was found, matter by matter."""
        try:
            settings = CitySettings.load(self.folder)
        except (SunbidError, ValueError) as error:  # pydantic's refusals are ValueErrors
            return [wrong("settings", f"city.json cannot be used: {error}", f"city.json 无法使用：{error}")]
        clock = await self._clock(settings)
        found = examine_settings(settings) + examine_keys(settings.keys_dir)
        found += examine_disk(settings.data_dir, self.free_space)
        chain = ChainDoctor(settings, clock.now(), self.pause)
        found += await chain.examine_nodes()
        found += await self._database(settings, chain)
        for name in sorted(settings.peers):
            found.append(await self._partner(settings, name, clock))
        return found

    async def _clock(self, settings: CitySettings) -> Clock:
        """Return the clock that the city goes by; the host's where the development chain does not answer."""
        if settings.clock is ClockKind.SYSTEM:
            return SystemClock()
        async with ChainDoctor(settings, datetime.now(UTC), self.pause).client(*settings.rpc_urls) as client:
            clock = ChainClock(client)
            try:
                await clock.refresh()
            except SunbidError:
                return SystemClock()
            return clock

    async def _database(self, settings: CitySettings, chain: ChainDoctor) -> list[Finding]:
        database = Database(settings.database)
        try:
            schema = await examine_schema(database)
            if schema.level is not Level.WELL:
                return [schema]
            async with database.reading() as session:
                work = await examine_work(session, settings.this_city)
            return [schema, *work, *await chain.examine_logs(database)]
        except (SunbidError, SQLAlchemyError) as error:
            text = str(error).splitlines()[0]
            return [wrong("database", f"the database does not answer: {text}", f"数据库不可用：{text}")]
        finally:
            await database.close()

    async def _partner(self, settings: CitySettings, name: str, clock: Clock) -> Finding:
        url = settings.peers[name]
        try:
            async with self._http(name, url) as http:
                asked = clock.now()
                answer = (await http.get("/healthz")).raise_for_status().json()
                theirs = datetime.fromisoformat(answer["time"])
                registry = str(answer["registry"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            says = f"{type(error).__name__} {error}".strip()
            return wrong("partner", f"{name} does not answer at {url}: {says}", f"伙伴 {name}（{url}）无应答：{says}")
        if registry != "0x" + settings.registry.hex():
            en = f"{name} at {url} is of another network: its registry is {registry}"
            return wrong("partner.registry", en, f"伙伴 {name}（{url}）属于其他网络，登记合约为 {registry}")
        offset = to_unix(theirs) - to_unix(asked)
        if abs(offset) > MAX_OFFSET:
            en = f"the clock of {name} is {offset:+d} s from ours: one of the two is not set by NTP"
            return wrong("partner.clock", en, f"伙伴 {name} 的时钟与本机相差 {offset:+d} 秒：其中之一未经 NTP 校准")
        return well(
            "partner",
            f"{name} answers, its clock {offset:+d} s from ours",
            f"伙伴 {name} 正常，时钟相差 {offset:+d} 秒",
        )

    def _http(self, name: str, url: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=url, timeout=_PARTNER_SECONDS, transport=self.transports.get(name))
