"""What one account may upload: streams and slips an hour, octets a day; nothing of a refused upload is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box import repository
from bidding.box.errors import QuotaError
from ledger.clock import to_unix
from ledger.settings import Limits

_HOUR = 3600
_DAY = 24
PARTNER_FACTOR = 64
"""A partner city passes on what many accounts of its own uploaded, each within its quota there."""


@dataclass(frozen=True)
class Quota:
    """The limits of an account; `factor` widens them for a partner city.

    What is refused is taken back with the caller's unit of work, which the error ends.
    """

    limits: Limits
    factor: int = 1

    async def use_stream(self, session: AsyncSession, account: bytes, size: int, now: datetime) -> None:
        """Count one stream of `size` octets, or raise `QuotaError` if it is one too many."""
        hour = to_unix(now) // _HOUR
        most = {"streams": self.limits.streams_per_hour * self.factor}
        if not await repository.use_quota(session, account, hour, {"streams": 1, "octets": size}, most):
            raise QuotaError("Too many streams in this hour. Wait for the next hour.")
        day = await repository.octets_since(session, account, hour - _DAY + 1)
        if day > self.limits.stream_bytes_per_day * self.factor:
            raise QuotaError("Too many octets in 24 hours. Wait until tomorrow.", code="quota.octets")

    async def use_slip(self, session: AsyncSession, account: bytes, now: datetime) -> None:
        """Count one slip, or raise `QuotaError` if it is one too many."""
        most = {"slips": self.limits.slips_per_hour * self.factor}
        if not await repository.use_quota(session, account, to_unix(now) // _HOUR, {"slips": 1}, most):
            raise QuotaError("Too many slips in this hour. Wait for the next hour.", code="quota.slips")
