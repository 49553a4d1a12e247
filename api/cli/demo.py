"""`sunbid demo`: a real tender from notice to verified award, on an embedded network that is left running."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.cli.app import single
from api.cli.picture import Picture, Step
from api.robots.pulse import LivePulse
from api.robots.sample import SampleRun
from api.robots.stage import Stage
from api.stack.network import Stack
from api.stack.stage import open_stage
from api.stack.supervisor import RunFolder
from bidding.tender.samples import Sample, load_sample
from ledger.chain.devnet import Devnet

FOLDER = Path("var/demo")
SAMPLES = Path(__file__).parents[2] / "samples"
console = Console()


def demo(
    sample: Annotated[str, typer.Option(help="Which of the real tenders in samples/.")] = "OP00029774",
    full: Annotated[
        bool, typer.Option(help="Then a second tender: two lots, three envelopes, and all the rest.")
    ] = False,
    once: Annotated[bool, typer.Option(help="Stop the network at the end instead of leaving it running.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the network's data lie; what was there is removed.")] = FOLDER,
) -> None:
    """Take a real tender from notice to verified award, and leave the site running."""
    chosen = load_sample(SAMPLES / f"{sample}.json")
    run = RunFolder(folder.resolve())
    run.stop()
    shutil.rmtree(run.folder, ignore_errors=True)
    console.print("Starting a chain, three cities and three key-holders, each a process of its own …")
    run.start_detached()
    try:
        asyncio.run(_perform(run, chosen, full))
    except BaseException:
        run.stop()
        raise
    if once:
        run.stop()


async def _perform(run: RunFolder, sample: Sample, full: bool) -> None:
    stack = Stack.load(run.folder)
    devnet = Devnet(stack.rpc_url, stack.deployment.chain_id)
    try:
        async with open_stage(stack, LivePulse(devnet), run.folder / "robots") as stage:
            await Demonstration(run, stack, stage).sample(sample)
            if full:
                await Demonstration(run, stack, stage).full()
    finally:
        await devnet.close()
    _where_to_look(stack)


@dataclass
class Demonstration:
    """One run of robots with its picture."""

    run: RunFolder
    stack: Stack
    stage: Stage

    async def sample(self, sample: Sample) -> None:
        """Act out a sample and compare the award with the record."""
        title = f"Sunbid 阳光标 · {sample.title['en']}"
        with Picture(console, title) as picture:
            self.stage.tell = picture.say
            picture.step(Step.ANNOUNCE)
            run = await SampleRun.announce(self.stage, sample)
            picture.say(f"tender 0x{run.conduct.tender.hex()}")
            picture.step(Step.SUBMIT)
            await run.hand_in()
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
            same = "the same as" if winner == sample.winner else "NOT the same as"
            picture.say(f"award to {winner}: {same} on record ({sample.winner})")


def _where_to_look(stack: Stack) -> None:
    console.print("\n[bold green]✓[/] The site is running. Look at:")
    for name, url in stack.cities.items():
        console.print(f"   {name:<8} {url}/?lang=en")
    console.print(f"   trust file  {stack.trust_path}")
    console.print(f"   stop it     sunbid down --folder {stack.folder}")


COMMANDS = {"demo": single(demo)}
