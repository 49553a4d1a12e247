"""A client of one city's HTTP interface, for the command line, for robots and for tests."""

from __future__ import annotations

from typing import Any

import httpx

from ledger.authority import ActChain
from ledger.eip712 import Struct
from ledger.errors import SunbidError
from ledger.keys import SigningKey, personal_digest
from ledger.signin import open_session


class CityUnreachableError(SunbidError):
    """A city did not answer."""

    code = "city.unavailable"


class CityRefusalError(SunbidError):
    """A city answered with a problem document; `code` and `facts` are the document's."""

    code = "city.refused"


class CityApi:
    """Requests to one city; every refusal is raised with the code that the city gave."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self._token: str | None = None
        self._who: tuple[SigningKey, tuple[ActChain, ...]] | None = None

    @property
    def url(self) -> str:
        """The city's base URL."""
        return str(self.http.base_url)

    async def sign_in(self, key: SigningKey, *chains: ActChain) -> None:
        """Open a session for `key` and present its credentials in it; one that ends is opened again when needed."""
        self._token, self._who = None, (key, chains)

        async def answer() -> str:
            challenge = await self.get("/v1/session/challenge", address="0x" + key.address.hex())
            signature = key.sign(personal_digest(challenge["message"]))
            signed = {"message": challenge["message"], "signature": "0x" + signature.hex()}
            return str((await self.post("/v1/session", signed))["token"])

        self._token = await open_session(answer)
        for chain in chains:
            await self.post("/v1/credentials", chain.to_json())

    async def get(self, path: str, **query: str | int) -> Any:
        """Return the JSON answer of a GET."""
        return (await self._send("GET", path, params=query)).json()

    async def get_bytes(self, path: str, **query: str | int) -> bytes:
        """Return the octets of a GET."""
        return (await self._send("GET", path, params=query)).content

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """Return the JSON answer of a POST, None if it has no content."""
        response = await self._send("POST", path, json=body)
        return response.json() if response.content else None

    async def post_bytes(self, path: str, body: bytes, headers: dict[str, str]) -> Any:
        """Return the JSON answer of a POST of octets."""
        return (await self._send("POST", path, content=body, headers=headers)).json()

    async def post_act(self, path: str, act: Struct, signature: bytes, chain: ActChain | None, **more: Any) -> Any:
        """Send a signed act with the chain that shows for whom its key acts."""
        body = {
            "type": act.name(),
            "act": act.to_json(),
            "signature": "0x" + signature.hex(),
            "chain": chain.to_json() if chain else None,
            **more,
        }
        return await self.post(path, body)

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return await self._once(method, path, **options)
        except CityRefusalError as refusal:
            if refusal.code != "session.expired" or self._who is None or self._token is None:
                raise
        key, chains = self._who
        await self.sign_in(key, *chains)
        return await self._once(method, path, **options)

    async def _once(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = dict(options.pop("headers", {}))
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            response = await self.http.request(method, path, headers=headers, **options)
        except httpx.HTTPError as error:
            raise CityUnreachableError(f"{self.url} does not answer: {type(error).__name__} {error}") from error
        if response.is_success:
            return response
        raise _refusal(response)


def _refusal(response: httpx.Response) -> SunbidError:
    try:
        problem = response.json()
        detail, code = problem.pop("detail"), problem.pop("code")
    except (ValueError, KeyError, AttributeError):
        return CityRefusalError(f"The city answered {response.status_code} without a problem document.")
    facts = {name: value for name, value in problem.items() if name not in ("type", "title", "message")}
    return CityRefusalError(str(detail), code=str(code), **facts)
