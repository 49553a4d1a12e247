"""Ports of this machine for servers that are started, killed and started again in their old place.

The system gives the ports from 32768 on (Linux; 49152 by RFC 6335) to outgoing connections. A server that was promised
one of those may find any client there, before its first start or while it is down. Ports below are given to nobody.
"""

from __future__ import annotations

import errno
import secrets
import socket

from ledger.errors import SunbidError

FIRST_PORT, LAST_PORT = 18_000, 32_767
_TRIES = 1_000


class NoFreePortError(SunbidError):
    """This machine has hardly a port left to listen on."""

    code = "loopback.ports"


def free_ports(count: int) -> list[int]:
    """Return so many different loopback ports on which nobody listens now."""
    probes: list[socket.socket] = []
    try:
        for _ in range(_TRIES):
            if len(probes) == count:
                break
            probes += _probe(FIRST_PORT + secrets.randbelow(LAST_PORT - FIRST_PORT + 1))
        else:
            raise NoFreePortError(f"no {count} ports from {FIRST_PORT} to {LAST_PORT} are free: end what listens there")
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def free_port() -> int:
    """Return a loopback port on which nobody listens now."""
    return free_ports(1)[0]


def _probe(port: int) -> list[socket.socket]:
    """Return a socket that holds the port, none if somebody else does."""
    probe = socket.socket()
    try:
        probe.bind(("127.0.0.1", port))
    except OSError as error:
        probe.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return []
    return [probe]
