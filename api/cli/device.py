"""`sunbid seal`, `submit`, `withdraw`, `open`: the bidder's device, which believes only what is proven to it.

Everything is kept in a journal folder; a command that was cut off is repeated and goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer

from api.cli.app import single
from api.cli.connect import TIMEOUT_SECONDS, KeyFolder, Label, Passphrase, Signatory, TrustPath, run
from api.cli.inputs import InputError, load_trust, read_id
from api.cli.output import console, done, table, warn
from bidding.box.remote import RemoteError
from bidding.device.cities import DeviceCity
from bidding.device.device import Device
from bidding.device.sealer import Signer
from bidding.device.watch import ActStatus, Stage
from bidding.tender.documents import BidderName, price_document
from bidding.tender.money import Money, parse_amount
from ledger.acts import Envelope
from ledger.chain.client import ChainClient
from ledger.chain.clock import ChainClock
from ledger.chain.evidence.trust import TrustFile
from ledger.clock import SystemClock
from ledger.keyring import Keyring, write_private

Tender = Annotated[str, typer.Argument(help="The tender's id.")]
Cities = Annotated[
    list[str], typer.Option("--city", help="A city as name=URL; repeat for each, the first one is handed in at first.")
]
Journal = Annotated[
    Path | None, typer.Option("--journal", help="Where every step is kept; default: `journal` in the key folder.")
]
NodeUrl = Annotated[str | None, typer.Option("--rpc", help="A chain node: to bring a slip to the contract yourself.")]
Driven = Annotated[
    bool, typer.Option("--development", help="The network's clock is driven: follow the chain's (needs --rpc).")
]
LotNumber = Annotated[int, typer.Option("--lot", min=0, help="The lot; 0 is the whole tender.")]
EnvelopeName = Annotated[str, typer.Option("--envelope", help="qualification, technical or price.")]


@dataclass(frozen=True)
class _Setting:
    """Where a device works: the trust file, the cities by name, a chain node, whose clock."""

    trust: TrustFile
    cities: dict[str, str]
    rpc: str | None
    driven: bool
    journal: Path

    @classmethod
    def of(
        cls, trust: Path, cities: list[str], rpc: str | None, driven: bool, keys: Path, journal: Path | None
    ) -> _Setting:
        pinned = load_trust(trust)
        named = dict(_city(text) for text in cities)
        unknown = set(named) - {city.name for city in pinned.cities}
        if unknown:
            raise InputError(f"The trust file pins no city {', '.join(sorted(unknown))}.", code="input.city")
        if driven and rpc is None:
            raise InputError("To follow the chain's clock the device needs a node: --rpc URL.", code="input.rpc")
        return cls(pinned, named, rpc, driven, journal or keys / "journal")


def seal(
    tender: Tender,
    envelope: EnvelopeName,
    trust: TrustPath,
    city: Cities,
    keys: KeyFolder,
    passphrase: Passphrase,
    document: Annotated[Path | None, typer.Option(help="The envelope's document (docs/document-formats.md).")] = None,
    price: Annotated[list[str] | None, typer.Option(help="Instead of a document: a price, e.g. CNY 1200.50.")] = None,
    name: Annotated[str | None, typer.Option(help="The bidder's name with --price; else the key folder's.")] = None,
    lot: LotNumber = 0,
    journal: Journal = None,
    rpc: NodeUrl = None,
    development: Driven = False,
    label: Label = "own",
) -> None:
    """Seal a document on this machine; nothing is sent."""
    kind, tender_id = _envelope(envelope), read_id(tender, "A tender")
    setting = _Setting.of(trust, city, rpc, development, keys, journal)
    signer = Signatory.unlock(keys, label, passphrase)
    path = document or _price_file(setting, tender_id, lot, kind, price, _called(keys, name))

    async def work() -> None:
        async with _device(setting, signer, sign_in=False) as device:
            await device.seal(tender_id, lot, kind, path)

    run(work())
    done(f"Sealed in {setting.journal}. Hand it in: sunbid submit {tender}")


def submit(
    tender: Tender,
    trust: TrustPath,
    city: Cities,
    keys: KeyFolder,
    passphrase: Passphrase,
    journal: Journal = None,
    rpc: NodeUrl = None,
    development: Driven = False,
    label: Label = "own",
) -> None:
    """Hand in what is sealed and not acknowledged yet, and show how far everything is in the box, by proof.

    Repeat it: the same bytes are sent again, and the box is looked at again. Exit 1 while something is not in time.
    """
    tender_id = read_id(tender, "A tender")
    setting = _Setting.of(trust, city, rpc, development, keys, journal)
    signer = Signatory.unlock(keys, label, passphrase)

    async def work() -> tuple[ActStatus, ...]:
        async with _device(setting, signer) as device:
            waiting = [ActStatus.of(attempt) for attempt in device.journal(tender_id).alive()]
            if any(status.stage is Stage.SEALED for status in waiting):
                await device.resume(tender_id)
            return await device.watch(tender_id)

    statuses = run(work())
    _show(statuses)
    if any(status.stage is not Stage.IN_TIME for status in statuses):
        raise typer.Exit(1)


def withdraw(
    tender: Tender,
    envelope: EnvelopeName,
    trust: TrustPath,
    city: Cities,
    keys: KeyFolder,
    passphrase: Passphrase,
    lot: LotNumber = 0,
    journal: Journal = None,
    rpc: NodeUrl = None,
    development: Driven = False,
    label: Label = "own",
) -> None:
    """Withdraw what was submitted for a lot and envelope."""
    kind, tender_id = _envelope(envelope), read_id(tender, "A tender")
    setting = _Setting.of(trust, city, rpc, development, keys, journal)
    signer = Signatory.unlock(keys, label, passphrase)

    async def work() -> ActStatus:
        async with _device(setting, signer) as device:
            return await device.withdraw(tender_id, lot, kind)

    _show((run(work()),))


def open_bids(
    tender: Tender,
    trust: TrustPath,
    city: Cities,
    keys: KeyFolder,
    passphrase: Passphrase,
    journal: Journal = None,
    rpc: NodeUrl = None,
    development: Driven = False,
    label: Label = "own",
) -> None:
    """Open your own bids, once their envelopes are opening, by publishing their secret numbers."""
    tender_id = read_id(tender, "A tender")
    setting = _Setting.of(trust, city, rpc, development, keys, journal)
    signer = Signatory.unlock(keys, label, passphrase)

    async def work() -> int:
        async with _device(setting, signer) as device:
            return await device.open(tender_id)

    opened = run(work())
    if opened:
        done(f"Opened: {opened}.")
    else:
        warn("Nothing of yours is to be opened now: no envelope with a bid of this journal is opening.")


@asynccontextmanager
async def _device(setting: _Setting, signer: Signatory, *, sign_in: bool = True) -> AsyncIterator[Device]:
    async with AsyncExitStack() as stack:
        chain = None
        if setting.rpc is not None:
            client = ChainClient([setting.rpc], setting.trust.chain_id, setting.trust.city_registry)
            chain = await stack.enter_async_context(client)
        cities = []
        for name, url in setting.cities.items():
            reading, account = [
                await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS))
                for _ in range(2)
            ]
            cities.append(DeviceCity.of(name, reading, account))
        if sign_in:
            await _sign_in(cities, signer)
        clock = ChainClock(chain) if setting.driven and chain is not None else SystemClock()
        yield Device(setting.journal, Signer(signer.key, signer.papers), setting.trust, cities, clock, chain)


async def _sign_in(cities: list[DeviceCity], signer: Signatory) -> None:
    """Sign in where it is possible: a city that is down is one fewer to hand in at."""
    for city in cities:
        try:
            await city.sign_in(signer.key, signer.papers)
        except RemoteError as error:
            warn(f"{city.name}: {error.message}")


def _show(statuses: tuple[ActStatus, ...]) -> None:
    rows = table(">no.", "act", ">lot", "envelope", ">sequence", "state")
    for status in statuses:
        place = [str(status.number), status.kind, str(status.lot), status.envelope, str(status.sequence)]
        rows.add_row(*place, status.sentence)
    console.print(rows)


def _city(text: str) -> tuple[str, str]:
    name, sign, url = text.partition("=")
    if not sign or not url.startswith(("http://", "https://")):
        raise InputError(f"A city is written name=URL, not {text!r}.", code="input.city")
    return name, url


def _envelope(text: str) -> Envelope:
    try:
        return Envelope[text.upper()]
    except KeyError as error:
        names = ", ".join(envelope.text for envelope in Envelope)
        raise InputError(f"There is no envelope {text!r}. Envelopes are: {names}.", code="input.envelope") from error


def _called(keys: Path, name: str | None) -> BidderName:
    """Return how the bidder is read out: as it was registered, or by the name that was typed."""
    identity = Keyring(keys).identity()
    return BidderName(name or identity.name, identity.uscc)


def _price_file(
    setting: _Setting, tender: bytes, lot: int, envelope: Envelope, prices: list[str] | None, called: BidderName
) -> Path:
    """Write the document of a price that was typed, beside the journal."""
    if not prices or envelope is not Envelope.PRICE:
        raise InputError("Name the envelope's document with --document; --price serves a price envelope.",
                         code="input.document")  # fmt: skip
    amounts = tuple(_money(text) for text in prices)
    path = setting.journal / f"price-{tender.hex()}-{lot}.json"
    write_private(path, price_document(tender, lot, amounts, bidder=called))
    return path


def _money(text: str) -> Money:
    currency, _, amount = text.strip().partition(" ")
    return Money(currency, parse_amount(amount, "a price"))


COMMANDS = {"seal": single(seal), "submit": single(submit), "withdraw": single(withdraw), "open": single(open_bids)}
