"""`sunbid demo`: a real tender from notice to verified award, on an embedded network that is left running."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.cli.app import single
from api.cli.show import Demonstration
from api.robots.pulse import LivePulse
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
        bool, typer.Option("--full", help="Then a second tender, with everything that can happen.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Stop the network at the end.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the network's data lie; what was there is removed.")] = FOLDER,
) -> None:
    """Take a real tender from notice to verified award, and leave the site running."""
    chosen = load_sample(SAMPLES / f"{sample}.json")
    run = RunFolder(folder.resolve())
    run.stop()
    shutil.rmtree(run.folder, ignore_errors=True)
    console.print("Starting a chain, three cities and three key-holders, each a process of its own.", soft_wrap=True)
    run.start_detached()
    try:
        asyncio.run(_perform(run, chosen, full))
    except BaseException:
        run.stop()
        raise
    if once:
        run.stop()
        return
    _where_to_look(Stack.load(run.folder))


async def _perform(run: RunFolder, sample: Sample, full: bool) -> None:
    stack = Stack.load(run.folder)
    devnet = Devnet(stack.rpc_url, stack.deployment.chain_id)
    try:
        async with open_stage(stack, LivePulse(devnet), run.folder / "robots") as stage:
            show = Demonstration(console, run, stack, stage)
            winner = await show.sample(sample)
            await show.credit_and_query(winner)
            if full:
                await show.full()
    finally:
        await devnet.close()


def _where_to_look(stack: Stack) -> None:
    console.print("\n[bold green]✓[/] The site is running. Look at:")
    for name, url in stack.cities.items():
        console.print(f"   {name:<11} {url}/?lang=en", soft_wrap=True)
    console.print(f"   trust file  {stack.trust_path}", soft_wrap=True)
    console.print(f"   stop it     .venv/bin/sunbid down --folder {stack.folder}", soft_wrap=True)


COMMANDS = {"demo": single(demo)}
