"""`python -m scripts.chaos [--kills N] [--tenders N] [--seed N] [--report FILE] [--json]`: see `scripts.chaos.run`.

A seed that failed is run again by naming it; the logs of a run that failed are kept.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ledger.errors import SunbidError
from scripts.chaos.monkey import Kill
from scripts.chaos.report import report_of
from scripts.chaos.run import Chaos, Show, Survived, survive


class Screen:
    """Shows how far a run is; where nobody watches a terminal, each event is a line."""

    def __init__(self, console: Console, chaos: Chaos) -> None:
        self.kills: list[Kill] = []
        self._console = console
        self._chaos = chaos
        self._bars = Progress(
            *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
            console=console,
            disable=not console.is_terminal,
        )
        self._phase: TaskID | None = None
        self._deaths: TaskID | None = None

    def run(self, folder: Path) -> Survived:
        """Run it under the bars."""
        with self._bars:
            return asyncio.run(survive(folder, self._chaos, Show(self._begin, self._ended, self._killed)))

    def _begin(self, phase: str) -> None:
        self._console.print(f"seed {self._chaos.seed}: {self._chaos.tenders} tenders {phase}", highlight=False)
        self._phase = self._bars.add_task(f"tenders {phase}", total=self._chaos.tenders)
        if phase != "in peace":
            self._deaths = self._bars.add_task("kills", total=self._chaos.kills)

    def _ended(self, tenders: int) -> None:
        if self._phase is not None:
            self._bars.update(self._phase, completed=tenders)
        if not self._console.is_terminal:
            self._console.print(f"  {tenders} of {self._chaos.tenders} tenders decided and verified", highlight=False)

    def _killed(self, kill: Kill) -> None:
        self.kills.append(kill)
        if self._deaths is not None:
            self._bars.update(self._deaths, completed=len(self.kills), description=f"kills ({kill.name})")
        if not self._console.is_terminal:
            self._console.print(f"  kill {len(self.kills)}: {kill.name} in step {kill.step}", highlight=False)


def main(arguments: list[str]) -> int:
    """Run it, print what was survived, and return the exit code: 1 where it was not."""
    options = _options(arguments)
    chaos = Chaos(options.kills, options.tenders, options.seed)
    console = Console(stderr=options.json)
    screen = Screen(console, chaos)
    folder = Path(tempfile.mkdtemp(prefix="sunbid-chaos-"))
    ended: Survived | SunbidError
    try:
        ended = screen.run(folder)
    except SunbidError as error:
        ended = error
    _print(console, chaos, screen.kills, ended, folder)
    report = orjson.dumps(report_of(chaos, screen.kills, ended), option=orjson.OPT_INDENT_2) + b"\n"
    if options.report:
        options.report.write_bytes(report)
    if options.json:
        sys.stdout.buffer.write(report)
    return 0 if isinstance(ended, Survived) else 1


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.chaos", description=__doc__)
    for name, default in (("kills", Chaos.kills), ("tenders", Chaos.tenders), ("seed", Chaos.seed)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--report", type=Path, help="write the report to this file")
    parser.add_argument("--json", action="store_true", help="print the report, and everything else to standard error")
    return parser.parse_args(arguments)


def _print(console: Console, chaos: Chaos, kills: list[Kill], ended: Survived | SunbidError, folder: Path) -> None:
    report = report_of(chaos, kills, ended)
    for name, times in report["byProcess"].items():
        console.print(f"  {name:<16} killed {times} times", highlight=False)
    told = f"seed {chaos.seed}: {chaos.tenders} tenders, {len(kills)} kills"
    if isinstance(ended, Survived):
        shutil.rmtree(folder)
        seconds = report["seconds"]
        took = f"{seconds['withKills']:.0f} s with kills, {seconds['inPeace']:.0f} s in peace"
        console.print(f"[green]✓[/] {told}, {report['bids']} bids: equal; {took}", highlight=False)
    else:
        console.print(f"[red]✗[/] {told}: {ended.code}", highlight=False)
        console.print(f"  {ended.message}\n  logs: {folder / 'logs'}", markup=False, highlight=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
