"""`sunbid verify` and `sunbid bundle`: check a whole tender offline, and fetch what is needed for that."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from api.cli.app import single
from api.cli.connect import CityUrl, Signatory, connect, load_trust, read_file, read_id, run
from api.cli.output import console, done, print_json
from api.client import CityApi
from ledger.errors import SunbidError
from ledger.json_fields import to_hex
from witness.audit.report import Language, verdict_json, verdict_lines
from witness.audit.verify import Verdict
from witness.audit.verify import verify as verify_bundle

NO_TRUST = 2
"""Exit code where nothing was verified, because there is nothing to trust."""

PATIENCE_SECONDS = 60
_NOT_YET = "bundle.not_yet"
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


def bundle(
    tender: Annotated[str, typer.Argument(help="The tender's id.")],
    city: CityUrl,
    out: Annotated[Path, typer.Option(help="Where to write the bundle.")],
    with_box: Annotated[
        bool, typer.Option("--with-box", help="With every slip of the box up to the deadline.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="With all envelopes: for the tender's supervisor.")] = False,
    keys: Annotated[Path | None, typer.Option(help="The supervisor's key folder, for --full.")] = None,
    label: Annotated[str, typer.Option("--as", help="Which of the folder's credentials to use.")] = "own",
) -> None:
    """Fetch a tender's verification bundle from the city that conducts it."""
    if full and keys is None:
        raise SunbidError("--full is for the tender's supervisor: name its key folder with --keys", code="input.keys")
    path = f"/v1/tenders/{to_hex(read_id(tender, 'A tender'))}/bundle{'/full' if full else ''}"
    signatory = _unlock(keys, label) if full and keys else None
    content = run(_fetch(city, path, signatory, with_box=with_box))
    out.write_bytes(content)
    done(f"{out}: {len(content):,} bytes. Check it: sunbid verify {out} --trust trust.json")


def _unlock(folder: Path, label: str) -> Signatory:
    passphrase: str = typer.prompt("Passphrase", hide_input=True)
    return Signatory.unlock(folder, label, passphrase)


async def _fetch(url: str, path: str, signatory: Signatory | None, *, with_box: bool) -> bytes:
    async with connect(url) as city:
        if signatory is not None:
            await signatory.sign_in(city)
        for _ in range(PATIENCE_SECONDS):
            content = await _try(city, path, with_box=with_box)
            if content is not None:
                return content
            await asyncio.sleep(1)
        return await city.get_bytes(path, withBox=int(with_box))


async def _try(city: CityApi, path: str, *, with_box: bool) -> bytes | None:
    """Return the bundle, None while the tender's last events are on their way to the chain."""
    try:
        return await city.get_bytes(path, withBox=int(with_box))
    except SunbidError as error:
        if error.code != _NOT_YET:
            raise
        return None


COMMANDS = {"verify": single(verify), "bundle": single(bundle)}
