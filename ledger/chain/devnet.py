"""A development chain on this machine: anvil as a child process, with a clock that only its owner moves.

Clock. The first block has the time given at the start. After that time passes in two ways only: each mined block is
one second later than the one before, and `advance_to` mines one block at that time. Transactions are mined at once,
those of one batch together, unless `hold` is on. So the chain's time never depends on how long anything takes. Whoever
wants it to run like a wall clock calls `advance_to` once a second.

State. With a folder the state is on disk (written every second and at `stop`), and a restart goes on where it ended;
like a node that prunes, it then answers calls and proofs at the latest block and later ones only.
Nothing here is for production: there is one validator, and it lies about the time when told to.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from ledger.chain.node import NodeProcess
from ledger.chain.rpc import Rpc, RpcError, to_int
from ledger.errors import SunbidError
from ledger.loopback import free_port

CHAIN_ID = 20_260
GAS_LIMIT = 100_000_000
_CHAIN_FLAGS = (
    *("--hardfork", "shanghai", "--gas-price", "0", "--block-base-fee-per-gas", "0", "--disable-min-priority-fee"),
    *("--accounts", "0", "--order", "fifo", "--gas-limit", str(GAS_LIMIT), "--quiet", "--no-mining"),
    # With more threads a transaction can enter the pool between the block that holds its predecessor and the pool's
    # notice of that block: it then waits for that predecessor for ever, and sending it again changes nothing.
    *("--threads", "1"),
)


class DevnetError(SunbidError):
    """The development chain cannot start, or was asked for the impossible."""

    code = "devnet.failed"


def anvil_path() -> Path:
    """Return the anvil binary that `make setup` installed; refuse if there is none."""
    root = Path(__file__).parents[2]
    found = sorted(root.glob("node_modules/@foundry-rs/anvil-*/bin/anvil*"))
    if not found:
        raise DevnetError("anvil is not installed: run `make setup`")
    return found[0]


class AnvilProcess(NodeProcess):
    """An anvil that listens on `url` from its making on, and ends with this process (on Linux even if that is killed).

    With a folder its state and its log are kept there, and `stop` writes the state first.
    """

    def __init__(self, *, folder: Path | None, port: int, chain_id: int, timestamp: int) -> None:
        port = port or free_port()
        start = ("--port", str(port), "--chain-id", str(chain_id), "--timestamp", str(timestamp))
        command = [str(anvil_path()), *_CHAIN_FLAGS, *start, *(_state_flags(folder) if folder else ())]
        super().__init__("anvil", command, f"http://127.0.0.1:{port}", folder / "anvil.log" if folder else None)
        self.chain_id = chain_id
        try:
            self.start()
            self.wait(chain_id)
            self._set_clock()
        except BaseException:
            self.stop()
            raise

    def _set_clock(self) -> None:
        """Mining starts only when the clock is set: after a restart anvil would go by the wall clock."""
        latest = self.ask("eth_getBlockByNumber", "latest", False)
        self.ask("anvil_setBlockTimestampInterval", 1)
        if to_int(latest["number"]):
            self.ask("evm_setNextBlockTimestamp", to_int(latest["timestamp"]) + 1)
        self.ask("evm_setAutomine", True)


class Devnet:
    """What drives a development chain: its clock, its snapshots; belongs to one event loop."""

    def __init__(self, url: str, chain_id: int = CHAIN_ID, *, process: AnvilProcess | None = None) -> None:
        self.url = url
        self.chain_id = chain_id
        self.process = process
        self._rpc = Rpc([url])

    @classmethod
    def start(
        cls, *, folder: Path | None = None, port: int = 0, chain_id: int = CHAIN_ID, timestamp: int = 1_767_225_600
    ) -> Self:
        """Start anvil and return when it answers; port 0 takes a free one, without `folder` nothing is kept.

        `timestamp` is the first block's time (default: 2026-01-01 UTC); a state on disk keeps its own.
        """
        process = AnvilProcess(folder=folder, port=port, chain_id=chain_id, timestamp=timestamp)
        return cls(process.url, chain_id, process=process)

    async def now(self) -> int:
        """Return the time of the latest block."""
        return to_int((await self._rpc.request("eth_getBlockByNumber", "latest", False))["timestamp"])

    async def advance_to(self, moment: int) -> None:
        """Mine one block at `moment`, seconds since 1970; a moment that has passed changes nothing.

        It may pass while this is asked for: each transaction that somebody sends meanwhile makes a block.
        """
        if await self.now() >= moment:
            return
        try:
            await self._rpc.request("evm_setNextBlockTimestamp", moment)
        except RpcError:
            if await self.now() < moment:
                raise
            return
        await self._rpc.request("evm_mine")

    async def advance(self, seconds: int) -> int:
        """Mine one block `seconds` after the latest and return its time; refuse less than one second."""
        if seconds < 1:
            raise DevnetError("time moves by whole seconds, one at least")
        moment = await self.now() + seconds
        await self.advance_to(moment)
        return moment

    async def mine(self, blocks: int = 1) -> None:
        """Mine blocks, each one second after the one before."""
        await self._rpc.batch([("evm_mine", ())] * blocks)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Mine nothing inside; at the end whatever waits goes into one block."""
        await self._rpc.request("evm_setAutomine", False)
        try:
            yield
        finally:
            await self._rpc.request("evm_mine")
            await self._rpc.request("evm_setAutomine", True)

    async def snapshot(self) -> str:
        """Return a mark that `revert` goes back to, once."""
        return str(await self._rpc.request("evm_snapshot"))

    async def revert(self, mark: str) -> None:
        """Go back to a mark: state, blocks and clock."""
        if not await self._rpc.request("evm_revert", mark):
            raise DevnetError("the mark is used up: take a new snapshot after each revert")

    async def reorg(self, depth: int) -> None:
        """Replace the last `depth` blocks by empty ones, as a chain without instant finality may."""
        await self._rpc.request("anvil_reorg", depth, [])

    async def close(self) -> None:
        """Close the connection; the chain goes on."""
        await self._rpc.close()

    async def stop(self) -> None:
        """Close the connection and end the chain if it was started here."""
        await self.close()
        if self.process:
            self.process.stop()


def _state_flags(folder: Path) -> tuple[str, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    return ("--state", str(folder / "state.json"), "--state-interval", "1")
