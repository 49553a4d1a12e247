"""`sunbid bundle`: fetch what `sunbid verify` checks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from api.cli.app import single
from api.cli.connect import CityUrl, Signatory, connect, run
from api.cli.inputs import read_id
from api.cli.output import done
from api.client import CityApi
from ledger.errors import SunbidError
from ledger.json_fields import to_hex

PATIENCE_SECONDS = 60
_NOT_YET = "bundle.not_yet"


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


COMMANDS = {"bundle": single(bundle)}
