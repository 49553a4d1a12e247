"""Set the stage for robots on a founded network: with its processes, or on a town in one process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx

from api.assembly import ContractDomains
from api.robots.bidder import Surroundings, http_to
from api.robots.people import Registrar
from api.robots.pulse import Pulse
from api.robots.stage import Stage, Tell
from api.stack.network import SUPERVISION, Stack
from ledger.chain.client import ChainClient, Finality
from ledger.chain.clock import ChainClock
from ledger.chain.evidence.trust import TrustFile
from ledger.city import City, CityKeys
from ledger.clock import SystemClock
from ledger.identity import organisation_id
from ledger.settings import CitySettings, ClockKind


@asynccontextmanager
async def open_stage(
    stack: Stack,
    pulse: Pulse,
    folder: Path,
    *,
    city: str = "luan",
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
    tell: Tell | None = None,
) -> AsyncIterator[Stage]:
    """Yield a stage on which tenders are announced at `city`; robots keep their things in `folder`.

    Robots ask the nodes that this city asks, and follow the same time.
    """
    async with AsyncExitStack() as resources:
        settings = CitySettings.load(stack.city_folder(city))
        finality = Finality.parse(settings.finality)
        chain = await resources.enter_async_context(
            ChainClient(settings.rpc_urls, settings.chain_id, settings.registry, finality=finality)
        )
        clock = ChainClock(chain) if settings.clock is ClockKind.CHAIN else SystemClock()
        domains = await ContractDomains.load(chain)
        keys = CityKeys.load(settings.keys_dir)
        trust = TrustFile.from_bytes(stack.trust_path.read_bytes())
        around = Surroundings(trust, tuple(stack.cities), http_to(stack.cities, transports), chain, clock)
        yield Stage(
            city=city,
            cities=tuple(stack.cities),
            origins={name: City(name, f"{name}.sunbid.example").sealed_origin_id for name in stack.cities},
            domains=domains,
            registrar=Registrar(keys.issuer, domains, await pulse.now() - 60),
            pulse=pulse,
            around=around,
            folder=folder,
            seal_key=stack.seal_key_id,
            box_keys=list(stack.box_key_ids),
            supervision=organisation_id(SUPERVISION[city]),
            resources=resources,
            tell=tell or (lambda _: None),
        )
