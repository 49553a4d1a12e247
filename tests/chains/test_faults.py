"""Validators die, the chain stands still, the network splits and heals: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from api.stack.network import Ground
from bidding.box.book import BookState
from ledger.chain.client import Finality
from ledger.chain.devnet import CHAIN_ID
from ledger.chain.evidence.trust import BlockEvidenceKind
from ledger.settings import ClockKind
from scripts.network.validators import ValidatorNetwork
from tests.chains.balance import expect_nothing_lost_or_doubled
from tests.chains.living import SAMPLE, SCHEDULE, LivingTown, announced, hand_in, open_living
from tests.chains.pace import until
from tests.fixtures.verdicts import verdict_on

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("faults")]

NOTICE_PERIOD = 110
"""Seconds: two validators die and come back in that time, one of them on an empty disk."""

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
