"""A proof of inclusion as a file that anyone checks offline (C2SP tlog-proof)."""

from __future__ import annotations

from dataclasses import dataclass

from witness.log.checkpoint import parse_decimal
from witness.log.merkle import HASH_SIZE, verify_inclusion
from witness.log.note import Note, NoteError, decode_base64, encode_base64
from witness.log.policy import Cosigned, Policy

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_MAX_HASHES = 63


class ProofFileError(NoteError):
    """A proof file that is malformed."""

    code = "proof_file.malformed"


@dataclass(frozen=True)
class ProofFile:
    """The entry at `index` is in the tree of the checkpoint `note`, by the path `proof`; `extra` proves nothing."""

    index: int
    proof: tuple[bytes, ...]
    note: Note
    extra: bytes | None = None

    def __bytes__(self) -> bytes:
        lines = [_FIRST_LINE]
        if self.extra is not None:
            lines.append(f"extra {encode_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += map(encode_base64, self.proof)
        return "\n".join([*lines, "", ""]).encode() + bytes(self.note)

    @classmethod
    def parse(cls, data: bytes) -> ProofFile:
        """Return the proof in `data`; refuse every byte string that `bytes` does not write."""
        head, blank, note = data.partition(b"\n\n")
        if not blank or not head.isascii():
            raise ProofFileError("a proof file is a proof, an empty line and a checkpoint")
        first, *lines = head.decode("ascii").split("\n")
        if first != _FIRST_LINE:
            raise ProofFileError(f"a proof file starts with {_FIRST_LINE}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise ProofFileError("a proof file has an index line")
        index = parse_decimal(lines.pop(0).removeprefix("index "))
        return cls(index, parse_hashes(lines), Note.parse(note), extra)

    def verify(self, leaf: bytes, policy: Policy) -> Cosigned:
        """Return the checkpoint that holds the entry with this leaf hash, believable by `policy`, or raise."""
        cosigned = policy.check(self.note)
        verify_inclusion(leaf, self.index, cosigned.checkpoint.size, self.proof, cosigned.checkpoint.root)
        return cosigned


def parse_hashes(lines: list[str]) -> tuple[bytes, ...]:
    """Return the hashes of proof lines, one a line, at most 63."""
    if len(lines) > _MAX_HASHES:
        raise ProofFileError(f"a proof has at most {_MAX_HASHES} hashes")
    hashes = tuple(map(decode_base64, lines))
    if any(len(value) != HASH_SIZE for value in hashes):
        raise ProofFileError("every hash of a proof has 32 bytes")
    return hashes
