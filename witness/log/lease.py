"""One writer per log: whoever starts last writes, and whoever wrote before finds that out before it can write again.

PostgreSQL has advisory locks, which end with the transaction, so several workers may share the work. SQLite serves
one machine: there a row holds a fencing token that grows with each process that takes the log over. No time is
involved, so neither a clock that stands still nor one that jumps can give the log two writers or none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.db import exclusive
from ledger.errors import SunbidError
from witness.log.models import LeaseRow


class LeaseLostError(SunbidError):
    """Another process of this city has taken the log over."""

    code = "log.lease_lost"


@dataclass
class Lease:
    """This process's right to write its city's logs, by log name."""

    _tokens: dict[str, int] = field(default_factory=dict)

    async def hold(self, session: AsyncSession, name: str) -> None:
        """Keep every other writer of `name` out until the transaction of `session` ends.

        Raises `LeaseLostError` if a process that started later writes this log now.
        """
        await exclusive(session, name)
        if session.get_bind().dialect.name == "postgresql":
            return
        row = await session.get(LeaseRow, name, populate_existing=True)
        if name not in self._tokens:
            await self._take_over(session, name, row)
        elif row is None or row.token != self._tokens[name]:
            raise LeaseLostError("another process of this city writes this log: stop one of them", log=name)

    async def _take_over(self, session: AsyncSession, name: str, row: LeaseRow | None) -> None:
        token = row.token + 1 if row else 1
        await session.merge(LeaseRow(name=name, token=token))

        def remember(_session: object) -> None:
            self._tokens[name] = token  # only a committed token is ours: a crash before that takes over again

        event.listen(session.sync_session, "after_commit", remember, once=True)
