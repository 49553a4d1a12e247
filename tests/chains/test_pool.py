"""Accepted is not mined: a pool drops what it took, and everything is mined once all the same, in the same bytes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sqlalchemy import select

from ledger.chain.client import ChainClient
from ledger.chain.direct import Outgoing, send_all
from ledger.chain.sender import ChainSender, ChainTx, TxStatus
from ledger.db import Database
from ledger.keys import SigningKey
from tests.chains.dropping import DroppingNode, dropping_before
from tests.chains.nets import Net
from tests.chains.pace import until
from tests.chains.site import Site
from tests.fixtures.people import key_named

COUNT = 12
NOWHERE = bytes(19) + b"\x98"


def client_of(net: Net, site: Site, url: str) -> ChainClient:
    return ChainClient([url], net.chain_id, site.deployment.city_registry, finality=net.finality)


def expect_dropped_and_sent_again(node: DroppingNode, hashes: list[bytes]) -> None:
    """Half was dropped once; all was passed on once, for what a node has it is not sent again."""
    assert len(node.dropped) == len(hashes) // 2
    assert set(node.dropped) < set(hashes)
    assert Counter(node.taken) == Counter(hashes)


async def test_tools_send_again_what_was_dropped(net: Net, site: Site) -> None:
    key = SigningKey.generate()
    wanted = [Outgoing(key, NOWHERE, bytes([number]), 60_000, "Nowhere.nothing") for number in range(COUNT)]
    async with dropping_before(net.urls) as (url, node), client_of(net, site, url) as client:
        receipts = await send_all(client, wanted)
        assert await client.transaction_count(key.address) == COUNT
    assert all(receipt.succeeded for receipt in receipts)
    expect_dropped_and_sent_again(node, [receipt.tx_hash for receipt in receipts])


async def test_a_citys_sender_sends_again_what_was_dropped(net: Net, site: Site, tmp_path: Path) -> None:
    """The contract refuses a stranger's anchors: what counts is that each of them has its receipt."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'drops.sqlite3'}")
    await database.create_all()
    key = key_named(SigningKey.generate().address.hex())
    async with dropping_before(net.urls) as (url, node), client_of(net, site, url) as client:
        sender = ChainSender(database, client, key)
        async with database.unit_of_work() as session:
            for number in range(COUNT):
                call = (site.cities["luan"].city.public_origin_id, 10_000 + number, bytes(32), (), ())
                await sender.submit(session, "AnchorRegistry", "anchor", call, key=f"{number:03}")

        async def all_final() -> bool:
            await sender.run()
            async with database.reading() as session:
                return all(await session.scalars(select(ChainTx.final)))

        await until(all_final, f"{COUNT} transactions under blocks that count")
        assert await client.transaction_count(key.address) == COUNT
    async with database.reading() as session:
        rows = list(await session.scalars(select(ChainTx).order_by(ChainTx.nonce)))
    await database.close()
    assert [row.nonce for row in rows] == list(range(COUNT))
    assert {row.status for row in rows} == {TxStatus.REVERTED.value}
    expect_dropped_and_sent_again(node, [row.tx_hash for row in rows if row.tx_hash])
