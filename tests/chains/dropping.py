"""A node whose pool drops what it accepted, as Besu's does when it is full: it stands before a node of the network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from eth_hash.auto import keccak

from ledger.chain.rpc import ChainUnreachableError, Rpc, RpcError, to_bytes, to_hex
from ledger.loopback import free_port

_SEND = "eth_sendRawTransaction"


@dataclass
class DroppingNode:
    """Answers as the node behind it, but forgets every second transaction the first time that it is handed over.

    `dropped` and `taken` are the hashes of what it forgot, and of what it passed on, as often as it did.
    """

    behind: Rpc
    dropped: list[bytes] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    _handed: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a JSON-RPC call or a batch."""
        body = await request.json()
        calls: list[dict[str, Any]] = body if isinstance(body, list) else [body]
        try:
            results = await self._results(calls)
        except ChainUnreachableError as error:
            raise web.HTTPBadGateway from error
        answers = [_answer(call["id"], result) for call, result in zip(calls, results, strict=True)]
        return web.json_response(answers if isinstance(body, list) else answers[0])

    async def _results(self, calls: Sequence[dict[str, Any]]) -> list[Any]:
        forgotten = [to_hex(h) if (h := self._forgets(call)) else None for call in calls]
        passed = [c for c, hidden in zip(calls, forgotten, strict=True) if hidden is None]
        results = iter(await self.behind.batch([(call["method"], call["params"]) for call in passed]))
        return [hidden or next(results) for hidden in forgotten]

    def _forgets(self, call: dict[str, Any]) -> bytes | None:
        """Return the hash of a transaction that is dropped, None for everything else."""
        if call["method"] != _SEND:
            return None
        tx_hash = bytes(keccak(to_bytes(call["params"][0])))
        if tx_hash not in self.dropped and tx_hash not in self.taken:
            self._handed += 1
            if self._handed % 2:
                self.dropped.append(tx_hash)
                return tx_hash
        self.taken.append(tx_hash)
        return None


def _answer(number: object, result: Any) -> dict[str, Any]:
    answer = {"jsonrpc": "2.0", "id": number}
    if isinstance(result, RpcError):
        return answer | {"error": {"code": result.number, "message": result.reason, "data": result.data}}
    return answer | {"result": result}


@asynccontextmanager
async def dropping_before(urls: Sequence[str]) -> AsyncIterator[tuple[str, DroppingNode]]:
    """Yield the URL of such a node in front of these, and what it dropped."""
    port = free_port()
    async with Rpc(urls) as rpc:
        node = DroppingNode(rpc)
        application = web.Application(client_max_size=2**26)
        application.router.add_post("/", node.answer)
        runner = web.AppRunner(application)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield f"http://127.0.0.1:{port}", node
        finally:
            await runner.cleanup()
