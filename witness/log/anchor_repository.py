"""Every query on what was submitted for anchoring."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from witness.log.models import AnchorRow


class AnchorRepository:
    """The last anchoring transaction of each own log, in the transaction of `session`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, origin: bytes) -> AnchorRow | None:
        """Return what was submitted last."""
        return await self._session.get(AnchorRow, origin, populate_existing=True)

    async def submitted(self, origin: bytes, tx_key: str, size: int, at: int) -> None:
        """Store the transaction that is under way; whatever pressed is served by it."""
        await self._session.merge(AnchorRow(origin=origin, pressing=False, tx_key=tx_key, size=size, submitted_at=at))

    async def press(self, origin: bytes) -> None:
        """Have the log anchored at once; before its first anchor it is due anyway."""
        await self._session.execute(update(AnchorRow).filter_by(origin=origin).values(pressing=True))
