"""A node whose answers to a batch come in any order, or cannot be told apart."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from ledger.chain.http_node import HttpNode
from ledger.chain.rpc import NodeSilentError
from ledger.loopback import free_port

CALLS = [("first", ()), ("second", ()), ("third", ())]
Answers = Callable[[list[dict[str, Any]]], Any]


@asynccontextmanager
async def node_that(answers: Answers) -> AsyncIterator[HttpNode]:
    """Yield the way to a node that makes its answer of the calls of a batch."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(answers(await request.json()))

    app, port = web.Application(), free_port()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    node = HttpNode(f"http://127.0.0.1:{port}", timeout_seconds=5)
    try:
        yield node
    finally:
        await node.close()
        await runner.cleanup()


def _answered(call: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": call["id"], "result": call["method"]}


async def test_answers_come_in_the_order_of_the_calls() -> None:
    async with node_that(lambda calls: [_answered(call) for call in reversed(calls)]) as node:
        assert [answer["result"] for answer in await node.send(CALLS)] == ["first", "second", "third"]


@pytest.mark.parametrize(
    "answers",
    [
        lambda calls: [{**_answered(call), "id": None} for call in calls],
        lambda calls: ["an answer" for _ in calls],
        lambda calls: [_answered(call) for call in calls[:2]],
    ],
    ids=["without numbers", "no objects", "too few"],
)
async def test_a_batch_that_cannot_be_told_apart_is_no_answer(answers: Answers) -> None:
    async with node_that(answers) as node:
        with pytest.raises(NodeSilentError):
            await node.send(CALLS)


async def test_the_refusal_of_a_whole_batch_is_the_answer_to_each_call() -> None:
    error = {"code": -32005, "message": "batch too large"}
    async with node_that(lambda _: {"jsonrpc": "2.0", "id": None, "error": error}) as node:
        assert [answer["error"] for answer in await node.send(CALLS)] == [error] * 3
