from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bidding.box.book import BookState
from bidding.box.watch import TenderWatch
from tests.fixtures.box import BookViews, b32


class Chain(BookViews):
    """Announcements by block; only final ones are to be read."""

    def __init__(self, announced: dict[int, str], *known: str) -> None:
        super().__init__({b32(name): BookState.ANNOUNCED for name in known})
        self.announced, self.final, self.ranges = announced, 0, list[tuple[int, int]]()

    async def final_block(self) -> Any:
        return SimpleNamespace(number=self.final)

    async def logs(self, contracts: Any, start: int, end: int, *, events: Any) -> list[Any]:
        assert (list(contracts), list(events)) == (["TenderBook"], ["Announced"])
        self.ranges.append((start, end))
        return [SimpleNamespace(args={"tender": b32(n)}) for b, n in self.announced.items() if start <= b <= end]


BLOCK: Any = SimpleNamespace(number=10, timestamp=500)


async def test_each_block_is_looked_through_once() -> None:
    chain = Chain({3: "one", 8: "two"}, "one", "two")
    watch = TenderWatch(chain, first_block=2)
    for final, expected in ((1, set()), (5, {b32("one")}), (5, {b32("one")}), (9, {b32("one"), b32("two")})):
        chain.final = final
        assert {t.tender for t in await watch.tenders(BLOCK)} == expected
    assert chain.ranges == [(2, 5), (6, 9)]


async def test_what_ended_is_forgotten_until_somebody_asks() -> None:
    chain = Chain({1: "one", 2: "reorganised away"}, "one")
    chain.final = 5
    watch = TenderWatch(chain)
    assert [t.tender for t in await watch.tenders(BLOCK)] == [b32("one")]
    watch.forget(b32("one"))
    assert await watch.tenders(BLOCK) == []
    watch.look_after([b32("one")])
    assert len(await watch.tenders(BLOCK)) == 1
