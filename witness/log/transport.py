"""HTTP to a partner's logs. Nothing here is signed: each answer carries its own signatures and proofs."""

from __future__ import annotations

import httpx

from ledger.errors import SunbidError
from witness.log.ports import Answer

MAX_ANSWER = 16 * 1024 * 1024
"""Octets that an answer may have; the largest honest one, a page of box checkpoints, has far fewer."""


class PartnerUnreachableError(SunbidError):
    """A partner does not answer, or not as HTTP."""

    code = "peer.unreachable"


class HttpTransport:
    """A `Transport` through an `httpx.AsyncClient` whose base URL is the partner's; deadlines are the client's."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str) -> Answer:
        """Ask for `path`."""
        return await self._send(self._client.build_request("GET", path))

    async def post(self, path: str, body: bytes) -> Answer:
        """Send `body` to `path`."""
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        return await self._send(self._client.build_request("POST", path, content=body, headers=headers))

    async def _send(self, request: httpx.Request) -> Answer:
        try:
            response = await self._client.send(request, stream=True)
            try:
                return Answer(response.status_code, await _read(response))
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise PartnerUnreachableError(f"{request.url} does not answer: {error!r}", url=str(request.url)) from error


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER:
            raise PartnerUnreachableError("the answer is larger than any honest one", url=str(response.url))
    return bytes(body)
