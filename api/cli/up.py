"""`sunbid up`, `down` and `city`: a whole network on one machine, for development."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.cli.app import single
from api.cli.connect import AsJson, run
from api.cli.output import print_json, table
from api.stack.network import Stack, StackError
from api.stack.supervisor import RunFolder, run_network
from ledger.acts import ZERO32
from ledger.chain.client import ChainClient
from ledger.city import City
from ledger.json_fields import to_hex

DEFAULT = Path("var/network")

Folder = Annotated[Path, typer.Option(help="Where the network's data lie; made if there is none.")]
console = Console()


def up(
    folder: Folder = DEFAULT, background: Annotated[bool, typer.Option(help="Return when it is up.")] = False
) -> None:
    """Run chain, three cities and key-holders until Ctrl-C, or in the background."""
    network = RunFolder(folder.resolve())
    if background:
        with console.status("starting chain, cities and key-holders"):
            network.start_detached()
        _show(Stack.load(network.folder))
        return
    if network.running() is not None:
        raise StackError("This network is running already. Stop it: sunbid down.", code="stack.running")
    asyncio.run(run_network(network.folder, lambda text: console.print(f"[dim]up[/] {text}")))


def down(folder: Folder = DEFAULT) -> None:
    """Stop the network that runs in the background."""
    console.print("stopped" if RunFolder(folder.resolve()).stop() else "nothing was running")


city = typer.Typer(no_args_is_help=True, help="The cities of a running network: away and back, and their keys.")


@city.command("stop")
def stop_city(name: str, folder: Folder = DEFAULT) -> None:
    """Take a city and its key-holder away, as a power cut would."""
    _known(name, folder)
    RunFolder(folder.resolve()).marker(name).touch()


@city.command("start")
def start_city(name: str, folder: Folder = DEFAULT) -> None:
    """Bring a city and its key-holder back, on the data that they left."""
    _known(name, folder)
    RunFolder(folder.resolve()).marker(name).unlink(missing_ok=True)


@city.command("keys")
def show_keys(folder: Folder = DEFAULT, as_json: AsJson = False) -> None:
    """Show what an announcement names: the cities' sealed logs, the seal key set, and the box keys still free."""
    stack = Stack.load(folder.resolve())
    origins = {name: to_hex(City(name, f"{name}.sunbid.example").sealed_origin_id) for name in stack.cities}
    free = [to_hex(key_id) for key_id in run(_free_box_keys(stack))]
    if as_json:
        print_json({"origins": origins, "sealKeyId": to_hex(stack.seal_key_id), "boxKeyIds": free})
        return
    rows = table("what", "id")
    for name, origin in origins.items():
        rows.add_row(f"sealed log of {name}", origin)
    rows.add_row("seal key set", to_hex(stack.seal_key_id))
    for key_id in free:
        rows.add_row("box key set", key_id)
    console.print(rows)


async def _free_box_keys(stack: Stack) -> list[bytes]:
    async with ChainClient([stack.rpc_url], stack.deployment.chain_id, stack.deployment.city_registry) as chain:
        sets = [await chain.call("KeySets", "keySet", key_id) for key_id in stack.box_key_ids]
    return [key_id for key_id, found in zip(stack.box_key_ids, sets, strict=True) if found.spent_by == ZERO32]


def _known(name: str, folder: Path) -> None:
    cities = Stack.load(folder.resolve()).cities
    if name not in cities:
        raise StackError(f"There is no city {name}. Cities are: {', '.join(cities)}.", code="stack.city_unknown")


def _show(stack: Stack) -> None:
    for name, url in stack.cities.items():
        console.print(f"  {name:<8} {url}")
    console.print(f"  trust file  {stack.trust_path}\n  stop it     sunbid down --folder {stack.folder}")


COMMANDS = {"up": single(up), "down": single(down), "city": city}
