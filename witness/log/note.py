"""Signed notes: a text, and signature lines that name their keys (C2SP signed-note; golang.org/x/mod/sumdb/note).

Reading is strict: there is one way to write a note, and everything else is refused. Two signature types exist here,
Ed25519 over the text (this module) and the timestamped cosignature of a checkpoint (cosignature.py).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import SunbidError

MAX_NOTE_SIZE = 64 * 1024
MAX_SIGNATURES = 64
_ED25519_SIZE = 64
_LINE = re.compile(r"— (?P<name>\S+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteError(SunbidError):
    """A note, a key or a signature that is malformed or does not verify."""

    code = "note.invalid"


class Algorithm(IntEnum):
    """The signature type byte inside a key id."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


def encode_base64(data: bytes) -> str:
    """Return standard Base 64 with padding (RFC 4648 §4)."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Return the bytes of standard Base 64; refuse every spelling that `encode_base64` does not write."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("not standard Base 64", code="note.base64") from error
    if encode_base64(data) != text:
        raise NoteError("Base 64 has stray bits or lacks its padding", code="note.base64")
    return data


def check_key_name(name: str) -> None:
    """Refuse a key name that is empty or has spaces, control characters or a plus."""
    if not name or "+" in name or not name.isprintable() or re.search(r"\s", name):
        raise NoteError("a key name is non-empty and has neither spaces nor plus", code="note.key_name")


@dataclass(frozen=True)
class Vkey:
    """A verifier key: name, signature type and 32-byte Ed25519 public key; written name+id+base64."""

    name: str
    algorithm: Algorithm
    public_key: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public_key) != 32:
            raise NoteError("an Ed25519 public key has 32 bytes", code="note.vkey")

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name ‖ newline ‖ type ‖ public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public_key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.algorithm]) + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> Vkey:
        """Return the key that `str` writes; refuse another key id and a signature type unknown here."""
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise NoteError("a verifier key is name+id+base64", code="note.vkey")
        material = decode_base64(parts[2])
        if not material or material[0] not in tuple(Algorithm):
            raise NoteError("verifier key has a signature type unknown here", code="note.vkey")
        key = cls(parts[0], Algorithm(material[0]), material[1:])
        if key.key_id.hex() != parts[1]:
            raise NoteError("verifier key has a wrong key id", code="note.vkey")
        return key

    def check(self, message: bytes, signature: bytes) -> None:
        """Raise `NoteError` unless the 64-byte Ed25519 signature over `message` is by this key (RFC 8032)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise NoteError(f"signature of {self.name} does not verify", code="note.signature") from error


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: who claims to have signed, with which key, and the bytes of the signature."""

    name: str
    key_id: bytes
    blob: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.key_id) != 4:
            raise NoteError("a key id has 4 bytes")

    def __str__(self) -> str:
        return f"— {self.name} {encode_base64(self.key_id + self.blob)}\n"

    @classmethod
    def parse(cls, line: str) -> NoteSignature:
        """Return the signature of one line, given without its newline."""
        found = _LINE.fullmatch(line)
        if found is None:
            raise NoteError("signature line is malformed")
        signature = decode_base64(found["signature"])
        if len(signature) < 5:
            raise NoteError("signature is too short for a key id")
        return cls(found["name"], signature[:4], signature[4:])


class Verifier(Protocol):
    """A key that says whether a signature line on a text is its own and right."""

    @property
    def vkey(self) -> Vkey:
        """The key's public part."""

    def verify(self, text: str, blob: bytes) -> None:
        """Raise `NoteError` unless `blob` is this key's signature on `text`."""


@dataclass(frozen=True)
class NoteVerifier:
    """Checks plain Ed25519 signatures (type 0x01) of one key."""

    vkey: Vkey

    def __post_init__(self) -> None:
        if self.vkey.algorithm is not Algorithm.ED25519:
            raise NoteError(f"{self.vkey.name} is not a key of type 0x01", code="note.vkey")

    def verify(self, text: str, blob: bytes) -> None:
        """Raise `NoteError` unless `blob` is the Ed25519 signature on `text`."""
        self.vkey.check(text.encode(), blob)


@dataclass(frozen=True)
class NoteSigner:
    """Signs notes with an Ed25519 key (type 0x01); the 32-byte secret never shows in logs or reprs."""

    name: str
    secret: bytes = field(repr=False)

    @property
    def vkey(self) -> Vkey:
        """The public part."""
        return Vkey(self.name, Algorithm.ED25519, public_key_of(self.secret))

    def sign(self, text: str) -> NoteSignature:
        """Return the signature line's content for `text`."""
        return NoteSignature(self.name, self.vkey.key_id, sign_ed25519(self.secret, text.encode()))


def public_key_of(secret: bytes) -> bytes:
    """Return the 32-byte Ed25519 public key of a 32-byte secret."""
    if len(secret) != 32:
        raise NoteError("an Ed25519 secret has 32 bytes", code="note.secret")
    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def sign_ed25519(secret: bytes, message: bytes) -> bytes:
    """Return the 64-byte Ed25519 signature of `message`."""
    return Ed25519PrivateKey.from_private_bytes(secret).sign(message)


@dataclass(frozen=True)
class Note:
    """A text that ends in a newline, and its signatures, not yet verified."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n") or _CONTROL.search(self.text):
            raise NoteError("a note's text ends in a newline and has no other control characters")
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise NoteError(f"a note has from 1 to {MAX_SIGNATURES} signatures")

    def __bytes__(self) -> bytes:
        return (self.text + "\n" + "".join(map(str, self.signatures))).encode()

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Return the note in `data`; refuse every byte string that `bytes` does not write."""
        if len(data) > MAX_NOTE_SIZE:
            raise NoteError(f"a note has at most {MAX_NOTE_SIZE} bytes")
        try:
            whole = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise NoteError("a note is UTF-8") from error
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise NoteError("a note is a text, an empty line and signature lines that end in a newline")
        return cls(text + "\n", tuple(NoteSignature.parse(line) for line in lines[:-1].split("\n")))

    def with_signatures(self, *more: NoteSignature) -> Note:
        """Return the note with further signatures; one that is there already is not repeated."""
        return Note(self.text, tuple(dict.fromkeys(self.signatures + more)))


def verified_signatures(note: Note, verifiers: Sequence[Verifier]) -> list[tuple[Vkey, NoteSignature]]:
    """Return the known keys' signatures, in the note's order, one a key; unknown keys are passed over.

    Every signature of a known key must verify, otherwise the whole note is refused. The list may be empty: whoever
    asks says which keys are needed.
    """
    known = {(v.vkey.name, v.vkey.key_id): v for v in verifiers}
    if len(known) != len(set(verifiers)):
        raise NoteError("two different keys share name and id", code="note.vkey")
    found: dict[Vkey, NoteSignature] = {}
    for signature in note.signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is not None:
            verifier.verify(note.text, signature.blob)
            found.setdefault(verifier.vkey, signature)
    return list(found.items())


def open_note(data: bytes, verifiers: Sequence[Verifier]) -> Note:
    """Return the note in `data` if at least one of the keys signed it and none of their signatures is wrong."""
    note = Note.parse(data)
    if not verified_signatures(note, verifiers):
        raise NoteError("no trusted key signed this note", code="note.unsigned")
    return note
