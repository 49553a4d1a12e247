"""The witness protocol's one call, `add-checkpoint`, without its network and storage (C2SP tlog-witness).

The log sends a checkpoint and a consistency proof from the size that the witness cosigned last; the witness compares
with what it stored, never with what the log says. Whoever stores the decision does so by compare-and-set on that
size, before a cosignature leaves the house.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from witness.log.checkpoint import Checkpoint, parse_decimal
from witness.log.cosignature import CosignatureVerifier
from witness.log.merkle import EMPTY_HEAD, ProofError, verify_consistency
from witness.log.note import (
    Note,
    NoteError,
    NoteSignature,
    NoteVerifier,
    encode_base64,
    verified_signatures,
)
from witness.log.proof_file import parse_hashes

SIZE_CONTENT_TYPE = "text/x.tlog.size"


class AddCheckpointError(NoteError):
    """A request or an answer that the protocol does not allow."""

    code = "add_checkpoint.malformed"


class Status(IntEnum):
    """The protocol's answers; they are HTTP's status codes because the protocol is spoken over HTTP."""

    COSIGNED = 200
    MALFORMED = 400
    UNTRUSTED = 403
    UNKNOWN_LOG = 404
    CONFLICT = 409
    INCONSISTENT = 422


@dataclass(frozen=True)
class AddCheckpoint:
    """A request: the size that the log believes the witness has, the proof from there, the signed checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note

    @property
    def origin(self) -> str:
        """The origin line, not yet believed: by it the witness finds what it stored."""
        return self.note.text.partition("\n")[0]

    def __bytes__(self) -> bytes:
        lines = [f"old {self.old_size}", *map(encode_base64, self.proof), "", ""]
        return "\n".join(lines).encode() + bytes(self.note)

    @classmethod
    def parse(cls, data: bytes) -> AddCheckpoint:
        """Return the request in `data`; every error is a `NoteError`, to be answered with 400."""
        head, blank, note = data.partition(b"\n\n")
        if not blank or not head.isascii() or not head.startswith(b"old "):
            raise AddCheckpointError("a request is an old size, proof lines, an empty line and a checkpoint")
        old, *lines = head.decode("ascii").split("\n")
        return cls(parse_decimal(old.removeprefix("old ")), parse_hashes(lines), Note.parse(note))


@dataclass(frozen=True)
class KnownLog:
    """What a witness holds of a log: keys, and size and root of what it cosigned last (at first the empty tree)."""

    keys: tuple[NoteVerifier, ...]
    size: int = 0
    root: bytes = EMPTY_HEAD


@dataclass(frozen=True)
class Decision:
    """What the witness answers: `checkpoint` is set to be stored and cosigned; else `reason` says why not.

    On a conflict the answer's body is `size` and a newline, as `text/x.tlog.size`.
    """

    status: Status
    checkpoint: Checkpoint | None = None
    reason: str = ""
    size: int | None = None


def decide(request: AddCheckpoint, known: KnownLog | None) -> Decision:
    """Return the answer to `request` by what the witness holds of its origin; None if it does not know the log."""
    if known is None:
        return Decision(Status.UNKNOWN_LOG, reason="this witness does not know the log")
    keys = [key for key in known.keys if key.vkey.name == request.origin]
    try:
        if not verified_signatures(request.note, keys):
            return Decision(Status.UNTRUSTED, reason="no key of the log signed the checkpoint")
    except NoteError as error:
        return Decision(Status.UNTRUSTED, reason=error.message)
    try:
        checkpoint = Checkpoint.parse(request.note.text)
    except NoteError as error:
        wrong_root = error.code == "checkpoint.empty_root"
        return Decision(Status.INCONSISTENT if wrong_root else Status.MALFORMED, reason=error.message)
    return _compare(request, checkpoint, known)


def _compare(request: AddCheckpoint, checkpoint: Checkpoint, known: KnownLog) -> Decision:
    if request.old_size > checkpoint.size:
        return Decision(Status.MALFORMED, reason="old size is above the checkpoint's")
    if request.old_size != known.size:
        return Decision(Status.CONFLICT, reason=f"this witness cosigned size {known.size} last", size=known.size)
    try:
        verify_consistency(known.size, checkpoint.size, known.root, checkpoint.root, request.proof)
    except ProofError as error:
        return Decision(Status.INCONSISTENT, reason=error.message)
    return Decision(Status.COSIGNED, checkpoint)


def parse_cosignatures(body: bytes, note: Note, witness: CosignatureVerifier) -> NoteSignature:
    """Return the witness's cosignature on `note` from a 200 answer; refuse an answer without it or with a false one."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AddCheckpointError("a witness answers with signature lines") from error
    if not text.endswith("\n"):
        raise AddCheckpointError("a witness answers with signature lines")
    lines = Note(note.text, tuple(map(NoteSignature.parse, text[:-1].split("\n"))))
    for _, signature in verified_signatures(lines, [witness]):
        return signature
    raise AddCheckpointError(f"the answer has no cosignature of {witness.vkey.name}", code="add_checkpoint.unsigned")


def format_conflict(size: int) -> bytes:
    """Return the body of a 409 answer: the size that the witness cosigned last, and a newline."""
    return f"{size}\n".encode()


def parse_conflict(body: bytes) -> int:
    """Return the size in a 409 answer."""
    if not body.endswith(b"\n") or not body.isascii():
        raise AddCheckpointError("a conflict is answered with a size and a newline")
    return parse_decimal(body[:-1].decode("ascii"))
