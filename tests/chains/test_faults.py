"""Validators die, the chain stands still, the network splits and heals: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from api.stack.network import Ground
from bidding.box.book import BookState
from ledger.chain.client import ChainClient, Finality
from ledger.chain.devnet import CHAIN_ID
from ledger.chain.evidence import clique
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.chain.evidence.trust import BlockEvidenceKind
from ledger.chain.indexer import Indexer, events
from ledger.chain.sender import ChainSender, TxOutcome, TxStatus
from ledger.db import Database
from ledger.keys import SigningKey
from ledger.settings import ClockKind
from scripts.network.validators import Validator, ValidatorNetwork
from tests.chains.balance import expect_nothing_lost_or_doubled
from tests.chains.living import SAMPLE, SCHEDULE, LivingTown, announced, hand_in, open_living
from tests.chains.nets import Net
from tests.chains.pace import until, within
from tests.chains.site import Site
from tests.fixtures.verdicts import verdict_on

pytestmark = pytest.mark.cluster

NOTICE_PERIOD = 110
"""Seconds: two validators die and come back in that time, one of them on an empty disk."""

TRIES = 15
TURN_SECONDS = 6.0
"""A validator that may seal does so after a second, or a second and a half more if it is not its turn."""

DEADLOCK_SECONDS = 30.0
"""Three Clique signers whose blocks crossed may each have signed lately on a fork of its own: the fourth frees them."""

STILL_SECONDS = 4
"""Blocks come every second: a chain without a new one for so long stands still."""


@pytest.fixture
def validators(tmp_path: Path) -> Iterator[ValidatorNetwork]:
    """Four validators: the first three are the cities' own, the fourth the province's."""
    with ValidatorNetwork.create(tmp_path / "validators") as network:
        yield network


def ground_on(network: ValidatorNetwork) -> Ground:
    """Each city asks its own validator first, then its partners'."""
    v1, v2, v3, _ = network.urls
    nodes = {"luan": (v1, v2, v3), "hefei": (v2, v3, v1), "nanjing": (v3, v1, v2)}
    finality = Finality(network.depth)
    return Ground(CHAIN_ID, nodes, finality, BlockEvidenceKind.CLIQUE, network.signers, ClockKind.SYSTEM, SCHEDULE)


async def befalls(act: Callable[[], None]) -> None:
    """Let something befall the validators while the cities go on working."""
    await asyncio.to_thread(act)


def height(network: ValidatorNetwork) -> int:
    """Return the latest block of any validator."""
    return max(validator.height() for validator in network.running)


async def goes_on(network: ValidatorNetwork, blocks: int = 3) -> None:
    """Return when the chain has grown by so many blocks."""
    start = height(network)

    async def grown() -> bool:
        return height(network) >= start + blocks

    await until(grown, f"{blocks} blocks after {start}")


async def stands_still(network: ValidatorNetwork) -> int:
    """Return the height at which the chain stands still, once it does."""
    last = [height(network)]

    async def still() -> bool:
        await asyncio.sleep(STILL_SECONDS)
        last.append(height(network))
        return last[-1] == last[-2]

    await until(still, "a chain that stands still")
    return last[-1]


async def anchored_size(living: LivingTown, city: str) -> int:
    """Return how much of a city's sealed log the chain knows."""
    origin = living.stage.origins[city]
    size: int = (await living.stage.around.chain.call("AnchorRegistry", "last", origin))[0]
    return size


@dataclass
class Submitter:
    """What a city has on its own validator alone: its sender, and indexes of those who wait for finality or do not."""

    chain: ChainClient
    sender: ChainSender
    database: Database
    careful: Indexer
    hasty: Indexer
    hasty_database: Database

    async def work(self) -> None:
        """Let everything run once."""
        await self.sender.run()
        await self.careful.run()
        await self.hasty.run()

    async def outcome(self, key: str) -> TxOutcome:
        """Return what is known of a transaction."""
        async with self.database.reading() as session:
            found = await ChainSender.outcome(session, key)
        assert found is not None
        return found

    async def anchor(self, site: Site, key: str) -> None:
        """Submit the next anchor of Lu'an's public log and hand it to the validator."""
        call, _ = await site.growth(self.chain, "luan")
        async with self.database.unit_of_work() as session:
            await self.sender.submit(session, "AnchorRegistry", "anchor", call, key=key)
        await self.sender.run()


@asynccontextmanager
async def submitter_on(site: Site, url: str, folder: Path) -> AsyncIterator[Submitter]:
    async with AsyncExitStack() as resources:
        registry, chain_id = site.deployment.city_registry, site.net.chain_id
        careful, hasty = [
            await resources.enter_async_context(ChainClient([url], chain_id, registry, finality=finality))
            for finality in (site.net.finality, Finality(0))
        ]
        databases = [Database(f"sqlite+aiosqlite:///{folder / name}.sqlite3") for name in ("careful", "hasty")]
        for database in databases:
            resources.push_async_callback(database.close)
            await database.create_all()
        sender = ChainSender(databases[0], careful, site.cities["luan"].keys.submitter)
        indexers = [Indexer(d, c) for d, c in zip(databases, (careful, hasty), strict=True)]
        indexers[0].on_undo(sender.take_back)
        yield Submitter(careful, sender, databases[0], indexers[0], indexers[1], databases[1])


async def sealed_alone(network: ValidatorNetwork, city: Submitter, site: Site) -> str:
    """Have validator 1 seal an anchor of its city in a block that no other has; return the anchor's key.

    A signer sits out two blocks after its own: it gets the transaction then, and is cut off before its next turn. Where
    it was faster than that, the network heals and it is tried again.
    """
    own, others = network.validators[0], network.validators[1]
    for attempt in range(TRIES):
        key = f"anchor-{attempt}"
        await until(partial(_has_just_sealed, city.chain, own.key.address), "a block of validator 1")
        sealed = own.height()
        await city.anchor(site, key)
        await until(partial(_has_block, own, sealed + 2), "two blocks of the others")
        await befalls(lambda: network.partition(1))
        if await within(TURN_SECONDS, partial(_is_mined, city, key)):
            at = (await city.outcome(key)).block or 0
            went_on = await within(DEADLOCK_SECONDS, partial(_has_block, others, at))
            if went_on and own.block_hash(at) != others.block_hash(at):
                return key
        await befalls(network.heal)
        await until(partial(_is_final, city, key), "the anchor final")
    raise AssertionError("validator 1 never sealed a block of its own")


async def _has_just_sealed(chain: ChainClient, address: bytes) -> bool:
    return clique.signer(BlockHeader.from_rpc((await chain.block()).raw)) == address


async def _has_block(validator: Validator, number: int) -> bool:
    return validator.height() >= number


async def _is_mined(city: Submitter, key: str) -> bool:
    await city.work()
    return (await city.outcome(key)).block is not None


async def _is_final(city: Submitter, key: str) -> bool:
    await city.work()
    return (await city.outcome(key)).final


@pytest.mark.xdist_group("partition")
async def test_what_a_partition_sealed_and_lost_is_anchored_again(validators: ValidatorNetwork, tmp_path: Path) -> None:
    kind, finality = BlockEvidenceKind.CLIQUE, Finality(validators.depth)
    net = Net("clique", validators.urls, CHAIN_ID, finality, kind, validators.signers, SigningKey.generate())
    site = await Site.found(net)
    async with submitter_on(site, validators.urls[0], tmp_path) as city:
        key = await sealed_alone(validators, city, site)
        forked = await city.outcome(key)
        assert (forked.status, forked.final) == (TxStatus.MINED, False)
        assert forked.tx_hash in await anchored_in(city.hasty_database)
        assert forked.tx_hash not in await anchored_in(city.database)
        lost = validators.validators[0].block_hash(forked.block or 0)

        await befalls(validators.heal)
        await until(partial(_is_final, city, key), "the anchor under a block that counts")
        await until(partial(_has_all, city, forked.tx_hash), "both indexes")

        found = await city.outcome(key)
        assert (found.status, found.tx_hash) == (TxStatus.MINED, forked.tx_hash)
        await befalls(lambda: _agree_on(validators, found.block or 0))
        assert lost not in {validator.block_hash(forked.block or 0) for validator in validators.validators}
        count = await city.chain.call("AnchorRegistry", "count", site.cities["luan"].city.public_origin_id)
        for database in (city.database, city.hasty_database):
            seen = await anchored_in(database)
            assert len(set(seen)) == len(seen) == count


def _agree_on(network: ValidatorNetwork, number: int) -> None:
    """Return when all validators have the same block at this height."""

    def same() -> bool:
        found = {validator.block_hash(number) for validator in network.validators}
        return len(found) == 1 and None not in found

    network.until(same, f"one block {number} on all validators")


async def _has_all(city: Submitter, tx_hash: bytes | None) -> bool:
    await city.work()
    return all([tx_hash in await anchored_in(database) for database in (city.database, city.hasty_database)])


async def anchored_in(database: Database) -> list[bytes]:
    """Return the transactions of the anchors that an index has, in its order."""
    async with database.reading() as session:
        return [event.tx_hash for event in await events(session, event="Anchored")]


@pytest.mark.xdist_group("faults")
async def test_a_tender_outlives_its_validators(validators: ValidatorNetwork, tmp_path: Path) -> None:
    async with open_living(tmp_path / "town", ground_on(validators)) as living:
        run = await announced(living, NOTICE_PERIOD)

        await befalls(lambda: validators.kill(4))
        await hand_in(run, 0, "hefei")
        await goes_on(validators)

        await befalls(lambda: validators.kill(1))
        at = await stands_still(validators)
        before = await anchored_size(living, "luan")
        await hand_in(run, 1, "luan")
        await hand_in(run, 2, "nanjing")
        assert height(validators) == at

        await befalls(lambda: validators.bring_back(4))
        await anchored_through_a_partner(living, before)
        assert not validators.validators[0].process.is_running

        await befalls(lambda: validators.bring_back(1, empty=True))
        await run.wait_until_in_time()
        await living.restart("luan")
        await living.through(run.conduct.tender, BookState.CLOSING)
        async with split(validators, 1):
            await goes_on(validators, 2)

        await living.through(run.conduct.tender, BookState.LISTED)
        await run.record_opening()
        winner = await run.award(*await run.evaluate())
        verdict = await verdict_on(living.stage, run.conduct)
        await expect_nothing_lost_or_doubled(living, run)

    assert winner == SAMPLE.winner
    assert verdict.ok, verdict.failed
    validators.until(validators.agree, "one chain on all validators")


async def anchored_through_a_partner(living: LivingTown, before: int) -> None:
    """Return when Lu'an's own transactions have anchored its box further, without its own validator."""

    async def grown() -> bool:
        return await anchored_size(living, "luan") > before

    await until(grown, "Lu'an's box anchored")


@asynccontextmanager
async def split(network: ValidatorNetwork, *numbers: int) -> AsyncIterator[None]:
    """Cut these validators off inside, and connect them again at the end."""
    await befalls(lambda: network.partition(*numbers))
    try:
        yield
    finally:
        await befalls(network.heal)
