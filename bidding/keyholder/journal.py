"""A holder's own record of everything it ever signed: append-only, on disk before anything leaves, never remade.

One line per record, canonical JSON, each with the SHA-256 of the line before. A line that a crash left unfinished was
never sent and is dropped; any other damage stops the holder. What is asked for again is answered with the same bytes:
from memory while its tender is under way, from the file however long after.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bidding.keyholder.errors import JournalError
from bidding.keyholder.places import Places
from ledger import canonical
from ledger.acts import ACTS, ZERO32, Act
from ledger.errors import SunbidError
from ledger.failpoints import Failpoint, reach
from ledger.json_fields import need_size, read_b32, read_bytes, read_members, read_text, to_hex
from ledger.storage import StorageFullError, need_room

_MAX_LINE = 64 * 1024
_MEMBERS = ("kind", "key", "type", "act", "signature", "note", "prev")


class Kind(StrEnum):
    """What was signed, and what it is unique for."""

    BOX_SHARE = "box share"
    """by box key set"""
    LIST = "list"
    """by tender"""
    SHARE = "share"
    """by headerHash"""


@dataclass(frozen=True)
class Record:
    """One signed act; `note` is what the holder needs to go on after a restart (x_b with a list), else empty."""

    kind: Kind
    key: bytes
    act: Act
    signature: bytes
    note: bytes = b""

    @property
    def tender(self) -> bytes:
        """The tender that the act is on."""
        tender: bytes = getattr(self.act, "tender", b"")
        return tender


class Journal:
    """The file of one holder; one process writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places = Places()
        self._records: dict[tuple[Kind, bytes], Record] = {}
        self._head = ZERO32
        self._load()

    def find(self, kind: Kind, key: bytes) -> Record | None:
        """Return what was signed under this key before."""
        known = self._records.get((kind, key))
        if known is not None:
            return known
        for offset in self._places.of(key):
            with self._path.open("rb") as file:
                file.seek(offset)
                record, _ = self._parse(file.readline())
            if (record.kind, record.key) == (kind, key):
                self._records[kind, key] = record
                return record
        return None

    def records(self) -> Iterator[Record]:
        """Yield all records in the order of their signing."""
        if len(self._places):
            with self._path.open("rb") as file:
                yield from (self._parse(line)[0] for line in file)

    def let_go(self, tender: bytes) -> None:
        """Hold the records of a tender that is over no longer in memory; they are found in the file all the same."""
        self._records = {key: record for key, record in self._records.items() if record.tender != tender}

    def append(self, record: Record) -> Record:
        """Put the record on disk and return it; the same act again is the record that stands.

        Raises `JournalError` if another act stands under its key: a holder never says two things; `StorageFullError`
        if the disk takes no more: then the journal is as before, and nothing may leave.
        """
        known = self.find(record.kind, record.key)
        if known is not None:
            if known.act != record.act:
                raise JournalError(
                    f"The journal holds another {record.kind} under this key.", code="holder.contradiction"
                )
            return known
        line = self._line(record)
        self._places.add(record.key, self._write(line))
        self._records[record.kind, record.key] = record
        self._head = hashlib.sha256(line).digest()
        return record

    def _line(self, record: Record) -> bytes:
        value: canonical.JsonObject = {
            "kind": record.kind.value,
            "key": to_hex(record.key),
            "type": record.act.name(),
            "act": record.act.to_json(),
            "signature": to_hex(record.signature),
            "note": to_hex(record.note),
            "prev": to_hex(self._head),
        }
        return canonical.dumps(value, max_size=_MAX_LINE) + b"\n"

    def _write(self, line: bytes) -> int:
        """Return where the line begins, once it is on disk."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        before = os.fstat(descriptor).st_size
        try:
            with need_room():
                _write_whole(descriptor, line)
        except StorageFullError:
            os.ftruncate(descriptor, before)
            raise
        finally:
            os.close(descriptor)
        _sync_folder(self._path.parent)
        reach(Failpoint.HOLDER_JOURNALED)
        return before

    def _load(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("r+b") as file:
            offset = 0
            for line in file:
                if not line.endswith(b"\n"):
                    file.truncate(offset)
                    os.fsync(file.fileno())
                    return
                self._read(line, offset)
                offset += len(line)

    def _read(self, line: bytes, offset: int) -> None:
        record, prev = self._parse(line)
        if prev != self._head:
            raise JournalError(f"{self._path} lacks a record: restore it from its backup before going on.")
        self._places.add(record.key, offset)
        self._head = hashlib.sha256(line).digest()

    def _parse(self, line: bytes) -> tuple[Record, bytes]:
        """Return a line's record, and the hash of the line before it."""
        try:
            value = read_members(canonical.loads(line[:-1], max_size=_MAX_LINE), "record", _MEMBERS)
            prev = read_b32(value["prev"], "prev")
            record = Record(
                Kind(read_text(value["kind"], "kind")),
                read_b32(value["key"], "key"),
                ACTS[read_text(value["type"], "type")].from_json(value["act"]),
                need_size(read_bytes(value["signature"], "signature"), 65, "signature"),
                read_bytes(value["note"], "note"),
            )
        except (ValueError, KeyError, SunbidError) as error:
            raise JournalError(f"{self._path} is damaged: restore it from its backup before going on.") from error
        return record, prev


def _write_whole(descriptor: int, line: bytes) -> None:
    if os.write(descriptor, line) != len(line):
        raise OSError(errno.ENOSPC, "only a part of the record fitted")
    reach(Failpoint.HOLDER_WRITTEN)
    os.fsync(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
