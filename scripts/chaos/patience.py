"""A way to a city that may be dead: the same request again, until it is answered by somebody who lives."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx

AWAY = frozenset({502, 503})
"""The city lives, and something that it stands on does not."""

_PAUSE = 0.2


class PatientTransport(httpx.AsyncBaseTransport):
    """Sends a request again where its answer is lost, as a person would press the button again.

    Whether the first one took effect nobody knows; so this relies on what the interface promises: the same act, slip
    or stream again is the same one. After `patience` seconds the failure is passed on.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._inner = httpx.AsyncHTTPTransport()
        self.lost = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the first answer that says something about the request."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        content = await request.aread()
        while True:
            again = httpx.Request(request.method, request.url, headers=request.headers, content=content)
            again.extensions = request.extensions
            try:
                response = await self._inner.handle_async_request(again)
            except httpx.TransportError:
                if loop.time() > until:
                    raise
            else:
                if response.status_code not in AWAY or loop.time() > until:
                    return response
                await response.aclose()
            self.lost += 1
            await asyncio.sleep(_PAUSE)

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._inner.aclose()


def patient_ways(cities: Mapping[str, str], patience: float) -> dict[str, PatientTransport]:
    """Return a patient way to each city."""
    return {name: PatientTransport(patience) for name in cities}
