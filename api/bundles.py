"""Making bundles in a running city: what `witness.audit.collect` needs, from the node's parts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from api.node import CityNode
from api.query import attestations_of
from api.trust import trust_file
from bidding.box.remote import CityClient
from bidding.box.streams import StreamStore
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.chain.evidence.state import attestations_by_pinned
from ledger.chain.evidence.trust import TrustFile
from ledger.errors import SunbidError
from witness.audit.bundle import Bundle
from witness.audit.collect import Collector
from witness.audit.collect_log import NotLoggedError
from witness.audit.own_lines import OwnLinesAhead
from witness.audit.parts import Profile
from witness.log.anchor_repository import AnchorRepository
from witness.log.note import Vkey
from witness.log.policy import Policy


async def make_bundle(node: CityNode, tender: bytes, profile: Profile, *, with_box: bool) -> Bundle:
    """Return the bundle of a tender that this city conducts.

    Raises `bundle.not_yet` while its last events are on their way to the chain, and hurries them. Only so many are made
    at once: more would hold all connections to the database, each waiting for another one.
    """
    try:
        async with node.bundling:
            return await collector_of(node).collect(tender, profile, with_box=with_box)
    except NotLoggedError:
        async with node.database.unit_of_work() as session:
            await AnchorRepository(session).press(node.base.city.public_origin_id)
        raise


def collector_of(node: CityNode) -> Collector:
    """Return the collector of one bundle of a city; what counts as evidence is what its own trust file says."""
    trust = trust_file(node.settings)

    async def attestations(header: BlockHeader) -> tuple[bytes, ...]:
        return attestations_by_pinned(trust, header, await attestations_of(node, header.number))

    own = OwnLinesAhead(node.base.city.name, node.database)
    cities = node.bidding.cities
    return Collector(
        node.database,
        node.chain,
        trust.evidence,
        node.base.public_log,
        (own, *cities),
        KeptStreams(StreamStore(node.settings.data_dir / "streams"), cities),
        policy_for(trust, node.base.city.public_origin),
        attestations,
    )


def policy_for(trust: TrustFile, log: str) -> Policy:
    """Return the policy for the log with this origin line: its key, the other cities' witnesses, how many must sign."""
    keys = [Vkey.parse(key) for city in trust.cities for key in city.logs]
    [key] = [key for key in keys if key.name == log]
    others = [city for city in trust.cities if str(key) not in city.logs]
    return Policy.of([key], [Vkey.parse(city.cosigner) for city in others], trust.cosignatures)


@dataclass(frozen=True)
class KeptStreams:
    """Streams from this city's store, or from another city's into it."""

    store: StreamStore
    others: Sequence[CityClient]

    async def read(self, head: bytes, length: int) -> bytes | None:
        """Return a stream whole, None if no city has it; `length` counts payload octets."""
        path = self.store.path(head)
        for city in self.others:
            if await asyncio.to_thread(path.exists):
                break
            try:
                await self.store.receive(head, length, city.stream(head))
            except SunbidError:
                continue  # the next city may have it; a bundle without it names the bid that cannot be opened
        return await asyncio.to_thread(path.read_bytes) if path.exists() else None
