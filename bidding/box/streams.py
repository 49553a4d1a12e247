"""The stream store: ciphertext streams under their heads, on disk, complete and checked or not there at all.

A stream is written to a temporary file while its head is recomputed, in constant memory; only when length and head
agree is the file synced, moved to its name and the folder synced. A receipt is signed after that, never before.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bidding.box.errors import StreamError
from bidding.sealing.hashing import TDH2_SECP256K1
from bidding.sealing.header import BID_CHUNK_SIZE, StreamShape
from bidding.sealing.stream import TAG_SIZE, StreamHead
from ledger.storage import need_room

_STORED_CHUNK = BID_CHUNK_SIZE + TAG_SIZE


@dataclass(frozen=True)
class StreamStore:
    """Keeps streams in `folder`, two levels deep by the first byte of their head."""

    folder: Path

    def path(self, head: bytes) -> Path:
        """Return where the stream with this head lies, or would lie."""
        return self.folder / head[:1].hex() / head.hex()

    async def receive(self, head: bytes, length: int, body: AsyncIterator[bytes]) -> Path:
        """Store the stream and return its path once it is on disk; refuse what does not fit `head` and `length`.

        `length` counts payload octets. The same stream again is read and checked again, and stored once. Raises
        `StorageFullError` where the disk takes no more; nothing is left of the stream then.
        """
        path = self.path(head)
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
        with need_room():
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
            try:
                with temporary.open("wb") as file:
                    await _Intake(file, StreamShape(length, BID_CHUNK_SIZE).stored_length).run(head, body)
                    await asyncio.to_thread(_sync, file)
                await asyncio.to_thread(_publish, temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
        return path


class _Intake:
    """Cuts a body into chunks, writes them and hashes them; holds at most one chunk and what the body last gave."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._seen = 0
        self._buffer = bytearray()
        self._head = StreamHead(TDH2_SECP256K1)

    async def run(self, head: bytes, body: AsyncIterator[bytes]) -> None:
        async for data in body:
            self._seen += len(data)
            if self._seen > self._size:
                raise StreamError(f"The stream has more than the {self._size} octets that its length asks for.")
            self._buffer += data
            while len(self._buffer) >= _STORED_CHUNK:
                await self._take(_STORED_CHUNK)
        if self._seen != self._size:
            raise StreamError(
                f"The stream has {self._seen} octets, {self._size} are needed for its length. Send all of it.",
                code="stream.truncated",
            )
        if self._buffer:
            await self._take(len(self._buffer))
        if self._head.value() != head:
            raise StreamError("The stream does not have the head that was announced for it.", code="stream.head")

    async def _take(self, size: int) -> None:
        chunk = bytes(self._buffer[:size])
        del self._buffer[:size]
        await asyncio.to_thread(self._write, chunk)

    def _write(self, chunk: bytes) -> None:
        self._head.append(chunk)
        self._file.write(chunk)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _publish(temporary: Path, path: Path) -> None:
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
