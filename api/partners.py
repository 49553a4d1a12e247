"""Who the partner cities are, as the chain says: their log keys, and how to reach them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

import httpx

from ledger.chain.answers import ChainStateError
from ledger.chain.client import REGISTRY, ChainClient
from ledger.city import City
from ledger.settings import CitySettings
from witness.log.ports import Partner
from witness.log.transport import HttpTransport


class _NoteKeyKind(IntEnum):
    """CityRegistry's number for what an Ed25519 key is for."""

    LOG = 1
    WITNESS = 2


def http_clients(
    settings: CitySettings, transports: Mapping[str, httpx.AsyncBaseTransport] | None = None
) -> dict[str, httpx.AsyncClient]:
    """Return an HTTP client for each peer by name; `transports` replaces the network for some of them."""
    deadline = settings.peer_deadline_seconds
    return {
        name: httpx.AsyncClient(base_url=url, timeout=deadline, transport=(transports or {}).get(name))
        for name, url in settings.peers.items()
    }


async def log_partners(
    settings: CitySettings, chain: ChainClient, clients: Mapping[str, httpx.AsyncClient]
) -> tuple[Partner, ...]:
    """Return the peers with the Ed25519 keys that CityRegistry registered for them; refuse a peer without any."""
    head = await chain.final_block()
    added = await chain.logs([REGISTRY], 0, head.number, events=["NoteKeyAdded"])
    keys = {(log.args["city"], log.args["kind"]): log.args["key"] for log in added}
    return tuple(
        Partner(city, _key(keys, city, _NoteKeyKind.LOG), _key(keys, city, _NoteKeyKind.WITNESS), HttpTransport(client))
        for city, client in ((settings.city_named(name), clients[name]) for name in sorted(clients))
    )


def _key(keys: Mapping[tuple[bytes, int], bytes], city: City, kind: _NoteKeyKind) -> bytes:
    try:
        return keys[city.id32, kind]
    except KeyError as error:
        raise ChainStateError(f"CityRegistry knows no {kind.name.lower()} key of {city.name}: register it") from error
