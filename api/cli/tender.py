"""`sunbid tender`: announce tenders, change them, look at them. Every act is signed here; the city only relays it."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
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
from api.cli.inputs import InputError, load_trust, read_canonical, read_file, read_id, read_moment, read_organisation
from api.cli.output import console, done, moment, print_json, say, table
from api.client import CityApi, CityRefusalError
from bidding.tender.announcement import Choices, announcement_of
from bidding.tender.notice import MAX_SIZE, parse_notice
from bidding.tender.rules import RulePack, by_id
from bidding.tender.rules import parse as parse_pack
from ledger.acts import (
    Contract,
    Role,
    TenderAmendment,
    TenderResumption,
    TenderSuspension,
    TenderTermination,
)
from ledger.json_fields import to_hex
from ledger.keyring import dump_json, write_private
from ledger.signed import Domains, read_act

app = typer.Typer(no_args_is_help=True, help="Announce tenders, change them, look at them.")

TenderArgument = Annotated[str, typer.Argument(help="The tender's id.")]
Reason = Annotated[Path, typer.Option(help="The document that says why; it is published.")]
NoticeFile = Annotated[Path, typer.Option("--notice", help="The notice (docs/document-formats.md).")]


@app.command("list")
def list_tenders(
    city: CityUrl,
    state: Annotated[str | None, typer.Option(help="Only those in this state, e.g. ANNOUNCED.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the tenders that a city has heard of, latest deadline first."""
    query = {} if state is None else {"state": state}
    found = _get(city, "/v1/tenders", **query)["tenders"]
    if as_json:
        print_json(found)
        return
    rows = table("tender", "state", "deadline", ">lots")
    for tender in found:
        rows.add_row(tender["tender"], tender["state"], moment(tender["deadline"]), str(len(tender["lots"])))
    console.print(rows) if found else say("No tender has been announced to this city yet.")


@app.command("show")
def show(tender: TenderArgument, city: CityUrl, as_json: AsJson = False) -> None:
    """Show a tender: its state, lots and, once the box is open, its bids."""
    path = f"/v1/tenders/{to_hex(read_id(tender, 'A tender'))}"
    found, opening = _get(city, path), _get(city, f"{path}/opening")
    if as_json:
        print_json({**found, "opening": opening})
        return
    say(f"{found['tender']}  {found['state']}{' (suspended)' if found['suspended'] else ''}")
    say(f"deadline {moment(found['deadline'])}")
    rows = table(">lot", "state", ">bidders", "winner")
    for lot in found["lots"]:
        bidders = "secret" if lot["bidders"] is None else str(lot["bidders"])
        rows.add_row(str(lot["number"]), lot["state"], bidders, lot["winner"] or "–")
    console.print(rows)
    for group in opening["envelopes"]:
        bids = table("bidder", "status", "prices", title=f"Lot {group['lot']}, {group['envelope']}")
        for bid in group["bids"]:
            prices = ", ".join(f"{price['currency']} {price['amount']}" for price in bid["prices"] or ())
            bids.add_row(bid["bidder"], bid["status"], prices or "–")
        console.print(bids)


@app.command("draft")
def draft(
    notice: NoticeFile,
    deadline: Annotated[str, typer.Option(help="When bids are due, e.g. 2026-02-20T09:30+08:00.")],
    supervisor: Annotated[str, typer.Option(help="Code or id of the supervising body.")],
    key_id: Annotated[str, typer.Option(help="The seal key set that bids are sealed to.")],
    box_key_id: Annotated[str, typer.Option(help="A box key set that no tender has used.")],
    origin: Annotated[list[str], typer.Option(help="Id of a sealed log; repeat, the conducting city's first.")],
    out: Annotated[Path, typer.Option(help="Where to write the announcement.")],
    city: CityUrl,
    trust: TrustPath,
    keys: KeyFolder,
    passphrase: Passphrase,
    rules: Annotated[Path | None, typer.Option(help="A rule pack of your own; default: a shipped one.")] = None,
    pack_id: Annotated[str, typer.Option("--pack", help="The shipped rule pack.")] = "dev-international",
    label: Label = "own",
) -> None:
    """Write an announcement signed by the tenderer's side; the trading centre countersigns it."""
    signer = Signatory.unlock(keys, label, passphrase)
    body = read_canonical(notice, MAX_SIZE)
    pack = parse_pack(read_canonical(rules, MAX_SIZE)) if rules else by_id(pack_id)
    domains = run(_domains(city, trust))
    choices = Choices(
        tenderer=signer.organisation,
        supervisor=read_organisation(supervisor),
        nonce=secrets.token_bytes(32),
        key_id=read_id(key_id, "A key id"),
        box_key_id=read_id(box_key_id, "A box key id"),
        origins=[read_id(one, "An origin") for one in origin],
        deadline=read_moment(deadline),
    )
    act = announcement_of(parse_notice(body), pack, choices, domains.domain(Contract.TENDER_BOOK))
    value = {
        "announcement": act.to_json(),
        "signature": to_hex(signer.sign(act, domains)),
        "chain": signer.papers.to_json(),
        "documents": _encoded(body, *_own_pack(pack, rules)),
    }
    write_private(out, dump_json(value))
    done(f"Announcement of {to_hex(act.tender)} written to {out}. The trading centre signs it next.")


@app.command("countersign")
def countersign(
    announcement: Annotated[Path, typer.Argument(help="What `draft` wrote.")],
    city: CityUrl,
    trust: TrustPath,
    keys: KeyFolder,
    passphrase: Passphrase,
    label: Label = "own",
) -> None:
    """As the trading centre of the first origin's city, sign an announcement too."""
    signer, value = Signatory.unlock(keys, label, passphrase), _load(announcement)
    if signer.papers.credential.role != Role.CENTRE:
        raise InputError("The trading centre countersigns: use a credential of its staff.", code="input.role")
    act = read_act("TenderAnnouncement", value["announcement"])
    value["centreSignature"] = to_hex(signer.sign(act, run(_domains(city, trust))))
    value["centreChain"] = signer.papers.to_json()
    write_private(announcement, dump_json(value))
    done(f"{announcement} is signed by the centre. Send it: sunbid tender announce {announcement}")


@app.command("announce")
def announce(
    announcement: Annotated[Path, typer.Argument(help="An announcement with both signatures.")],
    city: CityUrl,
    keys: KeyFolder,
    passphrase: Passphrase,
    label: Label = "own",
) -> None:
    """Hand in an announcement that tenderer and trading centre have signed."""
    value = _load(announcement)
    if "centreSignature" not in value:
        raise InputError("The trading centre has not signed it: sunbid tender countersign.", code="input.unsigned")
    signer = Signatory.unlock(keys, label, passphrase)

    async def send() -> Any:
        async with connect(city) as api:
            await signer.sign_in(api)
            return await api.post("/v1/tenders", value)

    taken = run(send())
    done(f"Taken: {value['announcement']['tender']}, act {taken['digest']}.")


@app.command("amend")
def amend(
    tender: TenderArgument,
    city: CityUrl,
    trust: TrustPath,
    keys: KeyFolder,
    passphrase: Passphrase,
    notice: Annotated[Path | None, typer.Option(help="The new notice; default: the one in force stays.")] = None,
    deadline: Annotated[str | None, typer.Option(help="The new deadline, never an earlier one.")] = None,
    supersedes: Annotated[bool, typer.Option(help="Bids sealed for earlier notices do not count any more.")] = False,
    label: Label = "own",
) -> None:
    """Change the notice, postpone the deadline, or both."""
    state = _get(city, _path(tender))
    body = None if notice is None else read_canonical(notice, MAX_SIZE)
    stated = parse_notice(body).hash if body else read_id(state["notice"], "The notice in force")
    until = state["deadline"] if deadline is None else read_moment(deadline)
    act = TenderAmendment(read_id(tender, "A tender"), stated, until, supersedes, state["tendererSteps"])
    signer = Signatory.unlock(keys, label, passphrase)
    done(f"Taken: act {run(_act(city, trust, signer, act, *([body] if body else [])))}.")


@app.command("suspend")
def suspend(
    tender: TenderArgument, reason: Reason, city: CityUrl, trust: TrustPath, keys: KeyFolder, passphrase: Passphrase,
    label: Label = "own",
) -> None:  # fmt: skip
    """Stop the tender's clock, as its tenderer or its supervisor."""
    _flag(TenderSuspension, tender, reason, city, trust, Signatory.unlock(keys, label, passphrase))


@app.command("resume")
def resume(
    tender: TenderArgument, reason: Reason, city: CityUrl, trust: TrustPath, keys: KeyFolder, passphrase: Passphrase,
    label: Label = "own",
) -> None:  # fmt: skip
    """Let the tender's clock run again."""
    _flag(TenderResumption, tender, reason, city, trust, Signatory.unlock(keys, label, passphrase))


@app.command("terminate")
def terminate(
    tender: TenderArgument, reason: Reason, city: CityUrl, trust: TrustPath, keys: KeyFolder, passphrase: Passphrase,
    label: Label = "own",
) -> None:  # fmt: skip
    """End the tender without an award, for ever."""
    _flag(TenderTermination, tender, reason, city, trust, Signatory.unlock(keys, label, passphrase))


_Flag = TenderSuspension | TenderResumption | TenderTermination

STEP_PASSED = "tender.step"
"""The city's refusal of an act that does not know the one before it."""


def _flag(kind: type[_Flag], tender: str, reason: Path, city: str, trust: Path, signer: Signatory) -> None:
    target, document = read_id(tender, "A tender"), read_file(reason)

    async def take() -> str:
        async with _signed_in(city, trust, signer) as (api, domains):
            return await take_flag(api, domains, signer, kind, target, document)

    done(f"Taken: act {run(take())}.")


async def take_flag(
    city: CityApi, domains: Domains, signer: Signatory, kind: type[_Flag], tender: bytes, document: bytes
) -> str:
    """Sign the act with the step that the city shows and hand it in; return the act's digest.

    A city shows an act some seconds after it took it. Where it refuses the step for that, it has looked at the chain
    since, and is asked for the step once more.
    """
    track = "supervisorSteps" if signer.papers.credential.role == Role.SUPERVISOR else "tendererSteps"

    async def take() -> str:
        step = (await city.get(_path(to_hex(tender))))[track]
        return await _post(city, domains, signer, kind(tender, hashlib.sha256(document).digest(), step), document)

    try:
        return await take()
    except CityRefusalError as refused:
        if refused.code != STEP_PASSED:
            raise
        return await take()


async def _act(url: str, trust: Path, signer: Signatory, act: TenderAmendment, *documents: bytes) -> str:
    async with _signed_in(url, trust, signer) as (city, domains):
        return await _post(city, domains, signer, act, *documents)


@asynccontextmanager
async def _signed_in(url: str, trust: Path, signer: Signatory) -> AsyncIterator[tuple[CityApi, Domains]]:
    async with connect(url) as city:
        await signer.sign_in(city)
        yield city, await proven_domains(city, load_trust(trust))


async def _post(
    city: CityApi, domains: Domains, signer: Signatory, act: TenderAmendment | _Flag, *documents: bytes
) -> str:
    path, signature = f"{_path(to_hex(act.tender))}/acts", signer.sign(act, domains)
    taken = await city.post_act(path, act, signature, signer.papers, documents=_encoded(*documents))
    return str(taken["digest"])


async def _domains(url: str, trust: Path) -> Any:
    async with connect(url) as city:
        return await proven_domains(city, load_trust(trust))


def _get(url: str, path: str, **query: str) -> Any:
    async def ask() -> Any:
        async with connect(url) as city:
            return await city.get(path, **query)

    return run(ask())


def _path(tender: str) -> str:
    return f"/v1/tenders/{to_hex(read_id(tender, 'A tender'))}"


def _own_pack(pack: RulePack, given: Path | None) -> list[bytes]:
    return [pack.body] if given else []


def _encoded(*documents: bytes) -> list[str]:
    return [b64encode(document).decode() for document in documents]


def _load(path: Path) -> dict[str, Any]:
    try:
        value = orjson.loads(read_file(path))
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path} is not JSON: {error}.", code="file.malformed") from error
    if not isinstance(value, dict) or "announcement" not in value:
        raise InputError(f"{path} holds no announcement: sunbid tender draft writes one.", code="file.malformed")
    return value


COMMANDS = {"tender": app}
