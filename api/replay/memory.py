"""What a long run asks of the C library's allocator, so that its memory does not grow with the number of tenders.

Python returns what it frees, glibc keeps it: in a heap for each thread, of which SQLite has one a connection, and in
holes between what is still used. Elsewhere than under glibc nothing happens here.
"""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8
"""mallopt(3)'s number for how many heaps there are at most."""


def share_one_heap() -> None:
    """Have all threads that start from now on allocate from one heap."""
    if set_option := getattr(ctypes.CDLL(None), "mallopt", None):
        set_option(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Give the pages of all holes back to the system."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
