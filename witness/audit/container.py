"""The bundle's container: a ZIP file with exactly one form for given members, so that no bit in it is free.

Members are sorted by name and stored without compression, with the date 1980-01-01, fixed attributes, no extra fields
and no comments. A reader takes the members out, builds the container again and compares every byte: nothing can hide
in a header, between members or behind the end.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Final

from ledger.errors import SunbidError

MAX_MEMBERS: Final = 20_000
MAX_SIZE: Final = 2 << 30
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}(?:/[a-z0-9][a-z0-9._-]{0,127}){0,3}", re.ASCII)
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_MODE: Final = 0o100644 << 16
_LOCAL_HEADER: Final = 30
"""Octets of a local file header before the name (APPNOTE.TXT, 4.3.7)."""


class ContainerError(SunbidError):
    """Bytes that are not the canonical container of any members."""

    code = "bundle.malformed"


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return the one container of these members; names are lower-case ASCII paths of at most four parts."""
    for name in members:
        if not _NAME.fullmatch(name):
            raise ContainerError("a member's name is a short path of lower-case letters, digits, . _ -", member=name)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = _UNIX
            info.external_attr = _MODE
            archive.writestr(info, members[name], zipfile.ZIP_STORED)
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the members; refuse every container that `pack` would not write, to the bit."""
    if len(data) > MAX_SIZE:
        raise ContainerError(f"a bundle has at most {MAX_SIZE} bytes", size=len(data))
    try:
        members = _read(data)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise ContainerError(f"this is not a bundle, or it is damaged: {error}") from error
    if pack(members) != data:
        raise ContainerError("the container is not canonical: something was added to it or changed in it")
    return members


def _read(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_MEMBERS:
            raise ContainerError(f"a bundle has at most {MAX_MEMBERS} members", members=len(entries))
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ContainerError("members are stored as they are, not compressed")  # so no decompressor meets them
        if sum(entry.file_size for entry in entries) > len(data):
            raise ContainerError("the members claim to be larger than the bundle")
    members = {entry.filename: _content(data, entry) for entry in entries}
    if len(members) != len(entries):
        raise ContainerError("two members have one name")
    return members


def _content(data: bytes, entry: zipfile.ZipInfo) -> bytes:
    """Return a member's octets from where they are in the one container; in any other `unpack` finds a difference."""
    start = entry.header_offset + _LOCAL_HEADER + len(entry.filename)
    return data[start : start + entry.file_size]
