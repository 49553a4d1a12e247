"""Ports are free, different, and none that the system gives to clients."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ledger.loopback import FIRST_PORT, LAST_PORT, NoFreePortError, free_port, free_ports

DYNAMIC = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_all_differ_and_can_be_listened_on() -> None:
    found = free_ports(50)
    assert len(set(found)) == 50
    assert all(FIRST_PORT <= port <= LAST_PORT for port in found)
    with socket.socket() as server:
        server.bind(("127.0.0.1", found[0]))


@pytest.mark.skipif(not DYNAMIC.exists(), reason="only Linux says which ports it gives to clients")
def test_no_client_is_given_one_of_them() -> None:
    lowest = int(DYNAMIC.read_text().split()[0])
    assert lowest > LAST_PORT


def test_one_that_is_taken_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, free = free_ports(2)
    drawn = iter([taken - FIRST_PORT, free - FIRST_PORT])
    monkeypatch.setattr("secrets.randbelow", lambda _: next(drawn))
    with socket.socket() as server:
        server.bind(("127.0.0.1", taken))
        assert free_port() == free


def test_a_machine_without_a_free_port_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = free_port()
    monkeypatch.setattr("secrets.randbelow", lambda _: taken - FIRST_PORT)
    with socket.socket() as server:
        server.bind(("127.0.0.1", taken))
        with pytest.raises(NoFreePortError, match="end what listens"):
            free_port()
