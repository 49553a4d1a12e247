"""`make network`: four validators for a developer, until Ctrl-C. `python -m scripts.network build` only builds geth."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
from pathlib import Path

from ledger.errors import SunbidError
from scripts.network.toolchain import geth_path
from scripts.network.validators import ValidatorNetwork

FOLDER = Path("var/network")
FIRST_PORT = 8545
_ASK = (
    "curl -s -H 'Content-Type: application/json' "
    """-d '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}'"""
)


def main(arguments: list[str]) -> int:
    """Build, or run a new network until it is told to stop."""
    if arguments == ["build"]:
        print(geth_path())
        return 0
    shutil.rmtree(FOLDER, ignore_errors=True)
    with ValidatorNetwork.create(FOLDER, first_port=FIRST_PORT) as network:
        print(f"four validators seal chain {network.chain_id}, a block a second; gas costs nothing")
        for validator in network.validators:
            print(
                f"  v{validator.number}  {validator.url}  process {validator.process.pid}  {validator.folder}/geth.log"
            )
        print(
            f"finality: depth:{network.depth}. Kill one (kill -9 PROCESS): blocks go on. Two: the chain stands still."
        )
        print(f"ask one:  {_ASK} {network.urls[0]}")
        print("Ctrl-C ends the network.", flush=True)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        stop.wait()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SunbidError as error:
        sys.exit(f"network: {error.message}")
    except KeyboardInterrupt:
        sys.exit("network: ended before it was up")
