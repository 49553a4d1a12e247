"""Views of contracts at the latest block, asked for again only where there is another latest block.

Every question has the node looked at first, so that a key that was revoked, say, is refused under the very block that
revokes it; what the look saves is asking the contract. Questions that come while a look is under way share the next.
"""

from __future__ import annotations

import asyncio
from typing import Any

from ledger.chain.answers import Block
from ledger.chain.client import ChainClient

MOST_ANSWERS = 1024
"""Answers that are kept; some questions have the time in them, and are new each second."""


class LatestCalls:
    """Answers of views at the latest block; belongs to one event loop, as its client does."""

    def __init__(self, client: ChainClient) -> None:
        self._client = client
        self._head = b""
        self._answers: dict[tuple[Any, ...], Any] = {}
        self._looking: asyncio.Task[Block] | None = None
        self._next: asyncio.Task[Block] | None = None

    async def call(self, contract: str, function: str, *args: Any) -> Any:
        """Return what `ChainClient.call` does at the latest block; `args` are hashable."""
        head = await self._look()
        if head.hash != self._head or len(self._answers) >= MOST_ANSWERS:
            self._head, self._answers = head.hash, {}
        answers, question = self._answers, (contract, function, *args)
        if question not in answers:  # one that is answered under a later block goes with `answers` at the next look
            answers[question] = await self._client.call(contract, function, *args)
        return answers[question]

    async def _look(self) -> Block:
        """Return the latest block by a look that begins after this is called."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._looking))
        return await asyncio.shield(self._next)

    async def _after(self, before: asyncio.Task[Block] | None) -> Block:
        if before is not None:
            await asyncio.wait([before])
        self._looking, self._next = self._next, None
        return await self._client.head()
