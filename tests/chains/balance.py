"""Nothing acknowledged is lost or doubled: rows, logs, anchors and the tender are counted against each other."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select

from api.robots.sample import SampleRun
from api.stack.town import TownCity
from bidding.box.models import StoredSlip
from ledger.chain.client import CONTRACTS
from ledger.chain.indexer import events, indexed_block
from ledger.chain.sender import ChainSender, ChainTx, TxStatus
from ledger.outbox import OutboxRow
from tests.chains.living import LivingTown
from tests.chains.pace import until
from witness.log.models import DisclosureRow, EntryRow


async def expect_nothing_lost_or_doubled(living: LivingTown, run: SampleRun) -> None:
    """Catch a moment in which no city has anything to do, and hold all books against the chain and each other."""
    async with _at_rest(living):
        for city in living.town.cities.values():
            await expect_transactions_once(city)
            await expect_events_once(city)
            await _expect_anchors_in_order(city)
            await _expect_records_in_a_row(city, run.conduct.tender)
        await _expect_slips_once(living, run)


@asynccontextmanager
async def _at_rest(living: LivingTown) -> AsyncIterator[None]:
    """Have the cities stand still inside, each with nothing to do: they anchor again and again otherwise."""

    async def caught() -> bool:
        await living.at_rest.acquire()
        if all([await _is_settled(city) for city in living.town.cities.values()]):
            return True
        living.at_rest.release()
        return False

    await until(caught, "all cities at rest")
    try:
        yield
    finally:
        living.at_rest.release()


async def _is_settled(city: TownCity) -> bool:
    """Say whether every message was delivered and every transaction has its receipt under a block that counts."""
    async with city.node.database.reading() as session:
        waiting = await session.scalar(select(func.count()).where(OutboxRow.done.is_(False)))
        unsettled = await session.scalar(select(func.count()).where(ChainTx.final.is_(False)))
        unmined = await ChainSender.unmined(session)
    return (waiting, unsettled, unmined) == (0, 0, 0)


async def expect_transactions_once(city: TownCity) -> None:
    """Every nonce of the submitter carries one transaction of ours, and the chain has all of them and no other."""
    chain, address = city.node.chain, city.node.base.sender.address
    async with city.node.database.reading() as session:
        rows = list(await session.scalars(select(ChainTx).order_by(ChainTx.nonce)))
    assert [row.nonce for row in rows] == list(range(len(rows)))
    assert await chain.transaction_count(address) == len(rows)
    receipts = await chain.receipts([row.tx_hash for row in rows if row.tx_hash])
    for row, receipt in zip(rows, receipts, strict=True):
        assert receipt is not None, row.key
        assert (receipt.block, receipt.block_hash) == (row.block, row.block_hash), row.key
        assert receipt.succeeded == (TxStatus(row.status) is TxStatus.MINED), row.key


async def expect_events_once(city: TownCity) -> None:
    """The city's copy of the contracts' events is what the chain has up to there."""
    chain = city.node.chain
    async with city.node.database.reading() as session:
        end, copied = await indexed_block(session), await events(session)
    assert end is not None
    direct = await chain.logs(CONTRACTS, 0, end)
    assert [(e.block_hash, e.index) for e in copied] == [(e.block_hash, e.index) for e in direct]


async def _expect_anchors_in_order(city: TownCity) -> None:
    """Each anchor of a log is larger than the one before; the box has some, the public log if it has entries."""
    chain, own = city.node.chain, city.node.base.city
    found = await chain.logs(["AnchorRegistry"], 0, (await chain.block()).number, events=["Anchored"])
    for origin in (own.public_origin_id, own.sealed_origin_id):
        sizes = [log.args["size"] for log in found if log.args["origin"] == origin]
        async with city.node.database.reading() as session:
            is_empty = await session.scalar(select(func.count()).where(EntryRow.origin == origin)) == 0
        assert is_empty or sizes, "a log without an anchor"
        assert sizes == sorted(set(sizes))
        assert await chain.call("AnchorRegistry", "count", origin) == len(sizes)


async def _expect_records_in_a_row(city: TownCity, tender: bytes) -> None:
    """The public log has the tender's events once each, without a gap."""
    async with city.node.database.reading() as session:
        query = select(DisclosureRow.seq).filter_by(tender=tender, origin=city.node.base.city.public_origin_id)
        numbers = sorted(number for number in await session.scalars(query) if number is not None)
    assert len(set(numbers)) == len(numbers)
    assert not numbers or numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def _expect_slips_once(living: LivingTown, run: SampleRun) -> None:
    """Every slip that was acknowledged lies in two cities at least, once in a box, and is explained as listed."""
    sent = [a for bidder in run.bidders.values() for a in bidder.device.journal(run.conduct.tender).sent()]
    slips = [a.slip for a in sent if a.slip is not None and a.read_json("acknowledgements.json")]
    assert len(slips) == len(sent)
    kept, boxed = Counter[bytes](), Counter[bytes]()
    for city in living.town.cities.values():
        async with city.node.database.reading() as session:
            kept.update(await session.scalars(select(StoredSlip.slip).where(StoredSlip.slip.in_(slips))))
            own = EntryRow.origin == city.node.base.city.sealed_origin_id
            boxed.update(await session.scalars(select(EntryRow.entry).where(own, EntryRow.entry.in_(slips))))
    assert all(kept[slip] >= 2 for slip in slips)
    assert all(boxed[slip] == 1 for slip in slips)
    for name in living.town.cities:
        shown = await (await living.stage.api(name=name)).get(f"{run.conduct.path}/explain")
        verdicts = {slip["slip"]: slip["reason"] for slip in shown["slips"]}
        assert {verdicts["0x" + hashlib.sha256(slip).hexdigest()] for slip in slips} == {"listed"}
