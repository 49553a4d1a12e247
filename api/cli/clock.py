"""`sunbid clock`: whose time a development network lives in. Nothing waits there; somebody moves the clock."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from api.cli.app import single
from api.cli.inputs import InputError, read_moment
from api.cli.output import console, done, moment
from api.stack.network import Stack
from ledger.chain.devnet import Devnet

_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def clock(
    folder: Annotated[Path, typer.Option(help="The network's folder.")] = Path("var/network"),
    to: Annotated[str | None, typer.Option(help="Move to this moment, e.g. 2026-02-20T09:30+08:00.")] = None,
    forward: Annotated[str | None, typer.Option(help="Move by 90s, 15m, 6h or 21d.")] = None,
    unix: Annotated[bool, typer.Option("--unix", help="Print the seconds since 1970, for programs.")] = False,
) -> None:
    """Show the time of a development chain, or move it forward; it never goes back."""
    if to is not None and forward is not None:
        raise InputError("Say either --to or --forward.", code="input.clock")
    stack = Stack.load(folder.resolve())
    moved = asyncio.run(_move(stack, None if to is None else read_moment(to), _seconds(forward)))
    if unix:
        console.file.write(f"{moved}\n")
    else:
        done(moment(moved))


async def _move(stack: Stack, to: int | None, forward: int) -> int:
    devnet = Devnet(stack.rpc_url, stack.deployment.chain_id)
    try:
        now = await devnet.now()
        if to is not None and to < now:
            raise InputError(f"The chain is at {moment(now)} already; its clock never goes back.", code="input.clock")
        target = now + forward if to is None else to
        await devnet.advance_to(target)
        return max(now, target)
    finally:
        await devnet.close()


def _seconds(text: str | None) -> int:
    if text is None:
        return 0
    found = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", text, re.ASCII)
    if found is None:
        raise InputError(f"A span is a number and s, m, h or d, not {text!r}.", code="input.clock")
    return int(found[1]) * int(_UNITS[found[2]].total_seconds())


COMMANDS = {"clock": single(clock)}
