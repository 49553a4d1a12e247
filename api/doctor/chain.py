"""What the doctor asks the chain's nodes: is it our chain, does it move, how old is what it lacks of our logs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from api.doctor.finding import Finding, warning, well, wrong
from ledger.chain.client import ChainClient, Finality
from ledger.chain.indexer import indexed_block
from ledger.clock import to_unix
from ledger.db import Database
from ledger.errors import SunbidError
from ledger.settings import CitySettings, ClockKind
from witness.log.chain import NodeLogChain
from witness.log.repository import TreeRepository

SKEW = 60
"""Seconds by which the newest block may be older than now before that is worth a word."""

LAG = 100
"""Blocks that the index may be behind."""

UNANCHORED = 1800
"""Seconds after which entries without an anchor mean that anchoring does not work: six intervals."""

LOOKS = 10

Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class ChainDoctor:
    """Examines the nodes of `settings`; `pause` lets time pass between two looks at the finality."""

    settings: CitySettings
    now: datetime
    pause: Pause

    def client(self, *urls: str) -> ChainClient:
        """Return a client of these nodes."""
        finality = Finality.parse(self.settings.finality)
        return ChainClient(urls, self.settings.chain_id, self.settings.registry, finality=finality)

    async def examine_nodes(self) -> list[Finding]:
        """Look at each node by itself."""
        return [finding for url in self.settings.rpc_urls for finding in await self._node(url)]

    async def _node(self, url: str) -> list[Finding]:
        async with self.client(url) as chain:
            try:
                await chain.check()
                head = await chain.block()
            except SunbidError as error:
                return [wrong("chain.node", f"{url}: {error.message}", f"链节点 {url} 不可用：{error.message}")]
            found = [
                well(
                    "chain.node",
                    f"{url} is on chain {self.settings.chain_id}, has the registry, and is at block {head.number}",
                    f"{url} 位于链 {self.settings.chain_id}，登记合约存在，当前区块 {head.number}",
                )
            ]
            if self.settings.clock is ClockKind.SYSTEM:
                found += [*self._skew(url, head.timestamp), await self._moves(chain, url)]
            return found

    def _skew(self, url: str, timestamp: int) -> list[Finding]:
        behind = to_unix(self.now) - timestamp
        if behind > SKEW:
            en = f"{url}: the newest block is {behind} s old; the chain stands, or this clock is ahead"
            return [warning("chain.age", en, f"{url} 最新区块已有 {behind} 秒：链停止出块，或本机时钟偏快")]
        if behind < -SKEW:
            en = f"{url}: the newest block is {-behind} s ahead of this clock: set it by NTP"
            return [wrong("chain.age", en, f"{url} 最新区块比本机时钟快 {-behind} 秒：请用 NTP 校准")]
        return []

    async def _moves(self, chain: ChainClient, url: str) -> Finding:
        first = (await chain.final_block()).number
        for _ in range(LOOKS):
            if (number := (await chain.final_block()).number) > first:
                return well("chain.finality", f"{url}: finality has reached block {number}", f"{url} 最终区块 {number}")
            await self.pause(1)
        return warning(
            "chain.finality",
            f"{url}: no block has become final for {LOOKS} s after {first}; bids are taken, anchors wait",
            f"{url} 在 {LOOKS} 秒内没有新的最终区块（停在 {first}）：仍可收标，锚定将等待",
        )

    async def examine_logs(self, database: Database) -> list[Finding]:
        """Look at how far the index and the anchors are behind; says nothing where no node answers."""
        async with self.client(*self.settings.rpc_urls) as chain:
            try:
                final = (await chain.final_block()).number
                logs = NodeLogChain(chain)
                city = self.settings.this_city
                anchored = [
                    (origin, (await logs.anchored(origin)).size)
                    for origin in (city.public_origin_id, city.sealed_origin_id)
                ]
            except SunbidError:
                return []
        async with database.reading() as session:
            done = await indexed_block(session)
            found = [self._lag(final, done)]
            for origin, size in anchored:
                oldest = await TreeRepository(session).checkpoint_covering(origin, size)
                found += self._unanchored(oldest.signed_at if oldest else None)
        return found

    @staticmethod
    def _lag(final: int, done: int | None) -> Finding:
        behind = final - (done if done is not None else -1)
        en, zh = f"the index is {behind} blocks behind the chain", f"索引落后链 {behind} 个区块"
        if behind > LAG:
            return warning("chain.index", f"{en}: is a worker running?", f"{zh}：工作进程是否在运行？")
        return well("chain.index", en, zh)

    def _unanchored(self, since: int | None) -> list[Finding]:
        age = to_unix(self.now) - since if since is not None else 0
        if age <= UNANCHORED:
            return []
        en = f"entries of a log have waited {age} s for their anchor: look at transactions and partners"
        return [wrong("log.unanchored", en, f"日志条目等待上链锚定已 {age} 秒：请检查交易与伙伴签名")]
