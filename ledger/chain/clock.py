"""The clock of a development chain: the time of its latest block, which tests and demonstrations drive forward."""

from __future__ import annotations

from datetime import datetime

from ledger.chain.client import ChainClient
from ledger.clock import from_unix
from ledger.errors import SunbidError


class ChainClock:
    """Tells the latest block's time, as of the last `refresh`; never for production, where a silent chain is lawful.

    The time of the next block is later than `now` by at least a second, so what is due at `now` is due there too.
    """

    def __init__(self, client: ChainClient) -> None:
        self._client = client
        self._moment: datetime | None = None

    def now(self) -> datetime:
        """Return the time of the block that `refresh` saw last; refuse before the first `refresh`."""
        if self._moment is None:
            raise SunbidError("the chain's clock was not read yet: refresh it first", code="clock.unread")
        return self._moment

    async def refresh(self) -> None:
        """Read the latest block; a reorganisation never turns the clock back."""
        seen = from_unix((await self._client.block()).timestamp)
        self._moment = seen if self._moment is None else max(self._moment, seen)
