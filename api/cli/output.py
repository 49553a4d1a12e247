"""How commands show things: one console, escaped text, moments in Asia/Shanghai."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table

from api.web.format import when
from ledger.claims import Claim

console = Console()


def table(*columns: str, title: str | None = None) -> Table:
    """Return an empty table with these columns; a name that starts with `>` is of numbers."""
    made = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        justify: JustifyMethod = "right" if column.startswith(">") else "left"
        made.add_column(column.removeprefix(">"), justify=justify, overflow="fold")  # an id is never cut short
    return made


def print_json(value: Any) -> None:
    """Print a JSON value for programs: nothing else on standard output."""
    console.file.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def say(text: str) -> None:
    """Print a line that holds what others wrote."""
    console.print(escape(text), highlight=False)


def done(text: str) -> None:
    """Print that something was done."""
    console.print(f"[green]✓[/] {escape(text)}", highlight=False)


def warn(text: str) -> None:
    """Print something to look at."""
    console.print(f"[yellow]![/] {escape(text)}", highlight=False)


def moment(seconds: int | None) -> str:
    """Return a moment in Asia/Shanghai, a dash for none."""
    return when(seconds) or "–"


def print_claims(claims: Iterable[Claim]) -> None:
    """Print claims, one a line, with what failed."""
    for claim in claims:
        sign = "[green]✓[/]" if claim.holds else "[bold red]✗[/]"
        console.print(f"  {sign} {escape(claim.text_en)} [dim]{claim.code}[/]", highlight=False)
        if claim.problem:
            console.print(f"    [red]{escape(claim.problem)}[/]", highlight=False)
