"""How large a request may be: read no further, whatever it says of its own length.

Streams have their own way in (`POST /v1/streams`), where the door counts octets as they come. Everything else is read
into memory, and so is bounded here, before anybody has signed in.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.settings import Limits

STREAMS = "/v1/streams"
_TOO_LARGE = 413
_BESIDE_DOCUMENTS = 1 << 20
"""Octets of an act, its papers and JSON around documents in base64."""


class BodyLimit:
    """ASGI middleware that refuses bodies beyond `limits` with the code `request.too_large`."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._most = limits.document_bytes * 4 // 3 + _BESIDE_DOCUMENTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a body that ends, at the limit, in a refusal."""
        if scope["type"] != "http" or scope["path"] == STREAMS:
            await self._app(scope, receive, send)
            return
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        is_too_large = stated.isdigit() and int(stated) > self._most
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = {} if is_too_large else await receive()
            seen += len(message.get("body", b""))
            if is_too_large or seen > self._most:
                raise self._refusal()
            return message

        await self._app(scope, limited, send)

    def _refusal(self) -> HTTPException:
        return HTTPException(_TOO_LARGE, f"A request has at most {self._most} octets. Send documents one by one.")
