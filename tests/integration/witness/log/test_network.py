"""Three cities write, follow and cosign each other's logs over HTTP."""

from __future__ import annotations

from tests.fixtures.logs import LogNetwork, slip_of
from witness.log.event import Event
from witness.log.kinds import ActorRole, Kind
from witness.log.service import LogReader

TENDER = b"\x07" * 32


def event(number: int, **others: object) -> Event:
    return Event(Kind.NOTICE_PUBLISHED, number, ActorRole.TENDERER, tender=TENDER, **others)


async def test_everything_is_signed_by_everybody(log_network: LogNetwork) -> None:
    luan = log_network["luan"]
    await log_network.work()
    async with luan.node.database.unit_of_work() as session:
        for number in range(3):
            await luan.public.append(session, event(number))
    await luan.take("bid")
    log_network.at(60)
    await log_network.work()
    async with luan.node.database.reading() as session:
        reader = LogReader(session)
        for origin in (luan.node.city.public_origin_id, luan.origin):
            note = await reader.checkpoint(origin)
            assert note is not None
            assert {s.name for s in note.signatures} >= {
                "hefei.sunbid.example/witness",
                "nanjing.sunbid.example/witness",
            }
        signed = await reader.box_checkpoint(luan.origin, 4)
    assert len({s.city for s in signed}) == 3
    assert slip_of("bid") in await luan.slips()
    for other in ("hefei", "nanjing"):
        assert await log_network[other].slips(luan.origin) == await luan.slips()
