"""Put the commands together. A command's module is imported when it is run, so that `sunbid --help` is quick."""

from __future__ import annotations

import importlib
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from ledger.errors import SunbidError

_COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("api.cli.demo", "Take a real tender from notice to verified award on an embedded network."),
    "bench": ("api.cli.bench", "Measure the hot paths against bare baselines."),
    "replay": ("api.cli.replay", "Replay real tenders from public records, and verify every one."),
    "up": ("api.cli.up", "Run a whole network on this machine: chain, three cities, key-holders."),
    "down": ("api.cli.up", "Stop the network that runs in the background."),
    "city": ("api.cli.up", "The cities of a running network: away and back, and their keys."),
    "clock": ("api.cli.clock", "Show or move the clock of a development network."),
    "serve": ("api.cli.serve", "Serve a city's HTTP interface and pages."),
    "worker": ("api.cli.serve", "Run a city's tasks."),
    "witness": ("api.cli.serve", "Follow and cosign the partner cities' logs."),
    "keyholder": ("api.cli.serve", "Keep one share of the committee's keys."),
    "doctor": ("api.cli.doctor", "Say what is wrong with a city's node, and what to do about it."),
    "id": ("api.cli.identity", "Keys and credentials of companies, staff and officers."),
    "tender": ("api.cli.tender", "Announce tenders, change them, look at them."),
    "seal": ("api.cli.device", "Seal a document on this machine; nothing is sent."),
    "submit": ("api.cli.device", "Hand in what is sealed, and see how far it is in the box."),
    "withdraw": ("api.cli.device", "Withdraw what was submitted."),
    "open": ("api.cli.device", "Open your own bids by publishing their secret numbers."),
    "box": ("api.cli.box", "What became of the slips of a tender, and why."),
    "credit": ("api.cli.credit", "Post credit decisions with evidence, revoke them, look at a standing."),
    "query": ("api.cli.query", "Ask all cities at once, and check every answer on this machine."),
    "bundle": ("api.cli.bundle", "Fetch a tender's verification bundle."),
    "verify": ("api.cli.verify", "Recompute a tender's list, opening and award from its bundle, offline."),
}
"""Every command with the module whose `app` (or `commands[name]`) it is, and one line of help."""


class LazyGroup(TyperGroup):
    """A group that knows its commands' names and imports a command when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command's name and summary, which is all that help needs."""
        del ctx
        return TyperCommand(cmd_name, help=_COMMANDS[cmd_name][1]) if cmd_name in _COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is to be run, imported now."""
        name = args[0]
        return (name, load(name), args[1:]) if name in _COMMANDS else super().resolve_command(ctx, args)


def load(name: str) -> Any:
    """Import a command's module and return the command."""
    module, summary = _COMMANDS[name]
    commands: dict[str, typer.Typer] = importlib.import_module(module).COMMANDS
    command: Any = get_command(commands[name])
    command.name, command.short_help = name, summary
    return command


app = typer.Typer(
    name="sunbid",
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

_errors = Console(stderr=True)


@app.callback()
def sunbid() -> None:
    """Sunbid (阳光标): public tenders in which nobody has to be trusted."""


def single(function: Any) -> typer.Typer:
    """Return a command that consists of one function."""
    command = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False)
    command.command()(function)
    return command


def print_problem(error: SunbidError) -> None:
    """Show a refusal as a person reads it: the message first, then the stable code and the facts."""
    _errors.print(f"[bold red]✗[/] {escape(error.message)}")
    facts = "  ".join(f"{name}={_short(value)}" for name, value in error.facts.items())
    _errors.print(f"  [dim]code {error.code}  {escape(facts)}[/]")


def _short(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
