"""Where records stand in a file, at 16 octets a record: a file that only grows is not held in memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator


class Places:
    """Offsets by key, sorted by the key's last 8 octets: keys are hashes, so that few share them."""

    def __init__(self) -> None:
        self._keys = array("Q")
        self._offsets = array("Q")

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: bytes, offset: int) -> None:
        """Note that a record under this key, of 8 octets or more, begins at `offset`."""
        place = bisect_left(self._keys, _short(key))
        self._keys.insert(place, _short(key))
        self._offsets.insert(place, offset)

    def of(self, key: bytes) -> Iterator[int]:
        """Yield where records stand that may be the key's; whoever reads them looks whether they are."""
        place = bisect_left(self._keys, _short(key))
        while place < len(self._keys) and self._keys[place] == _short(key):
            yield self._offsets[place]
            place += 1


def _short(key: bytes) -> int:
    return int.from_bytes(key[-8:], "big")
