"""Ganache as a child process: Node's development chain, with an EVM and an RPC that are neither geth's nor anvil's.

It mines every transaction at once, after it has accepted it, and tells the wall clock's time. The one fork on which it
takes a gas price of zero from keys without funds is Berlin.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ledger.chain.devnet import CHAIN_ID, GAS_LIMIT
from ledger.chain.node import NodeError, NodeProcess
from ledger.loopback import free_port

_PROGRAM = Path(__file__).parents[2] / "node_modules" / "ganache" / "dist" / "node" / "cli.js"


def start_ganache(folder: Path, *, chain_id: int = CHAIN_ID, port: int = 0) -> NodeProcess:
    """Start Ganache with its state in `folder` and return when it answers; port 0 takes a free one.

    The state survives a kill. Refuses where `make setup` has not installed Ganache.
    """
    if not _PROGRAM.exists():
        raise NodeError("Ganache is not installed: run `make setup`")
    chosen = port or free_port()
    command = [
        *(_node(), str(_PROGRAM), "--hardfork", "berlin", "--gasPrice", "0", "--wallet.totalAccounts", "0"),
        *("--chain.chainId", str(chain_id), "--chain.networkId", str(chain_id), "--port", str(chosen)),
        *("--miner.blockGasLimit", str(GAS_LIMIT), "--miner.callGasLimit", str(GAS_LIMIT)),
        *("--database.dbPath", str(folder / "database"), "--logging.quiet"),
        *("--miner.instamine", "strict"),
    ]
    node = NodeProcess("ganache", command, f"http://127.0.0.1:{chosen}", folder / "ganache.log")
    node.start()
    node.wait(chain_id)
    return node


def _node() -> str:
    """Return the Node that `node` runs: that may be a script that starts another process, which would outlive it."""
    found = shutil.which("node")
    if found is None:
        raise NodeError("Node is not installed: run `make setup`")
    said = subprocess.run([found, "--print", "process.execPath"], check=True, capture_output=True, text=True)
    return said.stdout.strip()
