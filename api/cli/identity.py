"""`sunbid id`: keys and credentials of companies, staff and officers."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bidding.sealing.recovery import write_recovery_file
from ledger import canonical
from ledger.acts import ZERO32, Credential, Delegation, Revocation, Role, Scope
from ledger.authority import ActChain
from ledger.chain.evidence.trust import TrustFile
from ledger.city import CityKeys
from ledger.clock import from_unix, to_unix
from ledger.eip712 import Domain, digest
from ledger.identity import Uscc
from ledger.keyring import Keyring, KeyringError, dump_json, write_private
from ledger.keys import SigningKey, personal_digest, recover
from ledger.settings import FILE_NAME, CitySettings

app = typer.Typer(no_args_is_help=True, help="Keys and credentials of companies, staff and officers.")
console = Console()

Folder = Annotated[Path, typer.Argument(help="The key folder.")]
Passphrase = Annotated[
    str, typer.Option(prompt=True, hide_input=True, envvar="SUNBID_PASSPHRASE", help="Opens the key folder.")
]
Trust = Annotated[
    Path, typer.Option(envvar="SUNBID_TRUST", help="The network's trust.json: names chain and CityRegistry.")
]


@app.command("new")
def new(
    folder: Folder,
    name: Annotated[str, typer.Option(prompt=True, help="Name as registered.")],
    uscc: Annotated[str, typer.Option(prompt=True, help="Unified social credit code (统一社会信用代码).")],
    passphrase: Annotated[
        str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, envvar="SUNBID_PASSPHRASE")
    ],
) -> None:
    """Make a key folder for a company or one of its people."""
    code = Uscc(uscc)
    if code.warning:
        console.print(f"[yellow]![/] {code.warning}")
    keyring = Keyring.create(folder, name, code.organisation_id, SigningKey.generate(), passphrase, code.code)
    _show(keyring)
    console.print(
        "Next: [bold]sunbid id request[/] writes what an issuer needs. Keep a backup: [bold]sunbid id backup[/]."
    )


@app.command("show")
def show(folder: Folder) -> None:
    """Show what a key folder holds; nothing secret."""
    _show(Keyring(folder))


@app.command("request")
def request(
    folder: Folder,
    role: Annotated[str, typer.Option(help="tenderer, agency, bidder, expert, centre, supervisor, …")],
    out: Annotated[Path, typer.Option(help="Where to write the request.")],
    passphrase: Passphrase,
    personal: Annotated[bool, typer.Option(help="The key is a person's, not the organisation's own.")] = False,
) -> None:
    """Write a request for a credential, signed by the key to show that you hold it."""
    keyring = Keyring(folder)
    identity = keyring.identity()
    subject = secrets.token_bytes(32) if personal else identity.organisation
    body = {
        "key": "0x" + identity.address.hex(),
        "name": identity.name,
        "organisation": "0x" + identity.organisation.hex(),
        "role": int(_role(role)),
        "subject": "0x" + subject.hex(),
    }
    signature = keyring.unlock(passphrase).sign(_request_digest(body))
    write_private(out, dump_json({"request": body, "signature": "0x" + signature.hex()}))
    console.print(f"[green]✓[/] Request written to {out}. Bring it to the issuer of your city.")


@app.command("issue")
def issue(
    request_file: Annotated[Path, typer.Argument(help="A request from `sunbid id request`.")],
    issuer: Annotated[Path, typer.Option(help="The issuer's key folder, or the data folder of a development city.")],
    trust: Trust,
    out: Annotated[Path, typer.Option(help="Where to write the credential.")],
    passphrase: Passphrase,
    days: Annotated[int, typer.Option(min=1, max=1100, help="How long it is valid.")] = 365,
    start: Annotated[int | None, typer.Option(help="Valid from, unix seconds; default: now.")] = None,
) -> None:
    """As an issuer, give a credential; look at the person and the papers first."""
    value = _load(request_file)
    body = value["request"]
    key = _hex(body["key"])
    if recover(_request_digest(body), _hex(value["signature"])) != key:
        raise KeyringError("The request is not signed by the key it names.", code="credential.request")
    since = start if start is not None else to_unix(datetime.now(UTC))
    until = to_unix(from_unix(since) + timedelta(days=days))
    credential = Credential(key, _hex(body["subject"]), _hex(body["organisation"]), body["role"], since, until)
    signature = _issuing_key(issuer, passphrase).sign(digest(credential, _registry(trust)))
    write_private(out, dump_json(ActChain(credential, signature).to_json()))
    console.print(f"[green]✓[/] Credential for {body['name']} written to {out}.")


@app.command("accept")
def accept(folder: Folder, chain_file: Path, label: Annotated[str, typer.Option(help="A short name.")] = "own") -> None:
    """Keep a credential or delegation in the key folder."""
    chain = ActChain.from_json(_load(chain_file))
    actor = chain.delegation.key if chain.delegation else chain.credential.key
    if actor != Keyring(folder).identity().address:
        raise KeyringError("This credential is for another key.", code="credential.key")
    console.print(f"[green]✓[/] Kept as {Keyring(folder).add_chain(label, chain)}.")


@app.command("delegate")
def delegate(
    folder: Folder,
    key: Annotated[str, typer.Option(help="Address of the delegate's key.")],
    scope: Annotated[list[str], typer.Option(help="prepare, submit, open, object, conduct; repeat for several.")],
    trust: Trust,
    out: Annotated[Path, typer.Option(help="Where to write the delegation.")],
    passphrase: Passphrase,
    tender: Annotated[str, typer.Option(help="Only this tender; default: all.")] = "0x" + ZERO32.hex(),
    days: Annotated[int, typer.Option(min=1, max=1100)] = 90,
    label: Annotated[str, typer.Option(help="Which of the folder's credentials to delegate from.")] = "own",
) -> None:
    """As an organisation, let another key act for it."""
    keyring = Keyring(folder)
    own = keyring.chain(label)
    until = to_unix(datetime.now(UTC) + timedelta(days=days))
    delegation = Delegation(own.credential.organisation, _hex(key), int(_scope(scope)), _hex(tender), until)
    signature = keyring.unlock(passphrase).sign(digest(delegation, _registry(trust)))
    chain = ActChain(own.credential, own.credential_signature, delegation, signature)
    write_private(out, dump_json(chain.to_json()))
    console.print(f"[green]✓[/] Delegation written to {out}.")


@app.command("revoke")
def revoke(
    folder: Folder,
    chain_file: Annotated[Path, typer.Argument(help="The credential or delegation to end.")],
    trust: Trust,
    out: Annotated[Path, typer.Option(help="Where to write the revocation; anybody may carry it to the chain.")],
    passphrase: Passphrase,
) -> None:
    """Sign the end of a credential or delegation, as its organisation or its issuer."""
    chain = ActChain.from_json(_load(chain_file))
    registry = _registry(trust)
    ended = digest(chain.delegation or chain.credential, registry)
    act = Revocation(ended, to_unix(datetime.now(UTC)))
    signature = Keyring(folder).unlock(passphrase).sign(digest(act, registry))
    value = {"revocation": act.to_json(), "signature": "0x" + signature.hex(), "chain": chain.to_json()}
    write_private(out, dump_json(value))
    console.print(f"[green]✓[/] Revocation of 0x{ended.hex()} written to {out}.")


@app.command("backup")
def backup(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="Where to write the recovery file.")],
    passphrase: Passphrase,
    recovery_passphrase: Annotated[
        str,
        typer.Option(
            prompt=True,
            confirmation_prompt=True,
            hide_input=True,
            envvar="SUNBID_RECOVERY_PASSPHRASE",
            help="Another one.",
        ),
    ],
) -> None:
    """Write the key to a recovery file under a passphrase of its own (Argon2id)."""
    key = Keyring(folder).unlock(passphrase)
    write_private(
        out, write_recovery_file(key.secret, recovery_passphrase, secrets.token_bytes(16), secrets.token_bytes(12))
    )
    console.print(f"[green]✓[/] Recovery file written to {out}. Keep it away from this machine.")


def _show(keyring: Keyring) -> None:
    identity = keyring.identity()
    table = Table(show_header=False, box=None)
    table.add_row("name", identity.name)
    table.add_row("organisation", "0x" + identity.organisation.hex())
    table.add_row("address", "0x" + identity.address.hex())
    for label, chain in keyring.chains().items():
        until = from_unix(chain.credential.valid_to).date().isoformat()
        table.add_row(f"credential {label}", f"{Role(chain.credential.role).name.lower()}, until {until}")
    console.print(table)


def _role(text: str) -> Role:
    try:
        return Role[text.upper().replace("-", "_")]
    except KeyError as error:
        names = ", ".join(role.name.lower() for role in Role)
        raise KeyringError(f"There is no role {text}. Roles are: {names}.", code="credential.role") from error


def _issuing_key(folder: Path, passphrase: str) -> SigningKey:
    """Return the issuer's key from its key folder; in development a city keeps it among its own."""
    if (folder / FILE_NAME).exists():
        return CityKeys.load(CitySettings.load(folder).keys_dir).issuer
    return Keyring(folder).unlock(passphrase)


def _scope(names: list[str]) -> Scope:
    found = Scope(0)
    for name in names:
        try:
            found |= Scope[name.upper()]
        except KeyError as error:
            known = ", ".join(str(scope.name).lower() for scope in Scope)
            raise KeyringError(f"There is no scope {name}. Scopes are: {known}.", code="delegation.scope") from error
    return found


def _request_digest(body: dict[str, Any]) -> bytes:
    return personal_digest(canonical.dumps(body).decode())


def _registry(trust: Path) -> Domain:
    try:
        return TrustFile.from_bytes(trust.read_bytes()).domain
    except OSError as error:
        raise KeyringError(f"{trust} cannot be read: {error.strerror}.", code="file.unreadable") from error


def _load(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except OSError as error:
        raise KeyringError(f"{path} cannot be read: {error.strerror}.", code="file.unreadable") from error
    except json.JSONDecodeError as error:
        raise KeyringError(f"{path} is not JSON: {error}.", code="file.malformed") from error
    if not isinstance(value, dict):
        raise KeyringError(f"{path} must hold an object.", code="file.malformed")
    return value


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise KeyringError(f"{text!r} is not hex.", code="file.malformed") from error


COMMANDS = {"id": app}
