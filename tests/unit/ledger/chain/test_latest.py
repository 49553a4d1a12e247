from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from ledger.chain.answers import Block
from ledger.chain.client import ChainClient
from ledger.chain.latest import MOST_ANSWERS, LatestCalls
from ledger.errors import SunbidError


@dataclass
class Node:
    """A chain whose views say in which block they were asked; a look takes as long as `gate` is shut."""

    head_number: int = 1
    looks: int = 0
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    looked: asyncio.Event = field(default_factory=asyncio.Event)
    broken: bool = False

    def __post_init__(self) -> None:
        self.gate.set()

    async def head(self) -> Block:
        self.looks += 1
        self.looked.set()
        number = self.head_number
        await self.gate.wait()
        if self.broken:
            raise SunbidError("no node answers", code="chain.unreachable")
        return Block(number, number.to_bytes(32, "big"), bytes(32), bytes(32), number, {})

    async def call(self, contract: str, function: str, *args: Any) -> Any:
        self.asked.append((contract, function, *args))
        return self.head_number


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
def latest(node: Node) -> LatestCalls:
    return LatestCalls(cast("ChainClient", node))


async def test_a_question_is_asked_once_a_block(node: Node, latest: LatestCalls) -> None:
    assert [await latest.call("C", "f", b"x") for _ in range(3)] == [1, 1, 1]
    assert await latest.call("C", "f", b"y") == 1
    assert node.asked == [("C", "f", b"x"), ("C", "f", b"y")]


async def test_what_a_new_block_says_is_known_at_once(node: Node, latest: LatestCalls) -> None:
    await latest.call("C", "f")
    node.head_number = 2
    assert await latest.call("C", "f") == 2


async def test_questions_during_a_look_wait_for_the_next_and_share_it(node: Node, latest: LatestCalls) -> None:
    node.gate.clear()
    first = asyncio.create_task(latest.call("C", "f"))
    await node.looked.wait()
    node.head_number = 2  # the first look may have missed it, whoever asks from now on must not
    later = [asyncio.create_task(latest.call("C", "f")) for _ in range(5)]
    await asyncio.sleep(0)
    node.gate.set()
    await first
    assert await asyncio.gather(*later) == [2] * 5
    assert node.looks == 2


async def test_a_look_that_fails_is_tried_again(node: Node, latest: LatestCalls) -> None:
    node.broken = True
    with pytest.raises(SunbidError, match="no node"):
        await latest.call("C", "f")
    node.broken = False
    assert await latest.call("C", "f") == 1


async def test_answers_are_bounded(node: Node, latest: LatestCalls) -> None:
    for number in range(MOST_ANSWERS + 1):
        await latest.call("C", "f", number)
    await latest.call("C", "f", 0)
    assert len(node.asked) == MOST_ANSWERS + 2
