"""Put the commands together; each group lives in a file of its own and is imported when it is used."""

from __future__ import annotations

import typer
from rich.console import Console

from api.cli import identity, serve
from ledger.errors import SunbidError

app = typer.Typer(name="sunbid", no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False)
app.add_typer(identity.app, name="id")
for process in (serve.serve, serve.worker, serve.witness, serve.keyholder):
    app.command()(process)

_errors = Console(stderr=True)


@app.callback()
def sunbid() -> None:
    """Sunbid (阳光标): public tenders in which nobody has to be trusted."""


def print_problem(error: SunbidError) -> None:
    """Show a refusal as a person reads it: the message first, then the stable code and the facts."""
    _errors.print(f"[bold red]✗[/] {error.message}")
    facts = "  ".join(f"{name}={_short(value)}" for name, value in error.facts.items())
    _errors.print(f"  [dim]code {error.code}  {facts}[/]")


def _short(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
