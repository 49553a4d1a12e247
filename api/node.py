"""One city's process put together: what it has, how it is opened and closed.

`CityNode` is what endpoints, commands and tasks are given. How the parts are made stands in `api.assembly`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx
from fastapi import Request

from api.assembly import Bidding, Foundation, open_bidding, open_credit, open_foundation, open_logs
from api.metrics import Metrics
from api.papers import Shown, check_papers
from api.sessions import SignIn
from credit.tasks import CreditContext
from ledger.authority import ActChain
from ledger.chain.client import ChainClient
from ledger.clock import Clock, to_unix
from ledger.db import Database
from ledger.federation.signatures import Request as SignedRequest
from ledger.federation.verify import CityRequest
from ledger.settings import CitySettings
from witness.log.node import LogNode
from witness.log.startup import open_logs as ready_logs

BUNDLES_AT_ONCE = 3
"""Bundles that one process makes at once: each holds a database connection and asks for others while it does."""


def _bundling() -> asyncio.Semaphore:
    return asyncio.Semaphore(BUNDLES_AT_ONCE)


@dataclass(frozen=True)
class CityNode:
    """Everything that one process of a city has; made by `open`, ended by `close`."""

    base: Foundation
    logs: LogNode
    bidding: Bidding
    credit: CreditContext
    sign_in: SignIn
    metrics: Metrics
    resources: AsyncExitStack
    bundling: asyncio.Semaphore = field(default_factory=_bundling)

    @classmethod
    async def open(
        cls, settings: CitySettings, transports: Mapping[str, httpx.AsyncBaseTransport] | None = None
    ) -> CityNode:
        """Open a city's process; `transports` replaces the network to some peers, for tests in one process."""
        resources = AsyncExitStack()
        try:
            base = await open_foundation(settings, transports or {}, resources)
            logs = await open_logs(base)
            await ready_logs(logs)
            sign_in = SignIn(settings.base_url, settings.chain_id)
            return cls(base, logs, open_bidding(base, logs), open_credit(base), sign_in, Metrics(), resources)
        except BaseException:
            await resources.aclose()
            raise

    async def close(self) -> None:
        """Give everything back."""
        await self.resources.aclose()

    @property
    def settings(self) -> CitySettings:
        """What this process was told."""
        return self.base.settings

    @property
    def database(self) -> Database:
        """The city's database."""
        return self.base.database

    @property
    def clock(self) -> Clock:
        """The city's clock."""
        return self.base.clock

    @property
    def chain(self) -> ChainClient:
        """The city's own chain node."""
        return self.base.chain

    async def verify_peer(self, request: Request) -> CityRequest:
        """Return whose request this is, by its signature; refuse it if it is no partner city's."""
        path, query = (request.scope[part].decode("latin-1") for part in ("raw_path", "query_string"))  # as sent
        signed = SignedRequest(request.method, path, query, await request.body())
        return await self.base.verifier.verify_request(signed, request.headers)

    async def check_papers(self, papers: ActChain, actor: bytes) -> Shown:
        """Return what credentials show about a key now."""
        return await check_papers(self.chain, papers, actor, to_unix(self.clock.now()))
