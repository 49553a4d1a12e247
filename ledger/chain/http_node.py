"""One chain node behind HTTP. Imported when a node is asked for the first time: web3 and aiohttp take long to load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from aiohttp import ClientError, ClientPayloadError, ClientSession, ClientTimeout, TCPConnector
from eth_typing import URI
from web3 import AsyncHTTPProvider
from web3.types import RPCEndpoint, RPCResponse

from ledger.chain.rpc import NodeSilentError

Request = tuple[str, Sequence[object]]
"""A method and its parameters."""

Response = dict[str, Any]
"""A JSON-RPC answer, with `result` or `error`."""

KEEP_SECONDS = 2.0
"""Seconds that an idle connection is kept for the next request: far fewer than any node keeps it (Node's HTTP server,
which Ganache may stand on: 5), so that none is stale when a request reaches a node that is slow."""


class _OneSession(AsyncHTTPProvider):
    """web3's provider on a session of its own, made when it is needed first, in the loop that needs it.

    The one that web3 looks up takes another thread and a lock for each request, and keeps no connection.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        super().__init__(URI(url), exception_retry_configuration=None)
        self._timeout = ClientTimeout(total=timeout_seconds)
        self._session: ClientSession | None = None

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Return the answer to one call."""
        return self.decode_rpc_response(await self._post(self.encode_rpc_request(method, params)))

    async def make_batch_request(
        self, batch_requests: list[tuple[RPCEndpoint, Any]]
    ) -> list[RPCResponse] | RPCResponse:
        """Return the answers in the order of the calls, or the one error of a node that refuses the batch."""
        answers: Any = self.decode_rpc_response(await self._post(self.encode_batch_rpc_request(batch_requests)))
        return sorted(answers, key=_number) if isinstance(answers, list) else cast("RPCResponse", answers)

    async def _post(self, body: bytes) -> bytes:
        if self._session is None:
            connector = TCPConnector(keepalive_timeout=KEEP_SECONDS)
            headers = self.get_request_headers()
            self._session = ClientSession(
                raise_for_status=True, connector=connector, headers=headers, timeout=self._timeout
            )
        async with self._session.post(str(self.endpoint_uri), data=body) as answer:
            return await answer.read()

    async def disconnect(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def _number(answer: object) -> int:
    number = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(number, int):
        raise ClientPayloadError("an answer of a batch has no number: nobody knows to what")
    return number


class HttpNode:
    """A connection to one node; belongs to one event loop, is closed with `close`."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self.url = url
        self._provider = _OneSession(url, timeout_seconds)

    async def send(self, requests: Sequence[Request]) -> list[Response]:
        """Return the answers in order, several requests as one batch; raise `NodeSilentError` if there are none."""
        try:
            return await self._ask(requests)
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            raise NodeSilentError(self.url, repr(error)) from error

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
