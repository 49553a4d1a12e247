"""`sunbid box`: what became of the slips of a tender, and why, once its box is open."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.connect import AsJson, CityUrl, connect, read_id, read_organisation, run
from api.cli.output import console, print_json, say, table
from api.web.format import short
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

    async def ask() -> list[dict[str, str]]:
        async with connect(city) as api:
            slips: list[dict[str, str]] = (await api.get(path, **query))["slips"]
            return slips

    slips = run(ask())
    if as_json:
        print_json(slips)
        return
    rows = table(">origin", ">place", "bidder", "slip", "verdict", "because")
    for slip in slips:
        place = [str(slip["origin"]), str(slip["index"])]
        rows.add_row(*place, short(slip["bidder"]), short(slip["slip"]), slip["reason"], slip["because"])
    console.print(rows) if slips else say("The box held no slip of this tender that could be read.")


COMMANDS = {"box": app}
