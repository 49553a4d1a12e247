from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from bidding.box.remote import CityClient, RemoteError
from ledger.acts import BidOpening
from tests.fixtures.box import b32
from witness.log.tiles import Tile


def city(answer: Callable[[httpx.Request], httpx.Response]) -> CityClient:
    return CityClient("luan", httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://luan"))


async def test_a_citys_refusal_keeps_its_code() -> None:
    problem = {"code": "quota.slips", "detail": "Too many slips.", "status": 429}
    with pytest.raises(RemoteError) as refused:
        await city(lambda _: httpx.Response(429, json=problem)).upload_slip(b32("origin"), b"slip")
    assert (refused.value.code, refused.value.facts) == ("quota.slips", {"city": "luan"})


@pytest.mark.parametrize(
    "response", [httpx.Response(502, text="bad gateway"), httpx.Response(500, json=[]), httpx.Response(404, json={})]
)
async def test_a_refusal_without_a_problem_document_is_one_all_the_same(response: httpx.Response) -> None:
    with pytest.raises(RemoteError) as refused:
        await city(lambda _: response).opening(b32("tender"))
    assert refused.value.code == "peer.refused"


async def test_silence_is_named() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("late", request=request)

    for ask in (lambda c: c.opening(b32("t")), lambda c: c.tile(b32("o"), Tile(0, 0)), _first_piece):
        with pytest.raises(RemoteError) as refused:
            await ask(city(silent))
        assert refused.value.code == "peer.unreachable"


async def _first_piece(client: CityClient) -> bytes:
    return await anext(client.stream(b32("head")))


async def test_what_is_no_json_is_told() -> None:
    with pytest.raises(RemoteError, match="something else than JSON"):
        await city(lambda _: httpx.Response(200, text="<html>")).opening(b32("tender"))


async def test_a_log_without_a_checkpoint_is_empty() -> None:
    problem = {"code": "checkpoint.not_found", "detail": "none yet"}
    assert await city(lambda _: httpx.Response(404, json=problem)).log_size(b32("origin")) == 0
    note = "luan.sunbid.example/sealed\n42\nroot=\n\n- signature\n"
    assert await city(lambda _: httpx.Response(200, text=note)).log_size(b32("origin")) == 42
    with pytest.raises(RemoteError):
        await city(lambda _: httpx.Response(200, text="no note")).log_size(b32("origin"))


async def test_checkpoints_are_read_page_by_page() -> None:
    asked = []

    def pages(request: httpx.Request) -> httpx.Response:
        after = int(request.url.params["after"])
        asked.append(after)
        size = after + 4
        shown = [
            {
                "origin": "0x" + b32("origin").hex(),
                "size": size,
                "root": "0x" + b32("root").hex(),
                "at": 5,
                "city": "0x" + b32("luan").hex(),
                "signature": "0x" + "01" * 65,
            }
        ]
        return httpx.Response(200, json={"time": 7, "checkpoints": shown if size <= 12 else [], "equivocations": []})

    found = await city(pages).box_checkpoints(b32("origin"), 2)
    assert [checkpoint.size for checkpoint in found] == [6, 10]
    assert asked == [2, 6, 10]


async def test_a_record_is_posted_under_its_tender() -> None:
    seen = {}

    def take(request: httpx.Request) -> httpx.Response:
        seen.update(path=request.url.path, body=json.loads(request.content))
        return httpx.Response(201, json={"digest": "0x00"})

    act = BidOpening(b32("tender"), b32("header"), b32("r"))
    await city(take).post_record(b32("tender"), act, b"\x05" * 65)
    assert seen["path"] == f"/v1/tenders/0x{b32('tender').hex()}/records"
    assert seen["body"] == {"type": "BidOpening", "act": act.to_json(), "signature": "0x" + "05" * 65}


async def test_a_stream_that_is_not_public_yields_nothing() -> None:
    problem = {"code": "stream.not_found", "detail": "not public"}
    with pytest.raises(RemoteError) as refused:
        await _first_piece(city(lambda _: httpx.Response(404, json=problem)))
    assert refused.value.code == "stream.not_found"
    assert await _first_piece(city(lambda _: httpx.Response(200, content=b"octets"))) == b"octets"
