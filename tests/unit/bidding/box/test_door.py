from __future__ import annotations

import asyncio
import hashlib
import io
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box import repository
from bidding.box.door import Door, DoorKeeper, Partner, check_slip
from bidding.box.errors import PartnerError, QuotaError, SlipError, StreamError
from bidding.box.models import QuotaHour, StoredAcknowledgement, StoredSlip, StoredStream
from bidding.box.streams import StreamStore
from bidding.box.wire import Acknowledgements, CityAcknowledgement, CityReceipt, StreamReceipts
from bidding.sealing.hashing import TDH2_SECP256K1
from bidding.sealing.header import BID_CHUNK_SIZE
from bidding.sealing.slip import padding_slip
from bidding.sealing.stream import seal_stream
from ledger.clock import ManualClock
from ledger.db import Database
from ledger.eip712 import Domain, digest
from ledger.errors import SunbidError
from ledger.keys import SigningKey, recover
from ledger.settings import Limits

REGISTRY = Domain(31337, b"\x11" * 20)
NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
ANN, BOB = b"\xa1" * 32, b"\xb0" * 32


class Queue:
    """The queue's promise, kept simple: each slip is queued once and merged ten seconds later."""

    def __init__(self) -> None:
        self.slips: list[tuple[bytes, bytes | None]] = []

    async def accept(self, session: AsyncSession, slip: bytes, account: bytes | None, received_at: datetime) -> int:
        self.slips.append((slip, account))
        return int(received_at.timestamp()) + 10


@dataclass
class Circle:
    """Partners in one process: their real doors, or one that fails or lies."""

    needed: int
    partners: list[Partner] = field(default_factory=list)
    keys: dict[bytes, bytes] = field(default_factory=dict)
    failures: list[SunbidError] = field(default_factory=list)

    async def wanted(self) -> int:
        return self.needed

    async def is_receiving_key(self, city: bytes, address: bytes) -> bool:
        return self.keys.get(city) == address

    async def ask(self, wanted: int, given: frozenset[bytes], question: Callable[[Partner], Awaitable[None]]) -> None:
        for partner in self.partners:
            if wanted > 0 and partner.city not in given:
                try:
                    await question(partner)
                except SunbidError as error:
                    self.failures.append(error)
                else:
                    wanted -= 1


async def take_any(_: AsyncSession) -> None:
    """Take a request as often as it comes: who signed it and whether it came before is seen elsewhere."""


@dataclass
class DoorOfPartner:
    """Reaches another city's real door as its HTTP client does."""

    city: bytes
    door: Door
    asking: bytes
    asked: int = 0

    async def keep_stream(self, head: bytes, length: int, stream: Path) -> CityReceipt:
        self.asked += 1
        return await self.door.keep_for_partner(self.asking, head, length, file_of(stream))

    async def keep_slip(self, slip: bytes, own: CityAcknowledgement) -> CityAcknowledgement:
        self.asked += 1
        return await self.door.keep_slip_for_partner(self.asking, slip, own, take_any)


class UnreachablePartner(DoorOfPartner):
    async def keep_stream(self, head: bytes, length: int, stream: Path) -> CityReceipt:
        raise SunbidError("no answer", code="peer.unreachable")

    async def keep_slip(self, slip: bytes, own: CityAcknowledgement) -> CityAcknowledgement:
        raise SunbidError("no answer", code="peer.unreachable")


async def file_of(path: Path) -> AsyncIterator[bytes]:
    yield await asyncio.to_thread(path.read_bytes)


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


def sealed(length: int, key: int = 1) -> tuple[bytes, bytes]:
    sink = io.BytesIO()
    summary = seal_stream(TDH2_SECP256K1, bytes([key]) * 32, BID_CHUNK_SIZE, io.BytesIO(bytes(length)), sink)
    return summary.head, sink.getvalue()


@dataclass
class CityAtTheDoor:
    name: str
    door: Door
    database: Database
    circle: Circle
    queue: Queue
    clock: ManualClock
    receiving: SigningKey

    @property
    def id32(self) -> bytes:
        return hashlib.sha256(self.name.encode()).digest()

    @property
    def origin(self) -> bytes:
        return hashlib.sha256(f"{self.name}/sealed".encode()).digest()

    async def count(self, model: type) -> int:
        async with self.database.reading() as session:
            return int(await session.scalar(select(func.count()).select_from(model)) or 0)


async def make_city(folder: Path, name: str, limits: Limits, needed: int) -> CityAtTheDoor:
    database = Database(f"sqlite+aiosqlite:///{folder / 'city.sqlite3'}")
    await database.create_all()
    city, origin = hashlib.sha256(name.encode()).digest(), hashlib.sha256(f"{name}/sealed".encode()).digest()
    receiving, circle, queue, clock = SigningKey.generate(), Circle(needed), Queue(), ManualClock(NOW)
    keeper = DoorKeeper(city, origin, receiving, REGISTRY)
    door = Door(keeper, database, clock, StreamStore(folder / "streams"), queue, circle, limits)
    return CityAtTheDoor(name, door, database, circle, queue, clock, receiving)


def introduce(city: CityAtTheDoor, *others: CityAtTheDoor, kind: type[DoorOfPartner] = DoorOfPartner) -> None:
    for other in others:
        city.circle.partners.append(kind(other.id32, other.door, city.id32))
        city.circle.keys[other.id32] = other.receiving.address
        other.circle.keys[city.id32] = city.receiving.address


@pytest.fixture
async def cities(tmp_path: Path):
    limits = Limits(max_stream_bytes=200_000, streams_per_hour=3, stream_bytes_per_day=400_000, slips_per_hour=3)
    made = []
    for name in ("luan", "hefei", "anqing"):
        (tmp_path / name).mkdir()
        made.append(await make_city(tmp_path / name, name, limits, 1))
    introduce(made[0], *made[1:])
    yield made
    for city in made:
        await city.database.close()


def signers(receipts: StreamReceipts) -> set[bytes]:
    return {recover(digest(receipts.act, REGISTRY), receipt.signature) for receipt in receipts.by}


async def test_a_stream_gets_receipts_of_the_city_and_of_q_partners(cities: list[CityAtTheDoor]) -> None:
    luan, hefei, anqing = cities
    head, stream = sealed(65_536)

    receipts = await luan.door.take_stream(ANN, head, 65_536, pieces(stream))

    assert (receipts.act.head, receipts.act.length) == (head, 65_536)
    assert signers(receipts) == {luan.receiving.address, hefei.receiving.address}
    assert await anqing.count(StoredStream) == 0
    assert StreamReceipts.from_json(receipts.to_json()) == receipts


async def test_the_same_stream_gets_the_same_receipts_and_costs_no_quota(cities: list[CityAtTheDoor]) -> None:
    luan = cities[0]
    head, stream = sealed(65_536)
    first = await luan.door.take_stream(ANN, head, 65_536, pieces(stream))
    for _ in range(5):
        assert await luan.door.take_stream(ANN, head, 65_536, pieces(stream)) == first
    assert luan.circle.partners[0].asked == 1


async def test_a_partner_that_is_down_is_replaced_by_the_next(cities: list[CityAtTheDoor]) -> None:
    luan, hefei, anqing = cities
    luan.circle.partners[0] = UnreachablePartner(hefei.id32, hefei.door, luan.id32)
    head, stream = sealed(10)
    assert signers(await luan.door.take_stream(ANN, head, 10, pieces(stream))) == {
        luan.receiving.address,
        anqing.receiving.address,
    }


async def test_what_partners_owe_is_asked_for_again(cities: list[CityAtTheDoor]) -> None:
    luan, hefei, anqing = cities
    down = [UnreachablePartner(city.id32, city.door, luan.id32) for city in (hefei, anqing)]
    up, luan.circle.partners = luan.circle.partners, list(down)
    head, stream = sealed(10)
    slip = padding_slip(secrets.token_bytes)
    assert len((await luan.door.take_stream(ANN, head, 10, pieces(stream))).by) == 1
    assert len((await luan.door.take_slip(ANN, luan.origin, slip)).by) == 1

    luan.circle.partners = up

    assert len((await luan.door.take_stream(ANN, head, 10, pieces(stream))).by) == 2
    assert len((await luan.door.take_slip(ANN, luan.origin, slip)).by) == 2
    assert len(luan.queue.slips) == 1


async def test_a_receipt_by_another_key_is_named_and_not_used(cities: list[CityAtTheDoor]) -> None:
    luan, hefei, anqing = cities
    luan.circle.keys[hefei.id32] = SigningKey.generate().address
    head, stream = sealed(10)

    receipts = await luan.door.take_stream(ANN, head, 10, pieces(stream))

    assert {receipt.city for receipt in receipts.by} == {luan.id32, anqing.id32}
    assert [(type(error), error.facts["city"]) for error in luan.circle.failures] == [(PartnerError, hefei.id32.hex())]


async def test_acknowledgements_are_signed_stored_and_repeated(cities: list[CityAtTheDoor]) -> None:
    luan, hefei, _ = cities
    slip = padding_slip(secrets.token_bytes)
    first = await luan.door.take_slip(ANN, luan.origin, slip)
    luan.clock.move_to(NOW + timedelta(minutes=5))
    hefei.clock.move_to(NOW + timedelta(minutes=5))

    assert await luan.door.take_slip(BOB, luan.origin, slip) == first

    by = {found.city: found for found in first.by}
    assert by.keys() == {luan.id32, hefei.id32}
    for city in (luan, hefei):
        found = by[city.id32]
        assert recover(digest(found.act, REGISTRY), found.signature) == city.receiving.address
        assert (found.act.origin, found.act.slip) == (luan.origin, hashlib.sha256(slip).digest())
        assert found.act.received_at == int(NOW.timestamp())
        assert found.act.merge_by == int(NOW.timestamp()) + 10
    assert luan.queue.slips == [(slip, ANN)]
    assert hefei.queue.slips == []
    assert Acknowledgements.from_json(first.to_json()) == first


async def test_a_partner_keeps_both_acknowledgements_and_no_slip_without_the_first(
    cities: list[CityAtTheDoor],
) -> None:
    luan, hefei, anqing = cities
    slip = padding_slip(secrets.token_bytes)
    given = await luan.door.take_slip(ANN, luan.origin, slip)
    assert await hefei.door.acknowledgements(luan.origin, given.slip_hash) == given

    theirs = next(found for found in given.by if found.city == luan.id32)
    other = padding_slip(secrets.token_bytes)
    for city, kept in ((luan.id32, other), (anqing.id32, slip)):
        with pytest.raises(PartnerError):
            await hefei.door.keep_slip_for_partner(city, kept, theirs, take_any)
    assert await hefei.count(StoredSlip) == 1


@pytest.mark.parametrize(
    ("slip", "code"),
    [
        (bytes(896), "slip.malformed"),
        (b"\x04" + bytes(895), "slip.malformed"),
        (b"\x02" + b"\xff" * 895, "slip.malformed"),
        (padding_slip(secrets.token_bytes)[:-1], "slip.truncated"),
        (b"", "slip.truncated"),
        (padding_slip(secrets.token_bytes) + b"\0", "slip.too_long"),
    ],
)
async def test_what_is_no_slip_is_refused_and_leaves_nothing(
    cities: list[CityAtTheDoor], slip: bytes, code: str
) -> None:
    luan = cities[0]
    with pytest.raises(SlipError) as refused:
        await luan.door.take_slip(ANN, luan.origin, slip)
    assert refused.value.code == code
    assert [await luan.count(model) for model in (StoredSlip, StoredAcknowledgement, QuotaHour)] == [0, 0, 0]
    assert luan.queue.slips == []


async def test_slips_of_another_origin_belong_to_its_city(cities: list[CityAtTheDoor]) -> None:
    luan, hefei, _ = cities
    with pytest.raises(SlipError) as refused:
        await luan.door.take_slip(ANN, hefei.origin, padding_slip(secrets.token_bytes))
    assert refused.value.code == "origin.unknown"


async def test_the_same_slip_twice_at_once_is_one(cities: list[CityAtTheDoor]) -> None:
    luan = cities[0]
    slip = padding_slip(secrets.token_bytes)
    found = await asyncio.gather(*(luan.door.take_slip(ANN, luan.origin, slip) for _ in range(3)))
    assert found[0] == found[1] == found[2]
    assert len(luan.queue.slips) == await luan.count(StoredSlip) == 1
    assert await luan.count(StoredAcknowledgement) == 2


async def test_slips_of_one_moment_all_count_for_the_quota(cities: list[CityAtTheDoor]) -> None:
    luan = cities[0]
    slips = [padding_slip(secrets.token_bytes) for _ in range(5)]
    found = await asyncio.gather(
        *(luan.door.take_slip(ANN, luan.origin, slip) for slip in slips), return_exceptions=True
    )
    assert sum(isinstance(one, QuotaError) for one in found) == 2
    assert await luan.count(StoredSlip) == len(luan.queue.slips) == 3


async def test_the_quota_of_one_account_leaves_the_others_theirs(cities: list[CityAtTheDoor]) -> None:
    luan = cities[0]
    for _ in range(3):
        await luan.door.take_slip(ANN, luan.origin, padding_slip(secrets.token_bytes))
    with pytest.raises(QuotaError) as refused:
        await luan.door.take_slip(ANN, luan.origin, padding_slip(secrets.token_bytes))
    assert refused.value.code == "quota.slips"
    assert await luan.count(StoredSlip) == 3
    await luan.door.take_slip(BOB, luan.origin, padding_slip(secrets.token_bytes))
    luan.clock.move_to(NOW + timedelta(hours=1))
    await luan.door.take_slip(ANN, luan.origin, padding_slip(secrets.token_bytes))


async def test_streams_beyond_the_quota_are_refused_before_they_are_read(cities: list[CityAtTheDoor]) -> None:
    luan = cities[0]
    for key in (1, 2):
        head, stream = sealed(190_000, key)
        await luan.door.take_stream(ANN, head, 190_000, pieces(stream))

    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    with pytest.raises(QuotaError) as refused:
        await luan.door.take_stream(ANN, b"\x07" * 32, 190_000, unread())
    assert refused.value.code == "quota.octets"
    with pytest.raises(StreamError) as refused_size:
        await luan.door.take_stream(BOB, b"\x07" * 32, 200_001, unread())
    assert refused_size.value.code == "stream.too_large"
    with pytest.raises(StreamError) as refused_head:
        await luan.door.take_stream(BOB, b"\x07" * 31, 200, unread())
    assert refused_head.value.code == "stream.malformed"


async def test_the_number_of_streams_an_hour_is_limited(cities: list[CityAtTheDoor]) -> None:
    luan = cities[0]
    for key in (1, 2, 3):
        head, stream = sealed(10, key)
        await luan.door.take_stream(ANN, head, 10, pieces(stream))
    head, stream = sealed(10, 4)
    with pytest.raises(QuotaError) as refused:
        await luan.door.take_stream(ANN, head, 10, pieces(stream))
    assert refused.value.code == "quota.streams"


async def test_a_stream_is_served_only_after_a_box_lists_it(cities: list[CityAtTheDoor]) -> None:
    luan = cities[0]
    head, stream = sealed(10)
    await luan.door.take_stream(ANN, head, 10, pieces(stream))
    for unknown in (head, b"\x07" * 32):
        with pytest.raises(StreamError) as refused:
            await luan.door.public_stream(unknown)
        assert refused.value.code == "stream.not_found"

    async with luan.database.unit_of_work() as session:
        await repository.publish_streams(session, [head])

    path, length = await luan.door.public_stream(head)
    assert (path.read_bytes(), length) == (stream, 10)


def test_padding_passes_the_door_like_any_slip() -> None:
    check_slip(padding_slip(secrets.token_bytes))
