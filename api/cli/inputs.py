"""How commands read what a person types and the files that it names; nothing here needs a network."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import orjson

from ledger import canonical
from ledger.chain.evidence.trust import TrustFile
from ledger.clock import to_unix
from ledger.errors import SunbidError
from ledger.identity import Uscc

_ID = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)


class InputError(SunbidError):
    """Something that was typed or a file that was named cannot be used."""

    code = "input.malformed"


def load_trust(path: Path) -> TrustFile:
    """Return the trust file at `path`."""
    return TrustFile.from_bytes(read_file(path))


def read_file(path: Path) -> bytes:
    """Return the bytes of a file; refuse one that cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", code="file.unreadable") from error


def read_canonical(path: Path, max_size: int) -> bytes:
    """Return the canonical bytes of a JSON file, however it is spaced; refuse what is no JSON."""
    try:
        return canonical.dumps(orjson.loads(read_file(path)), max_size=max_size)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path} is not JSON: {error}.", code="file.malformed") from error


def read_id(text: str, what: str) -> bytes:
    """Return 32 bytes of hex."""
    if not _ID.fullmatch(text):
        raise InputError(f"{what} is 0x and 64 hexadecimal digits, not {text!r}.", code="input.id")
    return bytes.fromhex(text[2:])


def read_organisation(text: str) -> bytes:
    """Return an organisation's id from its unified social credit code, or from the id itself."""
    return bytes.fromhex(text[2:]) if _ID.fullmatch(text) else Uscc(text.strip().upper()).organisation_id


def read_moment(text: str) -> int:
    """Return unix seconds of an ISO 8601 moment with its zone, or of a plain number of seconds."""
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no moment: write 2026-01-31T09:30+08:00.", code="input.moment") from error
    if moment.tzinfo is None:
        raise InputError(f"{text!r} names no time zone: write 2026-01-31T09:30+08:00.", code="input.moment")
    return to_unix(moment)
