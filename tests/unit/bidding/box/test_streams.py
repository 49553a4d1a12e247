from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bidding.box.errors import StreamError
from bidding.box.streams import StreamStore
from bidding.sealing.hashing import TDH2_SECP256K1
from bidding.sealing.header import BID_CHUNK_SIZE
from bidding.sealing.stream import seal_stream
from ledger.storage import StorageFullError
from tests.fixtures.disk import full_disk

CHUNK = BID_CHUNK_SIZE


async def pieces(data: bytes, size: int = 70_001) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def sealed(length: int) -> tuple[bytes, bytes]:
    sink = io.BytesIO()
    summary = seal_stream(TDH2_SECP256K1, bytes(range(32)), CHUNK, io.BytesIO(bytes(length)), sink)
    return summary.head, sink.getvalue()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("length", [0, 1, 65_536, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
async def test_a_stream_that_fits_its_head_is_stored_as_it_came(tmp_path: Path, length: int) -> None:
    head, stream = sealed(length)
    store = StreamStore(tmp_path)

    path = await store.receive(head, length, pieces(stream))

    assert path == store.path(head)
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(stream).digest()
    assert files(tmp_path) == [path]


async def test_the_same_stream_again_is_stored_once(tmp_path: Path) -> None:
    head, stream = sealed(100)
    store = StreamStore(tmp_path)
    await store.receive(head, 100, pieces(stream))
    await store.receive(head, 100, pieces(stream, 7))
    assert files(tmp_path) == [store.path(head)]


@pytest.mark.parametrize(
    ("spoil", "length", "code"),
    [
        (lambda data: data[:-1], 70_000, "stream.truncated"),
        (lambda _: b"", 70_000, "stream.truncated"),
        (lambda data: data + b"\0", 70_000, "stream.malformed"),
        (lambda data: data, 69_999, "stream.malformed"),
        (lambda data: data, 70_001, "stream.truncated"),
        (lambda data: bytes([data[0] ^ 1]) + data[1:], 70_000, "stream.head"),
    ],
)
async def test_a_stream_that_does_not_fit_leaves_nothing(tmp_path: Path, spoil, length: int, code: str) -> None:
    head, stream = sealed(70_000)
    with pytest.raises(StreamError) as refused:
        await StreamStore(tmp_path).receive(head, length, pieces(spoil(stream)))
    assert refused.value.code == code
    assert files(tmp_path) == []


async def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    head, stream = sealed(70_000)

    async def broken() -> AsyncIterator[bytes]:
        yield stream[:1000]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await StreamStore(tmp_path).receive(head, 70_000, broken())
    assert files(tmp_path) == []


async def test_a_full_disk_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    head, stream = sealed(2 * CHUNK)
    store = StreamStore(tmp_path)
    with full_disk(CHUNK), pytest.raises(StorageFullError, match="full"):
        await store.receive(head, 2 * CHUNK, pieces(stream))
    assert files(tmp_path) == []
    await store.receive(head, 2 * CHUNK, pieces(stream))
    assert len(files(tmp_path)) == 1
