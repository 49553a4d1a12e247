"""`sunbid up`, `down` and `city`: a whole network on one machine, for development."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.cli.app import single
from api.stack.network import Stack, StackError
from api.stack.supervisor import RunFolder, run_network

DEFAULT = Path("var/network")

Folder = Annotated[Path, typer.Option(help="Where the network's data lie; made if there is none.")]
console = Console()


def up(
    folder: Folder = DEFAULT, background: Annotated[bool, typer.Option(help="Return when it is up.")] = False
) -> None:
    """Run chain, three cities and key-holders until Ctrl-C, or in the background."""
    run = RunFolder(folder.resolve())
    if background:
        with console.status("starting chain, cities and key-holders"):
            run.start_detached()
        _show(Stack.load(run.folder))
        return
    if run.running() is not None:
        raise StackError("This network is running already. Stop it: sunbid down.", code="stack.running")
    asyncio.run(run_network(run.folder, lambda text: console.print(f"[dim]up[/] {text}")))


def down(folder: Folder = DEFAULT) -> None:
    """Stop the network that runs in the background."""
    console.print("stopped" if RunFolder(folder.resolve()).stop() else "nothing was running")


city = typer.Typer(no_args_is_help=True, help="Take a city of the running network away, or bring it back.")


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


def _known(name: str, folder: Path) -> None:
    cities = Stack.load(folder.resolve()).cities
    if name not in cities:
        raise StackError(f"There is no city {name}. Cities are: {', '.join(cities)}.", code="stack.city_unknown")


def _show(stack: Stack) -> None:
    for name, url in stack.cities.items():
        console.print(f"  {name:<8} {url}")
    console.print(f"  trust file  {stack.trust_path}\n  stop it     sunbid down --folder {stack.folder}")


COMMANDS = {"up": single(up), "down": single(down), "city": city}
