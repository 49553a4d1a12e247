"""`sunbid credit`: decisions of competent authorities, with their evidence; and a subject's standing at one city."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.connect import (
    AsJson,
    CityUrl,
    KeyFolder,
    Label,
    Passphrase,
    Signatory,
    TrustPath,
    connect,
    proven_domains,
    run,
)
from api.cli.inputs import InputError, load_trust, read_file, read_id, read_moment, read_organisation
from api.cli.output import console, done, moment, print_json, say, table
from api.web.format import short
from credit.catalogue import DAY, shipped
from credit.domain import Body, DecisionBody, EndingBody, EntryKind, need_lawful
from ledger.acts import CreditDecision, CreditRepair, CreditRevocation
from ledger.chain.evidence.trust import TrustFile
from ledger.json_fields import to_hex

app = typer.Typer(no_args_is_help=True, help="Post credit decisions with evidence, revoke them, look at a standing.")

Subject = Annotated[str, typer.Argument(help="The company's unified social credit code, or its id.")]
Paper = Annotated[Path, typer.Option(help="The paper that the decision rests on; its hash is signed.")]
Text = Annotated[str, typer.Option(help="What was found, in words; it is published.")]


@app.command("rules")
def rules() -> None:
    """List the rules of the catalogue with their points, duration and source."""
    rows = table("rule", ">points", ">days", "severity", "source")
    for rule in shipped().rules.values():
        points = f"{rule.lowest} … {rule.highest}" if rule.lowest != rule.highest else f"{rule.lowest}"
        rows.add_row(rule.id, points, str(rule.days), rule.severity.value, rule.source)
    console.print(rows)


@app.command("post")
def post(
    subject: Subject,
    rule: Annotated[str, typer.Option(help="The rule's id: sunbid credit rules.")],
    points: Annotated[str, typer.Option(help="Points within the rule, e.g. -10.")],
    since: Annotated[str, typer.Option("--from", help="In force from, e.g. 2026-01-31T00:00+08:00.")],
    text: Text,
    paper: Paper,
    city: CityUrl,
    trust: TrustPath,
    keys: KeyFolder,
    passphrase: Passphrase,
    days: Annotated[int | None, typer.Option(min=1, help="For how many days; default: as the rule says.")] = None,
    label: Label = "own",
) -> None:
    """As a competent authority, post a reward or penalty with its evidence."""
    officer, document = Signatory.unlock(keys, label, passphrase), read_file(paper)
    start, catalogue = read_moment(since), shipped()
    end = start + (days or catalogue.rule(rule).days) * DAY
    sha256 = hashlib.sha256(document).digest()
    body = DecisionBody(
        read_organisation(subject), officer.organisation, rule, _points(points), start, end, sha256, text
    )
    need_lawful(body, catalogue)
    digest = run(_send(city, load_trust(trust), officer, body, document))
    done(f"Posted as {digest}.")


@app.command("revoke")
def revoke(
    subject: Subject,
    decision: Annotated[str, typer.Option(help="The decision's digest, as `post` printed it.")],
    text: Text,
    paper: Paper,
    city: CityUrl,
    trust: TrustPath,
    keys: KeyFolder,
    passphrase: Passphrase,
    repair: Annotated[bool, typer.Option(help="The record is repaired (信用修复), not taken back.")] = False,
    label: Label = "own",
) -> None:
    """Take a decision back, or end its use after repair; the entry stays on the ledger."""
    officer, document = Signatory.unlock(keys, label, passphrase), read_file(paper)
    kind = EntryKind.REPAIR if repair else EntryKind.REVOCATION
    sha256 = hashlib.sha256(document).digest()
    ended = read_id(decision, "A decision")
    body = EndingBody(kind, read_organisation(subject), officer.organisation, ended, sha256, text)
    digest = run(_send(city, load_trust(trust), officer, body, document))
    done(f"Posted as {digest}.")


@app.command("show")
def show(
    subject: Subject,
    city: CityUrl,
    at: Annotated[str | None, typer.Option(help="As it stood then, e.g. 2026-01-31T09:30+08:00.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a subject's standing as one city has it; `sunbid query credit` asks all and checks their proofs."""
    query = {} if at is None else {"at": read_moment(at)}
    path = f"/v1/credit/{to_hex(read_organisation(subject))}"

    async def ask() -> dict[str, Any]:
        async with connect(city) as api:
            value: dict[str, Any] = await api.get(path, **query)
            return value

    found = run(ask())
    if as_json:
        print_json(found)
        return
    say(f"Grade {found['grade']}, {found['score']} points at {moment(found['at'])}, on an illustrative scale")
    rows = table(">no.", "posted", "act", "digest", "text held here")
    for entry in found["entries"]:
        held = "yes" if entry["body"] else "no"
        rows.add_row(str(entry["index"]), moment(entry["postedAt"]), entry["type"] or "–", short(entry["digest"]), held)
    if found["entries"]:
        console.print(rows)


async def _send(url: str, trust: TrustFile, officer: Signatory, body: Body, document: bytes) -> str:
    nonce, path, act_of = secrets.token_bytes(32), *_way(body)
    act = act_of(nonce)
    async with connect(url) as city:
        await officer.sign_in(city)
        signature = officer.sign(act, await proven_domains(city, trust))
        posted = await city.post_act(
            path,
            act,
            signature,
            officer.papers,
            nonce=to_hex(nonce),
            body=to_hex(body.to_bytes()),
            document=b64encode(document).decode(),
        )
    return str(posted["digest"])


def _way(body: Body) -> tuple[str, Callable[[bytes], CreditDecision | CreditRevocation | CreditRepair]]:
    """Return where a body's act is sent, and what makes the act from a nonce."""
    if isinstance(body, DecisionBody):
        return "/v1/credit/decisions", lambda nonce: body.act(nonce, shipped())
    return "/v1/credit/revocations", body.act


def _points(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise InputError(f"{text!r} are no points: write -10 or 0.5.", code="credit.points") from error


COMMANDS = {"credit": app}
