"""A city asks its partners for what opens bids: what only one of them took comes to all, once, and not too often."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
import pytest

from bidding.box.book import BookState
from bidding.device.device import Device
from bidding.opening.intake import RecordIntake
from bidding.opening.tasks import OpeningTask
from bidding.sealing.device import opening_of
from ledger.acts import Act, BidOpening, Envelope, digest
from tests.fixtures.town import Square

PRICE = Envelope.PRICE


@dataclass
class Stopwatch:
    """A monotonic clock that only the test moves."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Listening(httpx.AsyncBaseTransport):
    """The way to a city, on which every question for an opening is noted."""

    inner: httpx.AsyncBaseTransport
    asked: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/opening"):
            self.asked.append(request.url.path)
        return await self.inner.handle_async_request(request)


async def open_prices(square: Square, *bidders: str) -> list[Device]:
    """Take a tender with these bids to the opening of prices, for which the holders do nothing any more."""
    devices = [await square.device(name) for name in bidders]
    for device in devices:
        await device.submit(square.tender, 0, PRICE, square.price("CNY 100.00"))
    await square.near_deadline()
    deadline = (await square.at()).view.deadline
    for seconds in (1, 4, 8, 12):
        await square.town.advance_to(deadline + seconds)
        while await work(square):
            pass
    assert (await square.at()).view.state is BookState.LISTED
    return devices


async def work(square: Square) -> bool:
    """Let every city do what is due, and every holder until there is a list; return whether anything moved."""
    moved = False
    for city in square.town.cities.values():
        for task in city.worker.tasks:
            moved |= await task.run(city.node)
        if (await square.at()).view.state < BookState.LISTED:
            moved |= await city.holder.step()
    return moved


async def publish(square: Square, device: Device, only: str) -> None:
    """Publish r of a device's bid in one city alone, as if the others had refused it."""
    facts, journal = await device._facts(await device._proven(square.tender)), device.journal(square.tender)
    [attempt] = journal.sent()
    assert attempt.body is not None
    header_hash, r = opening_of(attempt.body, facts, journal.seed)
    act = BidOpening(square.tender, header_hash, r)
    signature = device.signer.key.sign(digest(act, facts.registry_domain))
    [city] = [city.reading for city in device.cities if city.name == only]
    await city.post_record(square.tender, act, signature, chain=device.signer.papers.to_json())


async def statuses(square: Square, city: str) -> list[tuple[str, bool]]:
    """Return what a city shows of every bid: its status, and whether its bidder opened it."""
    envelopes = (await square.shown("opening", city))["envelopes"]
    assert isinstance(envelopes, list)
    return sorted((bid["status"], bid["openedByBidder"]) for envelope in envelopes for bid in envelope["bids"])


@dataclass
class Asking:
    """Nanjing's opening task with a clock of the test's, what it asks Hefei, and what it takes of the answers."""

    task: OpeningTask
    clock: Stopwatch
    hefei: Listening
    taken: list[str]

    @classmethod
    def watch(cls, square: Square, monkeypatch: pytest.MonkeyPatch) -> Asking:
        """Watch Nanjing from here on; what it asked before does not count."""
        wire, clock, taken = square.town.wires["hefei"], Stopwatch(), list[str]()
        assert wire.app is not None
        wire.app = hefei = Listening(wire.app)
        task = square.town.cities["nanjing"].node.bidding.opening
        monkeypatch.setattr(task, "_monotonic", clock)
        monkeypatch.setattr(task, "_ask_at", {})
        take = RecordIntake.take

        async def noting(intake: RecordIntake, act: Act, signature: bytes) -> None:
            taken.append(act.name())
            await take(intake, act, signature)

        monkeypatch.setattr(RecordIntake, "take", noting)
        return cls(task, clock, hefei, taken)

    async def after(self, seconds: float) -> tuple[bool, int, list[str]]:
        """Let Nanjing work so much later; return whether anything moved, how often it asked, and what it took."""
        self.clock.seconds += seconds
        asked, taken = len(self.hefei.asked), len(self.taken)
        moved = await self.task.run()
        return moved, len(self.hefei.asked) - asked, self.taken[taken:]


async def test_what_one_city_took_opens_the_bid_everywhere(square: Square, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, _ = await open_prices(square, "ann", "bob")
    for city in square.town.cities:
        assert await statuses(square, city) == [("not_opened", False)] * 2
    await publish(square, ann, only="hefei")
    nanjing = Asking.watch(square, monkeypatch)
    square.town.wires["luan"].app = None  # a partner that is away holds nobody up

    assert await nanjing.after(0) == (True, 1, ["BidOpening"])
    assert await statuses(square, "nanjing") == [("not_opened", False), ("not_opened", True)]
    # The stream is at hand, so the bid opens; the other one is asked for again, but not before two seconds are over.
    assert await nanjing.after(1.9) == (True, 0, [])
    assert await statuses(square, "nanjing") == [("not_opened", False), ("opened", True)]
    assert await nanjing.after(0.05) == (False, 0, [])
    assert await nanjing.after(0.1) == (False, 1, [])  # what is known is not taken again
    assert await nanjing.after(1.9) == (False, 0, [])


async def test_a_city_to_which_nothing_is_shut_asks_nobody(square: Square, monkeypatch: pytest.MonkeyPatch) -> None:
    [ann] = await open_prices(square, "ann")
    await publish(square, ann, only="hefei")
    nanjing = Asking.watch(square, monkeypatch)
    assert await nanjing.after(0) == (True, 1, ["BidOpening"])
    assert await nanjing.after(60) == (True, 0, [])
    assert await statuses(square, "nanjing") == [("opened", True)]
    assert await nanjing.after(60) == (False, 0, [])
    luan = square.town.cities["luan"].node.bidding.opening
    monkeypatch.setattr(luan, "_ask_at", {})
    assert await luan.run()
    assert await luan.run()
    assert await statuses(square, "luan") == [("opened", True)]
