"""What endpoints are given: the city's node, one unit of work, and who calls.

Nothing here waits for long, and yet all of it is `async`: what is not, the framework runs in another thread each time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession

from api.authorisation import AccessError, Caller, rule_for
from api.sessions import Account
from api.signin import SessionError
from ledger.federation.verify import CityRequest

if TYPE_CHECKING:
    from api.node import CityNode

SESSION_COOKIE = "sunbid_session"


async def get_node(request: Request) -> CityNode:
    """Return this process's city."""
    return cast("CityNode", request.app.state.node)


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Yield the request's unit of work; it is committed before the answer leaves, so nothing acknowledged is lost."""
    async with (await get_node(request)).database.unit_of_work() as session:
        yield session


Node = Annotated["CityNode", Depends(get_node)]
Session = Annotated[AsyncSession, Depends(get_session, scope="function")]


def _token(request: Request) -> str | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value if scheme.lower() == "bearer" and value else request.cookies.get(SESSION_COOKIE)


async def authorise(request: Request) -> None:
    """Let the call pass only as the table in api.authorisation says; runs before every endpoint."""
    route = request.scope.get("route")
    path = route.path if isinstance(route, APIRoute) else request.url.path
    rule = rule_for(request.method, path)
    node = await get_node(request)
    await node.clock.refresh()
    match rule.caller:
        case Caller.ANYONE | Caller.SELF_PROVING:
            return
        case Caller.CITY:
            request.state.city = found = await node.verify_peer(request)
            if not rule.once_with_effect:
                async with node.database.unit_of_work() as session:
                    await node.base.verifier.take(session, found)
        case Caller.SIGNED_IN | Caller.ROLE:
            account = await _account(request, node)
            if rule.roles and not rule.roles & account.organisations.keys():
                needed = " or ".join(sorted(role.name.lower() for role in rule.roles))
                raise AccessError(
                    f"Present a credential with the role {needed} first (POST /v1/credentials).",
                    needed=[int(role) for role in sorted(rule.roles)],
                )
            request.state.account = account


async def _account(request: Request, node: CityNode) -> Account:
    token = _token(request)
    if token is None:
        raise SessionError("Sign in first: GET /v1/session/challenge, sign it, POST /v1/session.")
    async with node.database.reading() as session:
        return await node.sign_in.account(session, token, node.clock.now())


async def get_account(request: Request) -> Account:
    """Return who is signed in; only on endpoints whose rule asks for it."""
    return cast("Account", request.state.account)


async def get_city(request: Request) -> CityRequest:
    """Return the request as the partner city signed it; only on endpoints for cities."""
    return cast("CityRequest", request.state.city)


CurrentAccount = Annotated[Account, Depends(get_account)]
CallingCity = Annotated[CityRequest, Depends(get_city)]
