"""Sign in with a key, and show for whom it acts."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from api.deps import SESSION_COOKIE, CurrentAccount, Node, Session
from api.schemas.chain import ChainBody
from api.schemas.hexadecimal import Address20, Signature65
from api.schemas.problem import refuses
from api.signin import SESSION_LIFETIME

router = APIRouter(prefix="/v1", tags=["session"])


_OF_PAPERS = (
    "access.credential", "act.malformed", "authority.malformed", "authority.credential", "authority.delegation",
    "authority.expired", "authority.issuer", "authority.key", "authority.revoked", "signature.invalid",
)  # fmt: skip


class ChallengeAnswer(BaseModel):
    """The challenge, word for word, and its signature (EIP-191 personal_sign)."""

    model_config = ConfigDict(extra="forbid")
    message: str
    signature: Signature65


class ChallengeOut(BaseModel):
    """What to sign."""

    message: str


class TokenOut(BaseModel):
    """A bearer token; browsers get it as a cookie too."""

    token: str


class AccountOut(BaseModel):
    """Who is signed in, and in which roles for which organisations."""

    address: str
    roles: dict[str, str]


@router.get("/session/challenge")
async def get_challenge(address: Address20, node: Node, session: Session) -> ChallengeOut:
    """Return a message for this key to sign within five minutes."""
    issued = await node.sign_in.issue(session, address, node.clock.now())
    return ChallengeOut(message=issued.message)


@router.post(
    "/session",
    status_code=201,
    openapi_extra=refuses("session.required", "session.expired", "session.signature", "signature.invalid"),
)
async def open_session(body: ChallengeAnswer, response: Response, node: Node, session: Session) -> TokenOut:
    """Sign in with an answered challenge."""
    token = await node.sign_in.answer(session, body.message, body.signature, node.clock.now())
    secure = node.settings.base_url.startswith("https")
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=secure,
    )
    return TokenOut(token=token)


@router.get("/session")
async def get_account(account: CurrentAccount) -> AccountOut:
    """Return who is signed in."""
    roles = {role.name.lower(): "0x" + org.hex() for role, org in account.organisations.items()}
    return AccountOut(address="0x" + account.address.hex(), roles=roles)


@router.delete("/session", status_code=204)
async def close_session(account: CurrentAccount, node: Node, session: Session) -> None:
    """Sign out."""
    await node.sign_in.sign_out(session, account)


@router.post("/credentials", status_code=201, openapi_extra=refuses(*_OF_PAPERS))
async def present_credential(body: ChainBody, account: CurrentAccount, node: Node, session: Session) -> AccountOut:
    """Show for whom the signed-in key acts: a credential, with a delegation if the key is a delegate's."""
    shown = await node.check_papers(body.to_chain(), account.address)
    await node.sign_in.add_role(session, account, shown.digest, shown.role, shown.organisation, shown.valid_to)
    roles = {**account.organisations, shown.role: shown.organisation}
    named = {role.name.lower(): "0x" + org.hex() for role, org in roles.items()}
    return AccountOut(address="0x" + account.address.hex(), roles=named)
