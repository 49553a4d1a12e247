"""JSON-RPC to a city's own chain nodes: single calls, batches, and the next node when one is down.

An answer with an error is the node's answer and is raised; only silence, a broken connection or an HTTP failure moves
on to the next node. The node that answered last is asked first, until somebody asks to `turn_to` an earlier one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, cast

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from eth_typing import URI
from web3 import AsyncHTTPProvider
from web3.types import RPCEndpoint, RPCResponse

from ledger.errors import SunbidError

MAX_BATCH = 200
"""Requests a batch: Besu refuses more than 1,024."""

KEEP_SECONDS = 2.0
"""Seconds that an idle connection is kept for the next request: far fewer than any node keeps it (Node's HTTP server,
which Ganache may stand on: 5), so that none is stale when a request reaches a node that is slow."""

COMPARE_SECONDS = 2.0
"""Seconds that a node has to say how far it is, when another one is there to be asked instead."""


class ChainUnreachableError(SunbidError):
    """No chain node answers."""

    code = "chain.unreachable"


class RpcError(SunbidError):
    """A node answered with an error; `number` is its code, `data` what came with it."""

    code = "chain.rpc"

    def __init__(self, method: str, number: int, message: str, data: object = None) -> None:
        super().__init__(f"the chain node refused {method}: {message}", method=method, number=number)
        self.number = number
        self.reason = message
        self.data = data


class Rpc:
    """A connection to one of several equivalent nodes; belongs to one event loop, is closed with `close`."""

    def __init__(self, urls: Sequence[str], *, timeout_seconds: float = 10.0) -> None:
        if not urls:
            raise ChainUnreachableError("no chain node is configured: set rpc_urls")
        options = {"timeout": ClientTimeout(total=timeout_seconds)}
        self._nodes = [
            AsyncHTTPProvider(URI(url), request_kwargs=options, exception_retry_configuration=None) for url in urls
        ]
        self._connected: set[int] = set()
        self._connecting = asyncio.Lock()
        self._first = 0

    async def request(self, method: str, *params: object) -> Any:
        """Return the result of one call; raise `RpcError` or `ChainUnreachableError`."""
        result = (await self._ask([(method, params)]))[0]
        if isinstance(result, RpcError):
            raise result
        return result

    async def batch(self, requests: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        """Return the results in order, an `RpcError` in the place of each call that the node refused."""
        results: list[Any] = []
        for start in range(0, len(requests), MAX_BATCH):
            results += await self._ask(requests[start : start + MAX_BATCH])
        return results

    async def _ask(self, requests: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        failures: list[str] = []
        for attempt in range(len(self._nodes)):
            index = (self._first + attempt) % len(self._nodes)
            node = await self._connect(index)
            try:
                responses = await _send(node, requests)
            except (ClientError, TimeoutError, OSError, ValueError) as error:
                failures.append(f"{node.endpoint_uri}: {error!r}")
                continue
            self._first = index
            return [_result(request[0], response) for request, response in zip(requests, responses, strict=True)]
        raise ChainUnreachableError("no chain node answers: check that one runs", nodes=failures)

    async def _connect(self, index: int) -> AsyncHTTPProvider:
        """Return a node with a session that keeps its connections: web3's own session makes a new one each time."""
        node = self._nodes[index]
        async with self._connecting:
            if index not in self._connected:
                connector = TCPConnector(keepalive_timeout=KEEP_SECONDS)
                await node.cache_async_session(ClientSession(raise_for_status=True, connector=connector))
                self._connected.add(index)
        return node

    @property
    def is_away(self) -> bool:
        """Whether another node than the first of the list is asked: the first failed, or was passed over."""
        return self._first > 0

    async def turn_to(self, height: int) -> bool:
        """Ask from now on the first node of the list that has reached block `height`; say whether there is one.

        For a caller that knows that the chain has: one that lost its disk starts from nothing and does not know it.
        """
        for index in range(len(self._nodes)):
            if await self._height(index) >= height:
                self._first = index
                return True
        return False

    async def _height(self, index: int) -> int:
        """Return the latest block of a node, -1 if it does not answer."""
        latest: list[tuple[str, Sequence[object]]] = [("eth_getBlockByNumber", ("latest", False))]
        node = await self._connect(index)
        try:
            (response,) = await asyncio.wait_for(_send(node, latest), COMPARE_SECONDS)
        except (ClientError, TimeoutError, OSError, ValueError):
            return -1
        block = response.get("result")
        return to_int(block["number"]) if isinstance(block, dict) else -1

    async def close(self) -> None:
        """Close all connections."""
        for node in self._nodes:
            await node.disconnect()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def _send(node: AsyncHTTPProvider, requests: Sequence[tuple[str, Sequence[object]]]) -> list[RPCResponse]:
    if len(requests) == 1:
        method, params = requests[0]
        return [await node.make_request(RPCEndpoint(method), list(params))]
    answer = await node.make_batch_request([(RPCEndpoint(method), list(params)) for method, params in requests])
    if not isinstance(answer, list):
        return [answer] * len(requests)
    if len(answer) != len(requests):
        raise ValueError(f"{len(answer)} answers to {len(requests)} requests")
    return answer


def _result(method: str, response: RPCResponse) -> Any:
    error = response.get("error")
    if error is None:
        return response.get("result")
    if isinstance(error, str):
        return RpcError(method, -32000, error)
    details = cast("dict[str, Any]", error)
    return RpcError(method, int(details.get("code", -32000)), str(details.get("message", "")), details.get("data"))


def to_hex(value: bytes) -> str:
    """Return the 0x form of bytes."""
    return "0x" + value.hex()


def to_bytes(value: str) -> bytes:
    """Return the bytes of their 0x form."""
    return bytes.fromhex(value.removeprefix("0x"))


def to_int(value: str) -> int:
    """Return the number of a 0x quantity."""
    return int(value, 16)
