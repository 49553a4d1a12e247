"""A full disk has a name: what did not fit was not kept, and whoever sent it is told so."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ledger.errors import SunbidError

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class StorageFullError(SunbidError):
    """The disk, a quota or a limit takes no more; nothing of this request was kept."""

    code = "storage.full"


NO_ROOM = "This city's disk is full, so nothing of this was kept or acknowledged. Try another city, or again later."


@contextmanager
def need_room() -> Iterator[None]:
    """Raise `StorageFullError` where a file inside does not fit any more; other failures pass."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFullError(NO_ROOM) from error
        raise
