"""Unit tests reach no network: a test that opens a socket fails and says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """Refuse sockets; an event loop's own pair of them is local to the process."""
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
