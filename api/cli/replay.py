"""`sunbid replay`: tenders from public records, acted out from notice to verified award, with a report."""

from __future__ import annotations

import asyncio
import math
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, assert_never

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api.cli.app import single
from api.cli.output import console, done, say, warn
from api.replay.memory import share_one_heap
from api.replay.network import open_replay_stage
from api.replay.record import RecordedTender, RecordError
from api.replay.report import Outcome, ReportWriter, Totals, open_report
from api.replay.run import Replay
from api.replay.tsuchiura import read_tsuchiura
from api.replay.worldbank import read_worldbank
from ledger.keyring import write_private
from ledger.settings import TRUST_FILE

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended: 128 + SIGINT."""


class SourceName(StrEnum):
    """The records that a replay can read."""

    WORLDBANK = "worldbank"
    TSUCHIURA = "tsuchiura"

    @property
    def read(self) -> Callable[[Path], Iterator[RecordedTender]]:
        """The reader of this source's folder."""
        match self:
            case SourceName.WORLDBANK:
                return read_worldbank
            case SourceName.TSUCHIURA:
                return read_tsuchiura
            case _:
                assert_never(self)


def replay(
    folder: Annotated[Path, typer.Argument(help="The folder that holds the source's bids.csv.")],
    source: Annotated[SourceName, typer.Option(help="Whose records these are.")] = SourceName.WORLDBANK,
    limit: Annotated[int | None, typer.Option(min=1, help="How many tenders at most, in the file's order.")] = None,
    contract: Annotated[str | None, typer.Option(help="Only this contract (worldbank) or auction (tsuchiura).")] = None,
    report: Annotated[Path | None, typer.Option(help="Where to write the report, as JSON.")] = None,
    bundles: Annotated[Path | None, typer.Option(help="Where to write every tender's bundle, and trust.json.")] = None,
) -> None:
    """Replay real tenders: robots of every role drive three cities over HTTP, and every bundle is verified offline.

    The cities and their key-holders run in this process, each with its own database, on a chain of their own (anvil);
    requests go through their HTTP interface without sockets. A tender that cannot come to its end is reported with its
    reason, and the others go on; whatever happens, also Ctrl-C, the report holds what ended and the totals. Exit 0 only
    if every bid was opened and every bundle verifies.
    """
    tenders = list(islice((t for t in source.read(folder) if contract in {None, t.contract}), limit))
    if not tenders:
        raise RecordError(f"{folder} has no contract {contract}" if contract else f"{folder} has no tenders")
    share_one_heap()
    start = time.monotonic()
    with open_report(report) as writer:
        try:
            asyncio.run(_perform(tenders, writer, bundles))
        except KeyboardInterrupt:
            warn("Interrupted: this is what had ended.")
            raise typer.Exit(INTERRUPTED) from None
        finally:
            writer.finish(math.ceil(time.monotonic() - start), peak_rss_mib())
            is_whole = _show(writer.totals)
    if not is_whole:
        raise typer.Exit(1)


async def _perform(tenders: list[RecordedTender], writer: ReportWriter, bundles: Path | None) -> None:
    with tempfile.TemporaryDirectory(prefix="sunbid-replay-") as folder, _progress() as progress:
        bar = progress.add_task("founding", total=len(tenders))
        async with open_replay_stage(Path(folder), len(tenders)) as stage:
            if bundles is not None:
                write_private(bundles / TRUST_FILE, stage.around.trust.to_bytes() + b"\n")
            driver = Replay(stage, bundles, progress=lambda step: progress.update(bar, description=step))

            def ended(outcome: Outcome) -> None:
                writer.add(outcome)
                _tell(outcome)
                progress.advance(bar)

            await driver.run(tenders, ended)


def _progress() -> Progress:
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


def _tell(outcome: Outcome) -> None:
    if outcome.error is not None:
        warn(f"{outcome.contract}  {outcome.error.code}: {outcome.error.message}")
        return
    award = outcome.award
    what = f"{award.bidder}, {award.currency} {award.price}" if award else f"no award: {outcome.reason}"
    agrees = {True: "as on record", False: "on record: " + ", ".join(outcome.expected), None: "no award on record"}
    say(f"{outcome.contract}  {outcome.bids} bids  {what}  ({agrees[outcome.agrees]})")
    for problem in outcome.problems:
        warn(problem)


def _show(totals: Totals) -> bool:
    """Print the sums and return whether nothing was lost and everything verifies."""
    text = (
        f"{totals.verified} of {totals.tenders} bundles verified; {totals.opened} of {totals.bids} bids opened; "
        f"{totals.agree} awards as on record, {totals.disagree} others"
    )
    (done if totals.is_whole else warn)(text)
    return totals.is_whole


def peak_rss_mib() -> int:
    """Return the most memory that this process, in which all cities run, ever held, in MiB rounded up."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return math.ceil(peak / (1024 * 1024 if sys.platform == "darwin" else 1024))


COMMANDS = {"replay": single(replay)}
