"""One chain node behind HTTP. Imported when a node is asked for the first time: web3 and aiohttp take long to load."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from eth_typing import URI
from web3 import AsyncHTTPProvider
from web3.types import RPCEndpoint

from ledger.chain.rpc import NodeSilentError

Request = tuple[str, Sequence[object]]
"""A method and its parameters."""

Response = dict[str, Any]
"""A JSON-RPC answer, with `result` or `error`."""

KEEP_SECONDS = 2.0
"""Seconds that an idle connection is kept for the next request: far fewer than any node keeps it (Node's HTTP server,
which Ganache may stand on: 5), so that none is stale when a request reaches a node that is slow."""


class HttpNode:
    """A connection to one node; belongs to one event loop, is closed with `close`."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self.url = url
        options = {"timeout": ClientTimeout(total=timeout_seconds)}
        self._provider = AsyncHTTPProvider(URI(url), request_kwargs=options, exception_retry_configuration=None)
        self._is_connected = False
        self._connecting = asyncio.Lock()

    async def send(self, requests: Sequence[Request]) -> list[Response]:
        """Return the answers in order, several requests as one batch; raise `NodeSilentError` if there are none."""
        try:
            await self._connect()
            return await self._ask(requests)
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            raise NodeSilentError(self.url, repr(error)) from error

    async def _connect(self) -> None:
        """Make a session that keeps its connections: web3's own session makes a new one each time."""
        async with self._connecting:
            if not self._is_connected:
                connector = TCPConnector(keepalive_timeout=KEEP_SECONDS)
                await self._provider.cache_async_session(ClientSession(raise_for_status=True, connector=connector))
                self._is_connected = True

    async def _ask(self, requests: Sequence[Request]) -> list[Response]:
        calls = [(RPCEndpoint(method), list(params)) for method, params in requests]
        if len(calls) == 1:
            return [cast("Response", await self._provider.make_request(*calls[0]))]
        answers = await self._provider.make_batch_request(calls)
        if not isinstance(answers, list):
            return [cast("Response", answers)] * len(requests)
        if len(answers) != len(requests):
            raise ValueError(f"{len(answers)} answers to {len(requests)} requests")
        return cast("list[Response]", answers)

    async def close(self) -> None:
        """Close the connection."""
        await self._provider.disconnect()
