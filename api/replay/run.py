"""Drive a network through tenders on record, a batch of them at a time.

The tenders of a batch have one deadline, so that they share the ticks of the box, the windows and the cities' rounds;
each is announced, bid for, opened, evaluated, decided and verified by itself. Nothing of a batch is kept here once
its bundles are verified; what grows with the number of tenders is told in docs/performance.md.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import shutil
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from api.replay.memory import give_back
from api.replay.record import RecordedTender
from api.replay.report import Award, Failure, Outcome
from api.robots.record import LOT, RecordRun
from api.robots.stage import Stage
from bidding.evaluation.domain import NoAward, Ranking
from ledger.acts import Envelope
from ledger.errors import SunbidError
from ledger.keyring import write_private
from witness.audit.verify import Verdict, verify

logger = logging.getLogger(__name__)

BATCH = 24
"""Tenders under way at once."""

HAND_INS = 6
"""Tenders whose bidders hand in at once: more, and partners in the same process answer each other too late."""

TICK_SECONDS, TICK_SLIPS = 60, 16
SPARE_TICKS = 6
"""Ticks of the box beyond those that the bids fill, for witnesses to sign, devices to look, and the robots' reserve."""

_PLAIN_NAME = re.compile(r"\w[\w.() -]{0,59}")

CRASHED = "replay.crashed"
"""A step that ended with something that is no refusal: the log has where."""

Progress = Callable[[str], None]
"""Told the name of each step that a tender has taken."""


@dataclass(frozen=True)
class Fetched:
    """A tender's bundle as its city gave it, with the verdict of the pinned trust file on it."""

    content: bytes
    verdict: Verdict


@dataclass(kw_only=True)
class ReplayRun(RecordRun):
    """One tender of a batch with what came out so far."""

    sample: RecordedTender
    listed: int = 0
    opened: int = 0
    outcome: Ranking | NoAward | None = None
    fetched: Fetched | None = None

    async def hand_in_turn(self, turn: asyncio.Semaphore) -> None:
        """Have every bidder on record hand in, when it is this tender's turn."""
        async with turn:
            await self.hand_in()

    async def open_all(self) -> None:
        """Wait until the committee opened every bid, sign the record, and count what the city shows."""
        await self.record_opening()
        bids = await self.conduct.bids(LOT, Envelope.PRICE)
        self.listed, self.opened = len(bids), sum(bid["status"] == "opened" for bid in bids)

    async def decide(self) -> None:
        """Have the panel find what the record says it found, and the tenderer decide as the report says."""
        report, self.outcome = await self.evaluate()
        await self.award(report, self.outcome)

    async def fetch(self) -> None:
        """Fetch the public bundle once the tender's last events are on the chain, and verify it offline."""
        content = await self.stage.bundle(self.conduct)
        self.fetched = Fetched(content, await asyncio.to_thread(verify, content, self.stage.around.trust))

    async def result(self, bundles: Path | None) -> Outcome:
        """Return what came out, with the award as the city shows it; write the bundle if a folder is given."""
        assert self.fetched is not None
        verdict, path = self.fetched.verdict, None
        if bundles is not None:
            path = bundles / bundle_name(self.sample.contract)
            await asyncio.to_thread(write_private, path, self.fetched.content)
        no_award = self.outcome if isinstance(self.outcome, NoAward) else None
        return Outcome(
            contract=self.sample.contract,
            bids=len(self.sample.bids),
            sealed=self.listed,
            opened=self.opened,
            rejected=self.sample.rejected,
            award=await self._award(),
            reason=no_award.reason.text if no_award else None,
            expected=self.sample.expected,
            bundle=str(path) if path else None,
            verified=verdict.ok and verdict.tender == self.conduct.tender,
            problems=tuple(f"{claim.code}: {claim.problem}" for claim in verdict.failed),
        )

    async def _award(self) -> Award | None:
        """Return the award as the city shows it, with the price that the report ranks the winner by."""
        winner = (await self.conduct.lot(LOT))["winner"]
        if winner is None or not isinstance(self.outcome, Ranking):
            return None
        chosen = next(c for c in self.outcome.candidates if "0x" + c.bidder.hex() == winner)
        return Award(self.names[chosen.bidder], format(chosen.price.amount, "f"), chosen.price.currency)


def bundle_name(contract: str) -> str:
    """Return the name of a contract's bundle: the contract's own where that is a plain file name, else its hash."""
    is_plain = _PLAIN_NAME.fullmatch(contract)
    return (contract if is_plain else hashlib.sha256(contract.encode()).hexdigest()) + ".zip"


@dataclass
class _Played:
    """One tender of a batch: its run once it is announced, what came out once it ended, well or badly."""

    sample: RecordedTender
    run: ReplayRun | None = None
    ended: Outcome | None = None

    def fail(self, step: str, code: str, reason: str) -> None:
        """End the tender with what came out so far and why it goes no further."""
        self.ended = Outcome(
            contract=self.sample.contract,
            bids=len(self.sample.bids),
            sealed=self.run.listed if self.run else 0,
            opened=self.run.opened if self.run else 0,
            rejected=self.sample.rejected,
            award=None,
            reason=None,
            expected=self.sample.expected,
            bundle=None,
            verified=False,
            error=Failure(code, f"step {step!r}: {reason}"),
        )


@dataclass(frozen=True)
class Replay:
    """A replay on a stage whose pulse is shared; `bundles` is where bundles are written, if anywhere."""

    stage: Stage
    bundles: Path | None = None
    batch: int = BATCH
    progress: Progress = field(default=lambda _: None)

    async def run(self, tenders: Iterable[RecordedTender], ended: Callable[[Outcome], None]) -> None:
        """Tell `ended` what came out of each tender, in order, batch by batch.

        A tender that cannot go on is told with its reason, and the others go on. Whatever ends the replay itself, those
        that had ended are told before it is raised.
        """
        waiting = iter(tenders)
        while batch := list(islice(waiting, self.batch)):
            played = [_Played(sample) for sample in batch]
            try:
                await self._play(played)
            finally:
                for one in played:
                    if one.ended is not None:
                        ended(one.ended)
                shutil.rmtree(self.stage.folder / "devices", ignore_errors=True)
                give_back()

    async def _play(self, batch: Sequence[_Played]) -> None:
        async with AsyncExitStack() as resources:
            stage = replace(self.stage, resources=resources)
            await self._announce(stage, batch)
            turn = asyncio.Semaphore(HAND_INS)
            await self._step("hand in", batch, lambda run: run.hand_in_turn(turn))
            if announced := [one.run for one in batch if one.run]:
                await stage.pulse.advance_to(await announced[0].deadline() - (SPARE_TICKS - 1) * TICK_SECONDS)
            await self._step("in the box", batch, ReplayRun.wait_until_in_time)
            await self._step("close", batch, ReplayRun.close)
            await self._step("open", batch, ReplayRun.open_all)
            await self._step("decide", batch, ReplayRun.decide)
            await self._together("verify", batch, self._verify)

    async def _announce(self, stage: Stage, batch: Sequence[_Played]) -> None:
        """Announce all tenders of the batch, with so many ticks until their deadline as their bids need."""
        bids = sum(len(one.sample.bids) for one in batch)
        ticks = -(-bids // TICK_SLIPS) + SPARE_TICKS
        deadline = await stage.pulse.now() + ticks * TICK_SECONDS

        async def announce(played: _Played) -> None:
            played.run = await ReplayRun.announce(stage, played.sample, played.sample.pack, deadline=deadline)

        await self._together("announce", batch, announce)

    async def _verify(self, played: _Played) -> None:
        assert played.run is not None
        await played.run.fetch()
        played.ended = await played.run.result(self.bundles)

    async def _step(self, name: str, batch: Sequence[_Played], step: Callable[[ReplayRun], Awaitable[None]]) -> None:
        async def take(played: _Played) -> None:
            assert played.run is not None
            await step(played.run)

        await self._together(name, batch, take)

    async def _together(self, name: str, batch: Sequence[_Played], step: Callable[[_Played], Awaitable[None]]) -> None:
        """Let all tenders that have not ended take a step at once; one that cannot ends here, with its reason."""

        async def one(played: _Played) -> None:
            try:
                await step(played)
            except SunbidError as error:
                played.fail(name, error.code, error.message)
            except Exception as error:  # whatever it is, it is this tender's: hours of others must not go with it
                logger.exception("contract %s, step %r", played.sample.contract, name)
                played.fail(name, CRASHED, repr(error))
            self.progress(name)

        await asyncio.gather(*(one(played) for played in batch if played.ended is None))
