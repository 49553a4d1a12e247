"""`sunbid verify`: check a whole tender offline. It loads no network library, and so starts at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from api.cli.app import single
from api.cli.inputs import load_trust, read_file
from api.cli.output import console, print_json
from witness.audit.report import Language, verdict_json, verdict_lines
from witness.audit.verify import Verdict
from witness.audit.verify import verify as verify_bundle

NO_TRUST = 2
"""Exit code where nothing was verified, because there is nothing to trust."""

_errors = Console(stderr=True)


def verify(
    bundle: Annotated[Path, typer.Argument(help="The bundle, as `sunbid bundle` wrote it.")],
    trust: Annotated[
        Path | None,
        typer.Option(envvar="SUNBID_TRUST", help="The network's trust.json, from a source you trust yourself."),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Never use the network. Verifying needs none; this makes it a promise.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    chinese: Annotated[bool, typer.Option("--zh", help="中文输出。")] = False,
) -> None:
    """Recompute list, opening and award of a tender from its bundle; exit 0 only if every claim is proven."""
    del offline
    if trust is None:
        _errors.print("[bold red]✗[/] trust root not given: name the network's trust.json with --trust")
        raise typer.Exit(NO_TRUST)
    verdict = verify_bundle(read_file(bundle), load_trust(trust))
    if as_json:
        print_json(verdict_json(verdict))
    else:
        _show(verdict, "zh" if chinese else "en")
    if not verdict.ok:
        raise typer.Exit(1)


def _show(verdict: Verdict, language: Language) -> None:
    *lines, last = verdict_lines(verdict, language)
    for line in lines:
        style = "bold" if line.startswith("[") else None
        console.print(escape(line), style=style, highlight=False, soft_wrap=True)
    console.print(escape(last), style="bold green" if verdict.ok else "bold red", highlight=False, soft_wrap=True)


COMMANDS = {"verify": single(verify)}
