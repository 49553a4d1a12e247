"""Sessions and the credentials presented in them; a token is stored only as its hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from api.signin import SESSION_LIFETIME, Challenge, SessionError, challenge, check
from ledger.acts import Role
from ledger.db import Base, Bytes32, Moment


class ChallengeRow(Base):
    """A challenge that waits for its answer; answered or expired ones go."""

    __tablename__ = "session_challenge"

    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    address: Mapped[bytes]
    issued_at: Mapped[Moment]
    message: Mapped[str]


class SessionRow(Base):
    """A signed-in key."""

    __tablename__ = "session"

    token_hash: Mapped[Bytes32] = mapped_column(primary_key=True)
    address: Mapped[bytes]
    expires_at: Mapped[Moment]


class SessionRoleRow(Base):
    """A role that a session's key has shown a credential for."""

    __tablename__ = "session_role"

    token_hash: Mapped[Bytes32] = mapped_column(ForeignKey("session.token_hash", ondelete="CASCADE"), primary_key=True)
    credential: Mapped[Bytes32] = mapped_column(primary_key=True)
    role: Mapped[int]
    organisation: Mapped[Bytes32]
    valid_to: Mapped[Moment]


@dataclass(frozen=True)
class Account:
    """Who is signed in: the key, and the organisation it acts for in each role it has shown."""

    address: bytes
    token_hash: bytes
    organisations: dict[Role, bytes]


_SESSION, _ROLE = SessionRow.__table__.c, SessionRoleRow.__table__.c
_ACCOUNT = (
    select(_SESSION.address, _SESSION.expires_at, _ROLE.role, _ROLE.organisation)
    .outerjoin_from(
        SessionRow.__table__,
        SessionRoleRow.__table__,
        (_ROLE.token_hash == _SESSION.token_hash) & (_ROLE.valid_to >= bindparam("at")),
    )
    .where(_SESSION.token_hash == bindparam("token"))
)
"""A session with the roles that are in force, one row a role: asked for each request of whoever is signed in."""


@dataclass(frozen=True)
class SignIn:
    """The use cases of signing in; never commits. `random_hex` yields 64 fresh unguessable hex digits."""

    base_url: str
    chain_id: int
    random_hex: Callable[[], str] = secrets.token_hex

    async def issue(self, session: AsyncSession, address: bytes, now: datetime) -> Challenge:
        """Store and return a challenge for `address`."""
        await session.execute(delete(ChallengeRow).where(ChallengeRow.issued_at < now - SESSION_LIFETIME))
        issued = challenge(self.base_url, self.chain_id, address, self.random_hex()[:32], now)
        row = ChallengeRow(nonce=issued.nonce, address=address, issued_at=issued.issued_at, message=issued.message)
        session.add(row)
        return issued

    async def answer(self, session: AsyncSession, message: str, signature: bytes, now: datetime) -> str:
        """Return a new session's token; each challenge can be answered once."""
        row = await session.scalar(select(ChallengeRow).where(ChallengeRow.message == message))
        if row is None:
            raise SessionError("This city issued no such challenge, or it was used already. Ask for a new one.")
        issued = Challenge(row.address, row.nonce, row.issued_at, row.message)
        check(issued, signature, now)
        await session.delete(row)
        token = self.random_hex()
        session.add(SessionRow(token_hash=_hash(token), address=row.address, expires_at=now + SESSION_LIFETIME))
        return token

    async def account(self, session: AsyncSession, token: str, now: datetime) -> Account:
        """Return who a token stands for; refuse an unknown or expired one."""
        token_hash = _hash(token)
        rows = (await session.execute(_ACCOUNT, {"token": token_hash, "at": now})).all()
        if not rows or rows[0].expires_at < now:
            raise SessionError("Your session has ended. Sign in again.", code="session.expired")
        roles = {Role(row.role): row.organisation for row in rows if row.role is not None}
        return Account(rows[0].address, token_hash, roles)

    async def sign_out(self, session: AsyncSession, account: Account) -> None:
        """End the session."""
        await session.execute(delete(SessionRoleRow).where(SessionRoleRow.token_hash == account.token_hash))
        await session.execute(delete(SessionRow).where(SessionRow.token_hash == account.token_hash))

    async def add_role(
        self, session: AsyncSession, account: Account, credential: bytes, role: Role, organisation: bytes, to: datetime
    ) -> None:
        """Remember that the account showed this credential, whose chain the caller has checked."""
        await session.merge(
            SessionRoleRow(
                token_hash=account.token_hash,
                credential=credential,
                role=int(role),
                organisation=organisation,
                valid_to=to,
            )
        )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
