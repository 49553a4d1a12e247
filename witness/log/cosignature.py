"""Cosignatures: a witness states that at a time this was the largest consistent tree it knew (C2SP tlog-cosignature).

The Ed25519 form, signature type 0x04: 8 bytes of POSIX time, then the signature over the lines "cosignature/v1" and
"time N" and the whole checkpoint text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from witness.log.note import Algorithm, NoteError, NoteSignature, Vkey, public_key_of, sign_ed25519

_SIZE = 8 + 64
_MAX_TIME = 2**63 - 1


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def cosigned_at(blob: bytes) -> int:
    """Return the time inside a cosignature, seconds since the epoch; it is evidence only once the blob has verified."""
    at = int.from_bytes(blob[:8], "big")
    if len(blob) != _SIZE or not 0 < at <= _MAX_TIME:
        raise NoteError("a cosignature has a time and 64 bytes of signature", code="cosignature.malformed")
    return at


@dataclass(frozen=True)
class CosignatureVerifier:
    """Checks the cosignatures (type 0x04) of one witness."""

    vkey: Vkey

    def __post_init__(self) -> None:
        if self.vkey.algorithm is not Algorithm.COSIGNATURE:
            raise NoteError(f"{self.vkey.name} is not a key of type 0x04", code="note.vkey")

    def verify(self, text: str, blob: bytes) -> None:
        """Raise `NoteError` unless `blob` is this witness's cosignature on the checkpoint `text`."""
        self.vkey.check(_message(text, cosigned_at(blob)), blob[8:])


@dataclass(frozen=True)
class Cosigner:
    """A witness's Ed25519 key, used for cosignatures only; the 32-byte secret never shows in logs or reprs."""

    name: str
    secret: bytes = field(repr=False)

    @property
    def vkey(self) -> Vkey:
        """The public part."""
        return Vkey(self.name, Algorithm.COSIGNATURE, public_key_of(self.secret))

    def cosign(self, text: str, at: int) -> NoteSignature:
        """Return the cosignature of the checkpoint `text` at the time `at`, seconds since the epoch."""
        if not 0 < at <= _MAX_TIME:
            raise NoteError("a cosignature needs a time after 1970", code="cosignature.malformed")
        blob = at.to_bytes(8, "big") + sign_ed25519(self.secret, _message(text, at))
        return NoteSignature(self.name, self.vkey.key_id, blob)
