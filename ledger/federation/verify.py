"""Whose request is it: the signature, the key's city by CityRegistry, and that it was not seen before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import BigInteger, LargeBinary, delete, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ledger.chain.latest import LatestCalls
from ledger.clock import Clock, to_unix
from ledger.db import Base, Bytes32
from ledger.federation.signatures import TOLERANCE_SECONDS, Claim, Request, RequestSignatureError, read_claim

_LOG_KEY = 1


class SeenNonce(Base):
    """A request that was taken; kept as long as its time would let it pass again."""

    __tablename__ = "federation_nonce"

    key: Mapped[Bytes32] = mapped_column(primary_key=True)
    nonce: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)


_SEEN = Base.metadata.tables[SeenNonce.__tablename__]


class NoteKeys(Protocol):
    """Whose Ed25519 log keys are."""

    async def city_of(self, key: bytes, at: int) -> bytes | None:
        """Return the id of the city for which the 32-byte `key` stands at `at` as its log key, or None."""
        ...


class ChainNoteKeys:
    """CityRegistry's records of Ed25519 keys, read from the city's own node."""

    def __init__(self, chain: LatestCalls) -> None:
        self._chain = chain

    async def city_of(self, key: bytes, at: int) -> bytes | None:
        """Return the city of a log key that stands at `at` and is not marked compromised."""
        record = await self._chain.call("CityRegistry", "noteKey", key)
        stands = record.kind == _LOG_KEY and record.from_ <= at <= record.to and not record.compromised_at
        return record.city if stands else None


@dataclass(frozen=True)
class CityRequest:
    """A request that `sender`, the id of a standing city, signed."""

    sender: bytes
    claim: Claim


@dataclass
class RequestVerifier:
    """Verifies requests that are meant for `city`, by name; one a process."""

    city: str
    keys: NoteKeys
    clock: Clock
    _swept_at: int = 0

    async def verify_request(self, request: Request, headers: Mapping[str, str]) -> CityRequest:
        """Return whose `request` it is; refuse it with `RequestSignatureError` if it is no partner's.

        `headers` are by lower-case name. It may have been taken before: whoever lets it have an effect calls `take`.
        """
        now = to_unix(self.clock.now())
        claim = read_claim(request, headers, city=self.city, now=now)
        sender = await self.keys.city_of(claim.key, now)
        if sender is None:
            raise RequestSignatureError("the key belongs to no standing city: register it in CityRegistry first")
        return CityRequest(sender, claim)

    async def take(self, session: AsyncSession, request: CityRequest) -> None:
        """Store with the transaction of `session` that the request was taken; refuse one that was taken before."""
        claim, now = request.claim, to_unix(self.clock.now())
        seen = {"key": claim.key, "nonce": claim.nonce, "expires_at": claim.created + TOLERANCE_SECONDS}
        try:
            await session.execute(insert(_SEEN), seen)
            if abs(now - self._swept_at) >= TOLERANCE_SECONDS:
                self._swept_at = now
                await session.execute(delete(SeenNonce).where(SeenNonce.expires_at < now))
        except IntegrityError as error:
            raise RequestSignatureError(
                "this request was taken before: sign a new one", code="federation.replay"
            ) from error
