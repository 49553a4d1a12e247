"""`sunbid box`: what became of the slips of a tender, and why, once its box is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from api.cli.connect import AsJson, CityUrl, connect, run
from api.cli.inputs import read_id, read_organisation
from api.cli.output import console, print_json, say, table
from api.web.format import short
from bidding.sealing.box import ADMITTED
from ledger.json_fields import to_hex

app = typer.Typer(no_args_is_help=True, help="What became of the slips of a tender, and why.")


@app.callback()
def box() -> None:
    """What became of the slips of a tender, and why."""


@app.command("explain")
def explain(
    tender: Annotated[str, typer.Argument(help="The tender's id.")],
    city: CityUrl,
    bidder: Annotated[str | None, typer.Option(help="Only this bidder: its code or id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say of every slip of the tender whether it is in the list, and why not."""
    query = {} if bidder is None else {"bidder": to_hex(read_organisation(bidder))}
    path = f"/v1/tenders/{to_hex(read_id(tender, 'A tender'))}/explain"

    async def ask() -> list[dict[str, Any]]:
        async with connect(city) as api:
            slips: list[dict[str, Any]] = (await api.get(path, **query))["slips"]
            return slips

    slips = run(ask())
    if as_json:
        print_json(slips)
        return
    console.print(explained(slips)) if slips else say("The box held no slip of this tender that could be read.")


def explained(slips: Sequence[Mapping[str, Any]]) -> Table:
    """Return what a person reads: one line for each slip, those of the list and those that are not in it."""
    rows = table(">origin", ">place", "bidder", "slip", "verdict", "because")
    for slip in slips:
        words = [escape(slip[name]) for name in ("reason", "because")]
        rows.add_row(*_place(slip), short(slip["bidder"]), short(slip["slip"]), *words)
    return rows


def _place(slip: Mapping[str, Any]) -> tuple[str, str]:
    """Return origin and place in words: a slip may have been admitted by the contract, or not be in the box at all."""
    match slip["origin"]:
        case None:
            return "–", "–"
        case number if number == ADMITTED:
            return "admitted", str(slip["index"])
        case number:
            return str(number), str(slip["index"])


COMMANDS = {"box": app}
