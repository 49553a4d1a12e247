"""How the parts of a city are made from its settings; each function opens one layer on the one below."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx

from api.partners import http_clients, log_partners
from bidding.award.service import RecordsJudge
from bidding.box.close import BoxCloser
from bidding.box.door import Door, DoorKeeper
from bidding.box.evidence import EvidenceDesk
from bidding.box.own import OwnLines
from bidding.box.partners import FederatedCircle
from bidding.box.remote import CityClient
from bidding.box.streams import StreamStore
from bidding.box.watch import TenderWatch
from bidding.opening.bids import BidOpener
from bidding.opening.intake import RecordIntake
from bidding.opening.opened import OpenedRecords
from bidding.opening.reader import BoxReader
from bidding.opening.tasks import OpeningTask
from bidding.opening.witness import OpeningWitness
from bidding.panel.service import PanelService
from bidding.sealing.errors import FormatError
from bidding.sealing.hashing import TDH2_SECP256K1
from bidding.sealing.slip import padding_slip
from bidding.tender.heads import HeadKeeper
from bidding.tender.projection import follow as follow_tenders
from bidding.tender.service import TenderService
from bidding.tender.tasks import TenderContext
from credit.catalogue import shipped as shipped_catalogue
from credit.service import CreditService
from credit.tasks import CreditContext
from credit.tasks import follow as follow_credit
from ledger.acts import Contract
from ledger.chain.client import ChainClient, Finality
from ledger.chain.clock import ChainClock
from ledger.chain.indexer import Indexer
from ledger.chain.latest import LatestCalls
from ledger.chain.sender import ChainSender
from ledger.city import City, CityKeys
from ledger.clock import Clock, SystemClock
from ledger.db import Database
from ledger.eip712 import Domain
from ledger.federation.peers import PeerDirectory
from ledger.federation.verify import ChainNoteKeys, RequestVerifier
from ledger.migrations import upgrade
from ledger.settings import CitySettings, ClockKind
from witness.log.chain import NodeLogChain, RegisteredBox, pace_boxes
from witness.log.node import LogNode
from witness.log.ports import SlipRules
from witness.log.service import PublicLog, SealedLog

LOOK_SECONDS = 2.0
"""How long the sender waits for receipts on a development chain, where they come at once."""


@dataclass(frozen=True)
class ContractDomains:
    """The EIP-712 domains of the contracts that CityRegistry names now."""

    chain_id: int
    addresses: Mapping[str, bytes]

    def domain(self, name: str) -> Domain:
        """Return the domain of a contract by its name."""
        return Domain(self.chain_id, self.addresses[name])

    @classmethod
    async def load(cls, chain: ChainClient) -> ContractDomains:
        """Ask CityRegistry for all of them."""
        return cls(chain.chain_id, {contract.value: await chain.contract(contract.value) for contract in Contract})


@dataclass(frozen=True)
class Foundation:
    """What every other part of a city stands on."""

    settings: CitySettings
    keys: CityKeys
    database: Database
    clock: Clock
    chain: ChainClient
    latest: LatestCalls
    sender: ChainSender
    indexer: Indexer
    domains: ContractDomains
    peers: PeerDirectory
    clients: Mapping[str, httpx.AsyncClient]
    verifier: RequestVerifier
    public_log: PublicLog

    @property
    def city(self) -> City:
        """The city itself."""
        return self.settings.this_city


async def open_foundation(
    settings: CitySettings, transports: Mapping[str, httpx.AsyncBaseTransport], resources: AsyncExitStack
) -> Foundation:
    """Open database, chain and the ways to the partners; `transports` replaces the network to some of them."""
    keys = CityKeys.load(settings.keys_dir)
    await upgrade(settings.database)
    database = Database(settings.database)
    resources.push_async_callback(database.close)
    chain = ChainClient(
        settings.rpc_urls, settings.chain_id, settings.registry, finality=Finality.parse(settings.finality)
    )
    resources.push_async_callback(chain.close)
    await chain.check()
    clock = await _clock(settings, chain)
    peers = PeerDirectory.open(settings, keys.log, clock, transports=transports)
    resources.push_async_callback(peers.close)
    clients = http_clients(settings, transports)
    for client in clients.values():
        resources.push_async_callback(client.aclose)
    look = LOOK_SECONDS if settings.clock is ClockKind.CHAIN else 0.0
    sender, indexer = ChainSender(database, chain, keys.submitter, look_seconds=look), Indexer(database, chain)
    indexer.on_undo(sender.take_back)
    latest = LatestCalls(chain)
    return Foundation(
        settings=settings,
        keys=keys,
        database=database,
        clock=clock,
        chain=chain,
        latest=latest,
        sender=sender,
        indexer=indexer,
        domains=await ContractDomains.load(chain),
        peers=peers,
        clients=clients,
        verifier=RequestVerifier(settings.city, ChainNoteKeys(latest), clock),
        public_log=PublicLog(settings.this_city.public_origin_id),
    )


async def open_logs(base: Foundation) -> LogNode:
    """Return the city's logs, not yet checked against the chain."""
    return LogNode(
        city=base.city,
        keys=base.keys,
        registry=base.domains.domain(Contract.CITY_REGISTRY.value),
        database=base.database,
        clock=base.clock,
        chain=NodeLogChain(base.chain),
        sender=base.sender,
        box=await RegisteredBox.load(base.chain, base.city.sealed_origin_id),
        slips=SlipRules(padding=lambda: padding_slip(secrets.token_bytes), is_point=is_point),
        partners=await log_partners(base.settings, base.chain, base.clients),
    )


def is_point(data: bytes) -> bool:
    """Say whether 33 bytes are a compressed point, as each slip starts with one."""
    try:
        TDH2_SECP256K1.group.decode(data)
    except FormatError:
        return False
    return True


async def _clock(settings: CitySettings, chain: ChainClient) -> Clock:
    if settings.clock is ClockKind.SYSTEM:
        return SystemClock()
    clock = ChainClock(chain)
    await clock.refresh()
    return clock


@dataclass(frozen=True)
class Bidding:
    """The parts of a city that conduct tenders."""

    tenders: TenderContext
    panels: PanelService
    heads: HeadKeeper
    door: Door
    intake: RecordIntake
    closer: BoxCloser
    opening: OpeningTask
    evidence: EvidenceDesk
    cities: tuple[CityClient, ...]


def open_bidding(base: Foundation, logs: LogNode) -> Bidding:
    """Put tenders, door, box and opening together."""
    others = tuple(CityClient(name, client) for name, client in sorted(base.clients.items()))
    own = OwnLines(base.city.name, base.database)
    watch = TenderWatch(base.chain)
    store = StreamStore(base.settings.data_dir / "streams")
    opened = OpenedRecords()
    witness = OpeningWitness(base.city.id32, base.public_log, base.clock)
    intake = RecordIntake(base.database, base.clock, base.chain, witness.record_taken)
    follow_tenders(base.indexer, base.public_log)
    pace_boxes(base.indexer, base.chain)
    return Bidding(
        tenders=_tenders(base, opened),
        panels=PanelService(base.domains, base.public_log, opened),
        heads=HeadKeeper(base.database, base.chain, base.sender, base.public_log),
        door=_door(base, logs, store),
        intake=intake,
        closer=BoxCloser(base.chain, base.sender, base.database, watch, own, others),
        opening=OpeningTask(
            base.database,
            base.chain,
            TenderWatch(base.chain),
            intake,
            BoxReader(base.database, base.chain, base.sender, (own, *others), witness.box_opened),
            BidOpener(base.database, base.clock, base.chain, store, others, witness.bid_opened),
            others,
        ),
        evidence=EvidenceDesk(base.chain),
        cities=others,
    )


def _tenders(base: Foundation, opened: OpenedRecords) -> TenderContext:
    origins = frozenset({base.city.sealed_origin_id})
    service = TenderService(base.domains, base.sender, origins, RecordsJudge(opened))
    return TenderContext(base.database, base.chain, base.clock, base.domains, service, origins)


def _door(base: Foundation, logs: LogNode, store: StreamStore) -> Door:
    city = base.city
    keeper = DoorKeeper(
        city.id32, city.sealed_origin_id, base.keys.receiving, base.domains.domain(Contract.CITY_REGISTRY.value)
    )
    queue = SealedLog(city.sealed_origin_id, logs.box, logs.slips)
    circle = FederatedCircle(base.peers, base.latest, base.clock)
    return Door(keeper, base.database, base.clock, store, queue, circle, base.settings.limits)


def open_credit(base: Foundation) -> CreditContext:
    """Put credit together."""
    service = CreditService(base.domains, base.sender, base.public_log, shipped_catalogue(), base.city.id32)
    follow_credit(base.indexer, service)
    return CreditContext(base.database, base.chain, base.clock, service)
