from __future__ import annotations

import httpx
import pytest

from witness.log.ports import Answer
from witness.log.transport import MAX_ANSWER, HttpTransport, PartnerUnreachableError


def transport(handler: httpx.MockTransport) -> HttpTransport:
    return HttpTransport(httpx.AsyncClient(transport=handler, base_url="http://partner.test"))


class TestHttpTransport:
    @pytest.mark.parametrize("status", [200, 404, 500])
    async def test_every_answer_is_returned(self, status: int) -> None:
        seen: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return httpx.Response(status, content=b"body")

        way = transport(httpx.MockTransport(answer))
        assert await way.get("/box/0x00?after=3") == Answer(status, b"body")
        assert await way.post("/witness/add-checkpoint", b"sent") == Answer(status, b"body")
        assert [str(request.url) for request in seen] == [
            "http://partner.test/box/0x00?after=3",
            "http://partner.test/witness/add-checkpoint",
        ]
        assert seen[1].content == b"sent"

    async def test_silence_is_an_error_of_its_own(self) -> None:
        def die(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("nobody", request=request)

        with pytest.raises(PartnerUnreachableError):
            await transport(httpx.MockTransport(die)).get("/")

    async def test_answer_without_end_is_not_read_to_the_end(self) -> None:
        read = 0

        async def endless() -> object:
            nonlocal read
            while True:
                read += 1
                yield b"x" * (1 << 20)

        way = transport(httpx.MockTransport(lambda _: httpx.Response(200, content=endless())))  # type: ignore[arg-type]
        with pytest.raises(PartnerUnreachableError):
            await way.get("/")
        assert read == MAX_ANSWER // (1 << 20) + 1
