"""What the demonstration shows: a sample, the credit that follows, a query with a city down, and the full tender."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape

from api.cli.picture import Picture, Step
from api.robots.authority import AuthorityRobot
from api.robots.full import FullRun
from api.robots.run import TenderRun
from api.robots.sample import SampleRun
from api.robots.stage import Stage
from api.stack.network import Stack
from api.stack.supervisor import RunFolder
from bidding.tender.samples import Sample
from credit.catalogue import shipped
from ledger.chain.evidence.trust import TrustFile
from ledger.errors import SunbidError
from witness.audit.credit_query import CreditQuery, QueryVerdict, judge
from witness.audit.report import summary, verdict_lines
from witness.audit.verify import Verdict, verify

DOWN = "nanjing"
"""The city that is taken away to show a query with one city down."""


class DemonstrationError(SunbidError):
    """What was shown is not what should have come out."""

    code = "demo.failed"


@dataclass(frozen=True)
class Demonstration:
    """Robots on a running network, with a picture in the terminal."""

    console: Console
    run: RunFolder
    stack: Stack
    stage: Stage

    # --- the sample ---------------------------------------------------------------------------------------------

    async def sample(self, sample: Sample) -> bytes:
        """Act out a sample, verify its bundle and compare award and record; return the winner's organisation."""
        with Picture(self.console, f"Sunbid 阳光标 · {sample.title['en']}") as picture:
            self.stage.tell = picture.say
            picture.step(Step.ANNOUNCE)
            run = await SampleRun.announce(self.stage, sample)
            picture.say(f"tender 0x{run.conduct.tender.hex()}")
            picture.step(Step.SUBMIT)
            await run.hand_in()
            await run.replace_one()
            await run.withdraw_one()
            picture.step(Step.BOX)
            await run.wait_until_in_time()
            picture.step(Step.CLOSE)
            await run.close()
            picture.step(Step.OPEN)
            await run.open_own([bid.bidder for bid in sample.bids[:2]])
            await run.record_opening()
            picture.step(Step.EVALUATE)
            report, outcome = await run.evaluate()
            picture.step(Step.AWARD)
            winner = await run.award(report, outcome)
            picture.say(f"award to {winner}; on record: {sample.winner}")
            if winner != sample.winner:
                raise DemonstrationError("The award is not the one on record.", winner=winner, record=sample.winner)
            picture.step(Step.VERIFY)
            verdict = await self._verified(run)
        self._show_verdict(verdict)
        return run.bidders[winner].party.organisation

    async def _verified(self, run: TenderRun) -> Verdict:
        """Fetch the tender's bundle as a citizen would, and verify it with the trust file alone."""
        tender = run.conduct.tender.hex()
        content = await run.stage.bundle(run.conduct)
        path = self.run.folder / "bundles" / f"{tender}.zip"
        path.parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(path.write_bytes, content)
        verdict = await asyncio.to_thread(verify, content, await self._trust())
        self.stage.tell(f"{path.name}: {len(content):,} bytes. {summary(verdict)}")
        if not verdict.ok:
            raise DemonstrationError("The bundle does not verify.", failed=[claim.code for claim in verdict.failed])
        return verdict

    async def _trust(self) -> TrustFile:
        return TrustFile.from_bytes(await asyncio.to_thread(self.stack.trust_path.read_bytes))

    def _show_verdict(self, verdict: Verdict) -> None:
        for line in verdict_lines(verdict):
            self.console.print(escape(line), highlight=False, soft_wrap=True)

    # --- credit and the query of all cities ---------------------------------------------------------------------

    async def credit_and_query(self, subject: bytes) -> None:
        """Reward a company, take it back, and ask all cities about it while one of them is down."""
        self.console.rule("Credit and cross-city query · 信用与跨城查询")
        authority = await AuthorityRobot.enter(self.stage)
        before = await authority.score(subject)
        decision = await authority.reward(subject, "performance-excellent", "Excellent performance of the contract.")
        after = await authority.score(subject)
        self._say(f"rewarded: {before} → {after} points (decision 0x{decision.hex()[:16]}…)")
        await authority.revoke(subject, decision, "The performance report was withdrawn.")
        self._say(f"revoked: back to {await authority.score(subject)} points; both entries stay on the ledger")
        await self._take_down(DOWN)
        verdict = await self._ask_all(subject)
        for city in verdict.cities:
            self._say(f"{city.city}: {city.status}" + (f" · {city.problem}" if city.problem else ""))
        self.run.marker(DOWN).unlink()
        await self._until_answers(DOWN, up=True)
        self._say(f"{DOWN} is back")

    async def _ask_all(self, subject: bytes) -> QueryVerdict:
        city = await self.stage.api()
        answer = await city.get(f"/v1/query/credit/0x{subject.hex()}")
        return judge(CreditQuery.from_json(answer), await self._trust(), shipped())

    async def _take_down(self, name: str) -> None:
        self.run.marker(name).touch()
        await self._until_answers(name, up=False)
        self._say(f"{name} is taken down; asking all cities about the company:")

    async def _until_answers(self, name: str, *, up: bool) -> None:
        city = await self.stage.api(name=name)

        async def reached() -> bool:
            try:
                await city.get("/healthz")
            except SunbidError:
                return not up
            return up

        await self.stage.pulse.until(reached, f"{name} {'up' if up else 'down'}")

    def _say(self, text: str) -> None:
        self.console.print(f"   {escape(text)}", highlight=False, soft_wrap=True)

    # --- the full tender ----------------------------------------------------------------------------------------

    async def full(self) -> None:
        """Act out the tender with everything that can happen to one, and verify its bundle."""
        self.console.rule("Two lots, three envelopes, and all that can happen · 双标段三信封")
        self.stage.tell = self._say
        run = await FullRun.announce(self.stage)
        steps: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = run.steps()
        for number, (title, step) in enumerate(steps, 1):
            self.console.print(f"[bold]{number:>2}/{len(steps)}[/] {escape(title)}", highlight=False)
            await step()
        self._show_verdict(await self._verified(run))
