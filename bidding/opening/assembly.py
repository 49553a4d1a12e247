"""Door, closing and opening of one city, put together; the composition root supplies what they stand on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bidding.box.close import BoxCloser
from bidding.box.door import Door, DoorKeeper, PartnerCircle
from bidding.box.own import OwnLines
from bidding.box.remote import CityClient
from bidding.box.streams import StreamStore
from bidding.box.watch import TenderWatch
from bidding.opening.bids import BidOpener
from bidding.opening.intake import RecordIntake
from bidding.opening.opened import OpenedRecords
from bidding.opening.reader import BoxReader, Submitter
from bidding.opening.tasks import OpeningTask
from bidding.opening.witness import OpeningWitness
from ledger.chain.client import ChainClient
from ledger.city import City
from ledger.clock import Clock
from ledger.db import Database
from ledger.eip712 import Domain
from ledger.keys import SigningKey
from ledger.settings import Limits
from witness.log.service import PublicLog, SealedLog


@dataclass(frozen=True)
class Ground:
    """What a city's bidding stands on; `others` are the partner cities' public HTTP surfaces."""

    city: City
    receiving: SigningKey
    registry: Domain
    database: Database
    clock: Clock
    chain: ChainClient
    sender: Submitter
    public_log: PublicLog
    sealed_log: SealedLog
    partners: PartnerCircle
    others: Sequence[CityClient]
    streams: Path
    limits: Limits
    first_block: int = 0


@dataclass(frozen=True)
class BoxServices:
    """The services: `door` takes uploads, `intake` takes records; `closer` and `opening` are tasks (`run`)."""

    door: Door
    intake: RecordIntake
    closer: BoxCloser
    opening: OpeningTask
    opened: OpenedRecords


def assemble(ground: Ground) -> BoxServices:
    """Return the services of one city."""
    database, clock, chain = ground.database, ground.clock, ground.chain
    store = StreamStore(ground.streams)
    keeper = DoorKeeper(ground.city.id32, ground.city.sealed_origin_id, ground.receiving, ground.registry)
    own = OwnLines(ground.city.name, database)
    watch = TenderWatch(chain, ground.first_block)
    witness = OpeningWitness(ground.city.id32, ground.public_log, clock)
    intake = RecordIntake(database, clock, chain)
    reader = BoxReader(database, chain, ground.sender, (own, *ground.others), witness.box_opened)
    opener = BidOpener(database, clock, chain, store, ground.others, witness.bid_opened)
    return BoxServices(
        Door(keeper, database, clock, store, ground.sealed_log, ground.partners, ground.limits),
        intake,
        BoxCloser(chain, ground.sender, database, watch, own, ground.others),
        OpeningTask(database, chain, watch, intake, reader, opener, ground.others),
        OpenedRecords(),
    )
