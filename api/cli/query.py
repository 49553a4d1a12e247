"""`sunbid query`: ask all cities, and check every answer on this machine with nothing but the trust file."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.connect import AsJson, CityUrl, TrustPath, connect, run
from api.cli.inputs import load_trust, read_moment, read_organisation
from api.cli.output import console, moment, print_claims, print_json, say, table, warn
from api.schemas.credit import shown_verdict
from credit.catalogue import shipped
from ledger.city import City
from ledger.errors import SunbidError
from ledger.identity import city_id
from ledger.json_fields import to_hex
from witness.audit.credit_query import CreditQuery, Merged, QueryVerdict, judge

app = typer.Typer(no_args_is_help=True, help="Ask all cities at once, and check every answer on this machine.")

_MARKS = {"proven": "[green]✓[/]", "false": "[bold red]✗[/]"}


class OtherQuestionError(SunbidError):
    """A city answered about something else than it was asked."""

    code = "query.other_question"


@app.callback()
def query() -> None:
    """Ask all cities at once, and check every answer on this machine."""


@app.command("credit")
def credit(
    subject: Annotated[str, typer.Argument(help="The company's unified social credit code, or its id.")],
    city: CityUrl,
    trust: TrustPath,
    at: Annotated[str | None, typer.Option(help="As it stood then, e.g. 2026-01-31T09:30+08:00.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a company's credit as all cities prove it; exit 1 if a city's answer is false or none is proven."""
    organisation, asked = read_organisation(subject), None if at is None else read_moment(at)
    pinned = load_trust(trust)
    found = run(_ask(city, organisation, asked))
    if found.question.subject != organisation or (asked is not None and found.question.at != asked):
        raise OtherQuestionError("The city answered about another subject or moment than it was asked.")
    verdict = judge(found, pinned, shipped())
    names = {city_id(one.name): one.name for one in pinned.cities}
    if as_json:
        print_json(shown_verdict(verdict, [City(name, name) for name in names.values()]))
    else:
        _show(found, verdict, names)
    if verdict.liars or verdict.merged is None:
        raise typer.Exit(1)


async def _ask(url: str, subject: bytes, at: int | None) -> CreditQuery:
    async with connect(url) as city:
        query = {} if at is None else {"at": at}
        return CreditQuery.from_json(await city.get(f"/v1/query/credit/{to_hex(subject)}", **query))


def _show(found: CreditQuery, verdict: QueryVerdict, names: dict[bytes, str]) -> None:
    say(f"{to_hex(found.question.subject)} at {moment(found.question.at)}, block {found.question.block}")
    for one in verdict.cities:
        mark = _MARKS.get(one.status, "[yellow]![/]")
        console.print(f"{mark} [bold]{one.city}[/]: {one.status}", highlight=False)
        if one.problem:
            warn(f"  {one.problem}")
        if one.verdict is not None:
            print_claims(one.verdict.claims)
    absent = [pinned for pinned in names.values() if pinned not in {one.city for one in verdict.cities}]
    for name in absent:
        warn(f"{name} was not asked.")
    if verdict.merged is None:
        warn("No answer proves what the ledger holds.")
    else:
        _show_merged(verdict.merged, names)


def _show_merged(merged: Merged, names: dict[bytes, str]) -> None:
    standing = merged.standing
    console.print(f"Grade [bold]{standing.grade}[/], {standing.score} points on an illustrative scale", highlight=False)
    rows = table(">no.", "posted", "by", "what")
    for entry in merged.entries:
        text = entry.body.text if entry.body else "text missing"
        rows.add_row(str(entry.index), moment(entry.posted_at), names.get(entry.city, to_hex(entry.city)), text)
    if merged.entries:
        console.print(rows)
    for city, places in merged.missing.items():
        listed = ", ".join(map(str, places))
        warn(f"{names.get(city, to_hex(city))} alone has the text of entries {listed}.")


COMMANDS = {"query": app}
