"""`sunbid doctor`: what is wrong with a city's node, and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from api.cli.app import single
from api.cli.connect import run
from api.cli.output import console, print_json
from api.doctor.examine import Doctor
from api.doctor.finding import Finding, Level

_SIGNS = {Level.WELL: "[green]✓[/]", Level.WARNING: "[yellow]![/]", Level.WRONG: "[bold red]✗[/]"}


def doctor(
    folder: Annotated[Path, typer.Argument(help="The city's data folder, with city.json in it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    chinese: Annotated[bool, typer.Option("--zh", help="中文输出。")] = False,
) -> None:
    """Examine a node from the outside, changing nothing; exit 1 if something needs a person now."""
    found = run(Doctor(folder, asyncio.sleep).examine())
    bad = [finding for finding in found if finding.level is Level.WRONG]
    if as_json:
        print_json({"ok": not bad, "findings": [finding.to_json() for finding in found]})
    else:
        _show(found, len(bad), chinese=chinese)
    if bad:
        raise typer.Exit(1)


def _show(found: Sequence[Finding], bad: int, *, chinese: bool) -> None:
    for finding in found:
        text = finding.zh if chinese else finding.en
        console.print(f"{_SIGNS[finding.level]} {escape(text)} [dim]{finding.code}[/]", highlight=False, soft_wrap=True)
    if chinese:
        console.print(f"{bad} 项需要立即处理" if bad else "节点正常", style="bold")
    else:
        console.print(f"{bad} matters need a person now" if bad else "the node is well", style="bold")


COMMANDS = {"doctor": single(doctor)}
