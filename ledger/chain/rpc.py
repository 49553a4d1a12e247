"""JSON-RPC to a city's own chain nodes: single calls, batches, and the next node when one is down.

An answer with an error is the node's answer and is raised; only silence, a broken connection or an HTTP failure moves
on to the next node. The node that answered last is asked first, until somebody asks to `turn_to` an earlier one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ledger.errors import SunbidError

if TYPE_CHECKING:
    from ledger.chain.http_node import Request, Response

MAX_BATCH = 200
"""Requests a batch: Besu refuses more than 1,024."""

MAX_BATCH_BYTES = 1024 * 1024
"""Bytes of parameters a batch: anvil refuses bodies of 2 MB, geth and Besu of 5 MiB."""

COMPARE_SECONDS = 2.0
"""Seconds that a node has to say how far it is, when another one is there to be asked instead."""


class ChainUnreachableError(SunbidError):
    """No chain node answers."""

    code = "chain.unreachable"


class NodeSilentError(SunbidError):
    """One node did not answer, or not with JSON-RPC."""

    code = "chain.silent"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}", url=url)
        self.reason = reason


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
        from ledger.chain.http_node import HttpNode  # noqa: PLC0415 - slow to import, and a verifier asks no node

        self._nodes = [HttpNode(url, timeout_seconds) for url in urls]
        self._first = 0

    async def request(self, method: str, *params: object) -> Any:
        """Return the result of one call; raise `RpcError` or `ChainUnreachableError`."""
        result = (await self._ask([(method, params)]))[0]
        if isinstance(result, RpcError):
            raise result
        return result

    async def batch(self, requests: Sequence[Request]) -> list[Any]:
        """Return the results in order, an `RpcError` in the place of each call that the node refused."""
        results: list[Any] = []
        for part in _parts(requests):
            results += await self._ask(part)
        return results

    async def _ask(self, requests: Sequence[Request]) -> list[Any]:
        failures: list[str] = []
        for attempt in range(len(self._nodes)):
            index = (self._first + attempt) % len(self._nodes)
            node = self._nodes[index]
            try:
                responses = await node.send(requests)
            except NodeSilentError as error:
                failures.append(f"{node.url}: {error.reason}")
                continue
            self._first = index
            return [_result(request[0], response) for request, response in zip(requests, responses, strict=True)]
        raise ChainUnreachableError("no chain node answers: check that one runs", nodes=failures)

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
        latest: list[Request] = [("eth_getBlockByNumber", ("latest", False))]
        try:
            (response,) = await asyncio.wait_for(self._nodes[index].send(latest), COMPARE_SECONDS)
        except (NodeSilentError, TimeoutError):
            return -1
        block = response.get("result")
        return to_int(block["number"]) if isinstance(block, dict) else -1

    async def close(self) -> None:
        """Close all connections."""
        for node in self._nodes:
            await node.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _parts(requests: Sequence[Request]) -> Iterator[list[Request]]:
    """Cut requests into batches that every node takes."""
    part: list[Request] = []
    size = 0
    for request in requests:
        own = sum(len(parameter) for parameter in request[1] if isinstance(parameter, str))
        if part and (len(part) == MAX_BATCH or size + own > MAX_BATCH_BYTES):
            yield part
            part, size = [], 0
        part.append(request)
        size += own
    if part:
        yield part


def _result(method: str, response: Response) -> Any:
    error = response.get("error")
    if error is None:
        return response.get("result")
    if isinstance(error, str):
        return RpcError(method, -32000, error)
    return RpcError(method, int(error.get("code", -32000)), str(error.get("message", "")), error.get("data"))


def to_hex(value: bytes) -> str:
    """Return the 0x form of bytes."""
    return "0x" + value.hex()


def to_bytes(value: str) -> bytes:
    """Return the bytes of their 0x form."""
    return bytes.fromhex(value.removeprefix("0x"))


def to_int(value: str) -> int:
    """Return the number of a 0x quantity."""
    return int(value, 16)
