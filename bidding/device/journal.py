"""A device's journal: a folder for each tender, in which every step lies on disk before the next one is taken.

    <folder>/<tender>/seed                  32 random bytes, for this tender only
    <folder>/<tender>/0001/act.json         what is being done: kind, lot, envelope, sequence, attempt nonce …
                          /stream           the sealed stream, /header its full header
                          /receipts.json    by city
                          /body, /slip      what is sent; a retry sends the same bytes
                          /sent.json        origin, and the size of its log before
                          /acknowledgements.json, /in_time.json, /opening.json

Nothing is ever overwritten with other content but receipts, acknowledgements and proofs, which only grow. An attempt
that was cut off before its header was written is dead: the next one has a fresh nonce.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bidding.device.errors import DeviceJournalError
from bidding.sealing.slip import KIND_WITHDRAWAL, SlipBody
from ledger.acts import ZERO32, Envelope
from ledger.keyring import dump_json, write_private


@dataclass(frozen=True)
class Planned:
    """What an attempt does; ids and nonce are 32 bytes, `notice` is 32 zero bytes in a withdrawal."""

    kind: int
    lot: int
    envelope: Envelope
    sequence: int
    signed_at: int
    attempt_nonce: bytes
    notice: bytes

    def to_json(self) -> dict[str, Any]:
        """Return the form of `act.json`."""
        return {name: value.hex() if isinstance(value, bytes) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Planned:
        """Return what `to_json` wrote."""
        ids = {name: bytes.fromhex(value[name]) for name in ("attempt_nonce", "notice")}
        return cls(**{**value, **ids, "envelope": Envelope(value["envelope"])})


@dataclass(frozen=True)
class Attempt:
    """One act on its way, in its folder; the number orders the acts of a tender."""

    folder: Path
    planned: Planned

    @property
    def number(self) -> int:
        """The attempt's number in its tender."""
        return int(self.folder.name)

    @property
    def stream(self) -> Path:
        """Where the sealed stream lies."""
        return self.folder / "stream"

    @property
    def header(self) -> bytes | None:
        """The full header, None until the stream is whole."""
        return self._read("header")

    @property
    def body(self) -> SlipBody | None:
        """The body of the slip, None until it is signed."""
        data = self._read("body")
        return SlipBody.decode(data) if data is not None else None

    @property
    def slip(self) -> bytes | None:
        """The slip, None until it is made."""
        return self._read("slip")

    def write(self, name: str, data: bytes) -> None:
        """Put a file on disk, whole or not at all; one that is there stays, and must say the same."""
        known = self._read(name)
        if known is not None and known != data:
            raise DeviceJournalError(f"{self.folder / name} says something else already.", path=str(self.folder / name))
        if known is None:
            write_private(self.folder / name, data)

    def read_json(self, name: str) -> Any:
        """Return the JSON in a file, None if it is not there."""
        data = self._read(name)
        return json.loads(data) if data is not None else None

    def write_json(self, name: str, value: Any) -> None:
        """Put JSON on disk, whole or not at all, over what was there."""
        write_private(self.folder / name, dump_json(value))

    def sync_stream(self) -> None:
        """Have the stream on disk before its header says that it is whole."""
        descriptor = os.open(self.stream, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _read(self, name: str) -> bytes | None:
        path = self.folder / name
        return path.read_bytes() if path.exists() else None


@dataclass(frozen=True)
class TenderJournal:
    """The part of the journal that belongs to one tender."""

    folder: Path

    @classmethod
    def open(cls, root: Path, tender: bytes, randomness: Callable[[int], bytes]) -> TenderJournal:
        """Return the tender's part, with a seed of its own; a new one is made where there is none."""
        folder = root / tender.hex()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (folder / "seed").exists():
            write_private(folder / "seed", randomness(32))
        return cls(folder)

    @property
    def seed(self) -> bytes:
        """The bidder's 32 bytes for this tender: whoever has them can open its bids."""
        seed = (self.folder / "seed").read_bytes()
        if len(seed) != 32:
            raise DeviceJournalError(f"{self.folder / 'seed'} is damaged: restore it from the recovery file.")
        return seed

    def attempts(self) -> Iterator[Attempt]:
        """Yield all attempts in their order."""
        for folder in sorted(path for path in self.folder.iterdir() if path.is_dir() and path.name.isdecimal()):
            value = json.loads((folder / "act.json").read_text()) if (folder / "act.json").exists() else None
            if value is not None:
                yield Attempt(folder, Planned.from_json(value))

    def sent(self) -> list[Attempt]:
        """Return the attempts whose slips were made: they may be in the box, whatever the cities answered."""
        return [attempt for attempt in self.attempts() if attempt.slip is not None]

    def alive(self) -> list[Attempt]:
        """Return the attempts that can go on: sealed whole, and not given up for a later one before a slip was made."""
        ready = [a for a in self.attempts() if a.header is not None or a.planned.kind == KIND_WITHDRAWAL]
        latest = {(a.planned.lot, a.planned.envelope): a.number for a in ready}
        return [a for a in ready if a.slip is not None or a.number == latest[a.planned.lot, a.planned.envelope]]

    def next_sequence(self, lot: int, envelope: Envelope) -> int:
        """Return the sequence of the next act on this lot and envelope: one above the highest that was sent."""
        used = [a.planned.sequence for a in self.sent() if (a.planned.lot, a.planned.envelope) == (lot, envelope)]
        return max(used, default=0) + 1

    def begin(self, planned: Planned) -> Attempt:
        """Put a new attempt on disk; its nonce was never used before and never will be again."""
        used = {attempt.planned.attempt_nonce for attempt in self.attempts()} - {ZERO32}
        if planned.attempt_nonce in used:
            raise DeviceJournalError("An attempt nonce came up twice: the randomness of this device is broken.")
        last = max((int(p.name) for p in self.folder.iterdir() if p.is_dir() and p.name.isdecimal()), default=0)
        attempt = Attempt(self.folder / f"{last + 1:04d}", planned)
        attempt.folder.mkdir(mode=0o700)
        attempt.write("act.json", dump_json(planned.to_json()))
        return attempt
