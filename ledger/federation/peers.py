"""The other cities as a city sees them: signed requests with a deadline, and all of them asked at once."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.city import City
from ledger.clock import Clock, to_unix
from ledger.errors import SunbidError
from ledger.federation.signatures import NONCE_BYTES, Request, sign
from ledger.settings import CitySettings

_T = TypeVar("_T")


class PeerError(SunbidError):
    """A partner city that did not answer in time, or not with what was asked for; `facts` name it."""

    code = "peer.unavailable"


@dataclass(frozen=True)
class PeerStatus:
    """Whether a partner answered; `error` is the code and `message` the text of what went wrong."""

    name: str
    ok: bool
    error: str = ""
    message: str = ""


@dataclass(frozen=True)
class PeerAnswer:
    """What a partner answered, whatever its status."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the body as JSON; refuse one that is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise PeerError("the partner's answer is not JSON", code="peer.malformed", status=self.status) from error


class PeerClient:
    """The way to one partner city. Requests are signed with this city's log key; belongs to one event loop.

    `transport` replaces the network, e.g. by an application in the same process.
    """

    def __init__(
        self,
        city: City,
        base_url: str,
        key: Ed25519PrivateKey,
        clock: Clock,
        *,
        deadline_seconds: float = 5.0,
        transport: httpx.AsyncBaseTransport | None = None,
        nonce: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.city = city
        self.base_url = base_url.rstrip("/")
        self._key = key
        self._clock = clock
        self._nonce = nonce
        self._deadline = deadline_seconds
        self._http = httpx.AsyncClient(base_url=self.base_url, timeout=deadline_seconds, transport=transport)

    @property
    def name(self) -> str:
        """The partner's name."""
        return self.city.name

    async def get(self, path: str, *, deadline_seconds: float | None = None) -> PeerAnswer:
        """Ask for `path`, query included; every answer is returned, silence raises `PeerError`."""
        return await self.request("GET", path, deadline_seconds=deadline_seconds)

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        content_type: str = "application/octet-stream",
        headers: Mapping[str, str] | None = None,
        deadline_seconds: float | None = None,
    ) -> PeerAnswer:
        """Send `body`; every answer is returned, silence raises `PeerError`."""
        sent = {"content-type": content_type, **(headers or {})}
        return await self.request("POST", path, body, headers=sent, deadline_seconds=deadline_seconds)

    async def get_json(self, path: str, *, deadline_seconds: float | None = None) -> Any:
        """Return the JSON that a successful answer carries; raise `PeerError` for any other."""
        answer = await self.get(path, deadline_seconds=deadline_seconds)
        if not answer.is_success:
            raise PeerError(f"{self.name} refused {path}", code="peer.refused", city=self.name, status=answer.status)
        return answer.json()

    async def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        deadline_seconds: float | None = None,
    ) -> PeerAnswer:
        """Send a signed request and return the answer; raise `PeerError` if there is none before the deadline."""
        await self._clock.refresh()
        request = self._http.build_request(method, path, content=body, headers=dict(headers or {}))
        request.headers.update(self._signature(request, body))
        try:
            async with asyncio.timeout(deadline_seconds or self._deadline):
                answer = await self._http.send(request)
        except TimeoutError as error:
            raise self._silent("did not answer in time", error) from error
        except httpx.HTTPError as error:
            raise self._silent("cannot be reached", error) from error
        return PeerAnswer(answer.status_code, answer.content, dict(answer.headers))

    def _signature(self, request: httpx.Request, body: bytes) -> dict[str, str]:
        target = urlsplit(str(request.url))
        signed = Request(request.method, target.path, target.query, body)
        now = to_unix(self._clock.now())
        return sign(signed, self._key, to=self.name, created=now, nonce=self._nonce(NONCE_BYTES))

    def _silent(self, what: str, error: Exception) -> PeerError:
        return PeerError(f"{self.name} {what}: its own part has to wait", city=self.name, reason=repr(error))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class PeerDirectory:
    """All partner cities of a city, by name; belongs to one event loop, is closed with `close`."""

    def __init__(self, peers: Mapping[str, PeerClient]) -> None:
        self._peers = dict(sorted(peers.items()))

    @classmethod
    def open(
        cls,
        settings: CitySettings,
        key: Ed25519PrivateKey,
        clock: Clock,
        *,
        transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
    ) -> PeerDirectory:
        """Return the directory of the settings' peers; `transports` replaces the network for some of them."""
        return cls(
            {
                name: PeerClient(
                    settings.city_named(name),
                    url,
                    key,
                    clock,
                    deadline_seconds=settings.peer_deadline_seconds,
                    transport=(transports or {}).get(name),
                )
                for name, url in settings.peers.items()
            }
        )

    def __iter__(self) -> Iterator[PeerClient]:
        return iter(self._peers.values())

    def __len__(self) -> int:
        return len(self._peers)

    def named(self, name: str) -> PeerClient:
        """Return the partner of this name; refuse an unknown one."""
        try:
            return self._peers[name]
        except KeyError as error:
            raise PeerError(f"{name} is no partner: see the settings' peers", code="peer.unknown", city=name) from error

    def with_id(self, city: bytes) -> PeerClient:
        """Return the partner with this 32-byte city id; refuse an unknown one."""
        for peer in self:
            if peer.city.id32 == city:
                return peer
        raise PeerError("no partner has this id: see the settings' peers", code="peer.unknown", city="0x" + city.hex())

    async def ask_all(
        self, ask: Callable[[PeerClient], Awaitable[_T]], *, deadline_seconds: float | None = None
    ) -> dict[str, _T | PeerStatus]:
        """Return by name what each partner gave within the deadline, or the status that says why it gave nothing.

        All are asked at once; one that fails takes nothing from the others. Only `SunbidError`s count as a partner's
        failure; anything else is a bug and is raised.
        """
        answers = await asyncio.gather(*(_ask(peer, ask, deadline_seconds) for peer in self))
        return dict(zip(self._peers, answers, strict=True))

    async def get_all(self, path: str, *, deadline_seconds: float | None = None) -> dict[str, Any | PeerStatus]:
        """Return by name the JSON that each partner serves at `path`, or why it does not."""
        return await self.ask_all(lambda peer: peer.get_json(path), deadline_seconds=deadline_seconds)

    async def close(self) -> None:
        """Close all connections."""
        for peer in self:
            await peer.close()


async def _ask(
    peer: PeerClient, ask: Callable[[PeerClient], Awaitable[_T]], deadline_seconds: float | None
) -> _T | PeerStatus:
    try:
        async with asyncio.timeout(deadline_seconds):
            return await ask(peer)
    except TimeoutError:
        return PeerStatus(peer.name, ok=False, error=PeerError.code, message=f"{peer.name} did not answer in time")
    except SunbidError as error:
        return PeerStatus(peer.name, ok=False, error=error.code, message=error.message)
