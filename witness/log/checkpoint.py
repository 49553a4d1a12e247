"""Checkpoints: what a log commits to at one size, as the text of a signed note (C2SP tlog-checkpoint)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ledger.identity import origin_id
from witness.log.merkle import EMPTY_HEAD, HASH_SIZE, MAX_TREE_SIZE
from witness.log.note import Note, NoteError, NoteSigner, NoteVerifier, decode_base64, encode_base64, open_note

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def parse_decimal(text: str) -> int:
    """Return the number that `text` writes in decimal without leading zeros, at most 2^63 − 1."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_TREE_SIZE:
        raise NoteError("a size is a decimal number without leading zeros, below 2^63", code="checkpoint.malformed")
    return int(text)


@dataclass(frozen=True)
class Checkpoint:
    """The tree of the log `origin` has `size` entries and this 32-byte `root`."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(line and "\n" not in line for line in (self.origin, *self.extensions)):
            raise NoteError("origin and extensions of a checkpoint are non-empty lines", code="checkpoint.malformed")
        if not 0 <= self.size <= MAX_TREE_SIZE or len(self.root) != HASH_SIZE:
            raise NoteError("a checkpoint has a size below 2^63 and a root of 32 bytes", code="checkpoint.malformed")
        if self.size == 0 and self.root != EMPTY_HEAD:
            raise NoteError("the root of an empty log is SHA-256 of nothing", code="checkpoint.empty_root")

    @property
    def origin_id(self) -> bytes:
        """The log's 32-byte id on chain."""
        return origin_id(self.origin)

    @property
    def text(self) -> str:
        """The note text, newline included."""
        return "\n".join((self.origin, str(self.size), encode_base64(self.root), *self.extensions)) + "\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Return the checkpoint that `text` writes; refuse every other text."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop():
            raise NoteError("a checkpoint has origin, size and root, a line each", code="checkpoint.malformed")
        origin, size, root, *extensions = lines
        return cls(origin, parse_decimal(size), decode_base64(root), tuple(extensions))

    def sign(self, signer: NoteSigner) -> Note:
        """Return the note that the log publishes; the key's name is the origin."""
        if signer.name != self.origin:
            raise NoteError("a log signs under its origin's name", code="checkpoint.key_name")
        return Note(self.text, (signer.sign(self.text),))


def open_checkpoint(data: bytes, log: NoteVerifier) -> tuple[Checkpoint, Note]:
    """Return the checkpoint in a note that the log itself signed, and the note with its other signatures unverified."""
    note = open_note(data, [log])
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != log.vkey.name:
        raise NoteError("checkpoint is of another origin than its key", code="checkpoint.key_name")
    return checkpoint, note
