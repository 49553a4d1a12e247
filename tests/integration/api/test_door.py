"""At the door: whatever is wrong gets a problem document with a stable code, and leaves nothing behind."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from api.client import CityApi
from api.stack.network import Stack
from bidding.box.wire import STREAM_HEAD, STREAM_LENGTH
from bidding.sealing.hashing import TDH2_SECP256K1
from bidding.sealing.slip import SLIP_SIZE, padding_slip
from bidding.sealing.stream import StreamHead
from ledger.acts import Envelope, Role
from ledger.json_fields import to_hex
from ledger.settings import CitySettings, Limits
from tests.fixtures.leaks import rows
from tests.fixtures.town import Square

ORIGIN = "Sunbid-Origin"
LIMITS = Limits(max_stream_bytes=100_000, streams_per_hour=3, slips_per_hour=4, document_bytes=30_000)
_COUNTERS = ("session", "challenge", "quota", "nonce", "attestation", "clock")
"""Tables that a refused upload may touch: who is signed in, and how often somebody tried."""


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """A network in which Lu'an takes only a little."""
    settings = CitySettings.load(stack.city_folder("luan"))
    settings.model_copy(update={"limits": LIMITS}).save()
    return stack


@dataclass
class Door:
    """A bidder's client of Lu'an, and what the city holds."""

    square: Square
    bidder: CityApi

    @property
    def origin(self) -> str:
        return to_hex(self.square.town.cities["luan"].node.base.city.sealed_origin_id)

    async def send(self, path: str, content: object, headers: dict[str, str], who: CityApi | None = None) -> str:
        """Return the problem code of an upload, nothing if it was taken."""
        answer = await self.answer(path, content, headers, who)
        if answer.is_success:
            return ""
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == answer.status_code < 500
        assert problem["detail"]
        return f"{answer.status_code} {problem['code']}"

    async def answer(
        self, path: str, content: object, headers: dict[str, str], who: CityApi | None = None
    ) -> httpx.Response:
        caller = who or self.bidder
        signed = {"Authorization": f"Bearer {caller._token}"} if caller._token else {}
        return await caller.http.post(path, content=content, headers={**headers, **signed})  # type: ignore[arg-type]

    async def stream(self, body: bytes, length: int | None = None, head: bytes | None = None) -> str:
        """Upload a stream that says of itself what is given, else the truth."""
        stated = length if length is not None else len(body) - 16
        return await self.send("/v1/streams", body, stream_headers(head or head_of(body), stated))

    async def slip(self, body: bytes, origin: str | None = None) -> str:
        return await self.send("/v1/slips", body, {ORIGIN: origin or self.origin})

    async def holds(self) -> set[str]:
        """Return everything that the cities keep, but who is signed in and how often somebody tried."""
        found: set[str] = set()
        for name, city in self.square.town.cities.items():
            stored = await rows(name, city.node.database)
            found |= {repr(unit) for unit in stored if not any(word in unit.where for word in _COUNTERS)}
            streams = city.node.settings.data_dir / "streams"
            found |= {str(path) for path in streams.rglob("*") if path.is_file()}
        return found


def head_of(body: bytes) -> bytes:
    head = StreamHead(TDH2_SECP256K1)
    head.append(body)
    return head.value()


def stream_headers(head: bytes, length: int) -> dict[str, str]:
    return {STREAM_HEAD: to_hex(head), STREAM_LENGTH: str(length)}


@pytest.fixture
async def door(square: Square) -> Door:
    bidder = await square.resources.enter_async_context(square.town.api("luan"))
    await square.registrar.party("a bidder", Role.BIDDER).sign_in(bidder)
    return Door(square, bidder)


SLIP = padding_slip(secrets.token_bytes)
STREAM = bytes(range(256)) * 8


async def test_what_is_wrong_has_its_code_and_leaves_nothing(door: Door) -> None:
    before = await door.holds()
    async with door.square.town.api("luan") as nobody, door.square.town.api("luan") as tenderer:
        await door.square.conduct.parties.tenderer.sign_in(tenderer)
        for who, code in ((nobody, "401 session.required"), (tenderer, "403 access.role")):
            assert await door.send("/v1/slips", SLIP, {ORIGIN: door.origin}, who) == code
            assert await door.send("/v1/streams", STREAM, stream_headers(head_of(STREAM), 2032), who) == code
    refused = {
        "a slip too long": await door.slip(SLIP + b"x"),
        "a slip cut short": await door.slip(SLIP[:-1]),
        "no point at its start": await door.slip(b"\x07" * SLIP_SIZE),
        "another city's origin": await door.slip(SLIP, to_hex(b"\x01" * 32)),
        "an origin of 31 bytes": await door.slip(SLIP, "0x" + "01" * 31),
        "no origin": await door.send("/v1/slips", SLIP, {}),
        "a stream too large": await door.stream(STREAM, length=100_001),
        "a length that is none": await door.send("/v1/streams", b"", stream_headers(bytes(32), -1)),
    }
    assert refused == {
        "a slip too long": "413 slip.too_long",
        "a slip cut short": "422 slip.truncated",
        "no point at its start": "422 slip.malformed",
        "another city's origin": "404 origin.unknown",
        "an origin of 31 bytes": "422 request.malformed",
        "no origin": "422 request.malformed",
        "a stream too large": "413 stream.too_large",
        "a length that is none": "422 request.malformed",
    }
    assert await door.holds() == before


async def test_a_stream_other_than_it_says_leaves_nothing(door: Door) -> None:
    before = await door.holds()
    cut = await door.stream(STREAM[:-1], length=len(STREAM) - 16, head=head_of(STREAM))
    other = await door.stream(STREAM[::-1], head=head_of(STREAM))
    longer = await door.stream(STREAM + b"more", length=len(STREAM) - 16, head=head_of(STREAM))
    assert (cut, other, longer) == ("422 stream.truncated", "422 stream.head", "422 stream.malformed")
    assert await door.holds() == before
    # Three tries were counted, whatever came of them: the fourth has to wait.
    assert await door.stream(STREAM) == "429 quota.streams"
    assert await door.holds() == before


async def test_over_the_quota_nothing_more_is_taken(door: Door) -> None:
    taken = [await door.slip(padding_slip(secrets.token_bytes)) for _ in range(LIMITS.slips_per_hour)]
    assert set(taken) == {""}
    before = await door.holds()
    assert await door.slip(SLIP) == "429 quota.slips"
    assert await door.holds() == before


async def test_the_same_slip_again_is_the_same_act(door: Door) -> None:
    first = await door.answer("/v1/slips", SLIP, {ORIGIN: door.origin})
    before = await door.holds()
    async with door.square.town.api("luan") as other:
        await door.square.registrar.party("another bidder", Role.BIDDER).sign_in(other)
        again = [await door.answer("/v1/slips", SLIP, {ORIGIN: door.origin}, who) for who in (door.bidder, other)]
    assert [answer.json() for answer in again] == [first.json()] * 2
    assert await door.holds() == before


async def test_a_request_larger_than_documents_may_be_is_not_read(door: Door) -> None:
    before = await door.holds()
    tenderer = door.square.conduct.city

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b" " * 65_536
        pytest.fail("the whole body was read")

    large = LIMITS.document_bytes * 4 // 3 + (1 << 20) + 1
    said = await door.send("/v1/tenders", b" " * large, {"Content-Type": "application/json"}, tenderer)
    unsaid = await door.send("/v1/tenders", endless(), {"Content-Type": "application/json"}, tenderer)
    assert (said, unsaid) == ("413 request.too_large", "413 request.too_large")
    broken = await door.send("/v1/tenders", b"{", {"Content-Type": "application/json"}, tenderer)
    assert broken == "422 request.malformed"
    assert await door.holds() == before


async def test_what_was_taken_counts(door: Door) -> None:
    device = await door.square.device("first")
    before = await door.holds()
    await device.submit(door.square.tender, 0, Envelope.PRICE, door.square.price("CNY 10.50"))
    assert len(await door.holds() - before) > 5
