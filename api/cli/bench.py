"""`sunbid bench`: the hot paths, each as a ratio to its bare baseline measured in the same run."""

from __future__ import annotations

import asyncio
import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from api.cli.app import single
from api.cli.output import console
from ledger.errors import SunbidError

if TYPE_CHECKING:
    from scripts.bench.run import Report


class BenchError(SunbidError):
    """Benchmarks need what an installed package does not bring: a PostgreSQL of their own and a development chain."""

    code = "bench.source"


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="A few small rounds: the form, not the figures.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON (docs/performance.md).")] = False,
) -> None:
    """Measure the hot paths against the bare work that each of them cannot do without, on PostgreSQL.

    Path and baseline run in turn, so that a busy machine slows both; see docs/performance.md for what is compared.
    """
    if find_spec("scripts") is None:
        raise BenchError("Benchmarks run from the source tree: clone it, run `make setup`, then `make bench`.")
    from scripts.bench.run import QUICK, WHOLE, run  # noqa: PLC0415 - only the source tree has it

    report = asyncio.run(run(QUICK if quick else WHOLE))
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=2))
    else:
        _show(report)


def _show(report: Report) -> None:
    table = Table("path", "what", "baseline", "seconds", "x baseline", "aim")
    for one in report.comparisons:
        aim = f"{one.case.aim:.2f}" if one.case.aim else ""
        table.add_row(one.case.name, one.case.what, one.case.baseline, f"{one.seconds:.4f}", f"{one.ratio:.2f}", aim)
    console.print(table)
    if report.replayed is None:
        return
    shares = Table("package", "share of the replay's time")
    for package, share in report.replayed.profile.shares_at.items():
        shares.add_row(package, f"{share:.1%}")
    console.print(shares)


COMMANDS = {"bench": single(bench)}
