"""What a city reads from its own chain node: blocks, calls, logs and storage proofs, by contract name.

Every name is resolved through CityRegistry's current versions; `At` names a contract by address, because a tender
keeps the contracts it was announced on.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import TracebackType
from typing import Any, Self

from ledger.chain.answers import (
    AccountProof,
    Block,
    BlockId,
    ChainStateError,
    Log,
    RawLog,
    Receipt,
    Standing,
    read_block,
    read_log,
    read_proof,
    read_receipt,
)
from ledger.chain.contracts import Artifact, Function, Revert, artifact, decode_revert
from ledger.chain.rpc import MAX_BATCH, Rpc, RpcError, to_bytes, to_hex, to_int
from ledger.errors import SunbidError

MAX_LOG_BLOCKS = 5000
"""Blocks a log query: Besu refuses more."""

LAG_BLOCKS = 8
"""Blocks that a node may be behind what was seen; one that is further behind is passed over while another is not."""
RETURN_SECONDS = 30.0
"""Seconds after which a city whose own node failed looks whether it is back."""

_WHOLE_TRANSACTIONS = 50
"""Transactions asked for with one request: they come with their data, and geth answers 25 MB at most."""


class ContractKind(IntEnum):
    """The contracts that CityRegistry names, by its numbers."""

    AnchorRegistry = 1
    TenderBook = 2
    KeySets = 3
    CreditLedger = 4


REGISTRY = "CityRegistry"
CONTRACTS = (REGISTRY, *(kind.name for kind in ContractKind))
_REVERTING = (*CONTRACTS, "TenderRules")
"""Whose errors a call may end with: those of the contracts, and those of TenderBook's own helper."""


class ContractRevertedError(SunbidError):
    """A contract refused a call; `revert` says why."""

    code = "chain.reverted"

    def __init__(self, contract: str, function: str, revert: Revert) -> None:
        shown = {name: to_hex(v) if isinstance(v, bytes) else v for name, v in revert.args.items()}
        super().__init__(
            f"{contract}.{function} is refused: {revert}",
            contract=contract,
            function=function,
            error=revert.name,
            args=shown,
        )
        self.revert = revert


@dataclass(frozen=True)
class At:
    """A contract of this name at this address."""

    name: str
    address: bytes


ContractRef = str | At


@dataclass(frozen=True)
class Finality:
    """When a block counts: with `depth` blocks on top of it; 0 (`bft`) where a block is final."""

    depth: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `bft` or `depth:N`."""
        if text == "bft":
            return cls(0)
        found = re.fullmatch(r"depth:([1-9][0-9]{0,4})", text)
        if not found:
            raise ChainStateError(f"finality is 'bft' or 'depth:N', not {text!r}")
        return cls(int(found[1]))

    def __str__(self) -> str:
        return f"depth:{self.depth}" if self.depth else "bft"

    def final(self, head: int) -> int:
        """Return the number of the last final block when `head` is the latest."""
        return max(0, head - self.depth)


@dataclass(frozen=True)
class Call:
    """One read of a batch."""

    contract: ContractRef
    function: str
    args: tuple[Any, ...] = ()


class ChainClient:
    """Reads through one or several nodes of the same chain; belongs to one event loop, is closed with `close`."""

    def __init__(
        self, rpc_urls: Sequence[str], chain_id: int, registry: bytes, *, finality: Finality | None = None
    ) -> None:
        self.rpc = Rpc(rpc_urls)
        self.chain_id = chain_id
        self.registry = registry
        self.finality = finality or Finality(0)
        self._addresses: dict[str, bytes] = {}
        self._reached = 0
        self._look_back = 0.0
        self._resolving = asyncio.Lock()

    async def check(self) -> None:
        """Refuse a node of another chain, and a chain without the registry; pass over one that starts from nothing."""
        head = await self.block()
        if head.number == 0 and await self.rpc.turn_to(1):
            head = await self.block()
        self.expect(head.number)
        found, code = await self.rpc.batch([("eth_chainId", ()), ("eth_getCode", (to_hex(self.registry), "latest"))])
        if found != hex(self.chain_id):
            raise ChainStateError(f"the node is on chain {found}, the settings say {self.chain_id}")
        if code in ("0x", None):
            raise ChainStateError(f"no CityRegistry stands at {to_hex(self.registry)} on chain {self.chain_id}")

    async def close(self) -> None:
        """Close the connections."""
        await self.rpc.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- blocks -------------------------------------------------------------------------------------------------

    async def block(self, number: BlockId = "latest") -> Block:
        """Return a block; refuse a number that the chain has not reached."""
        return (await self.blocks([number]))[0]

    async def find_block(self, number: int) -> Block | None:
        """Return a block, None if the chain has not reached it."""
        answer = await self.rpc.request("eth_getBlockByNumber", hex(number), False)
        return None if answer is None else read_block(number, answer)

    async def blocks(self, numbers: Sequence[BlockId]) -> list[Block]:
        """Return several blocks with one request."""
        answers = await self.rpc.batch([("eth_getBlockByNumber", (_block_id(n), False)) for n in numbers])
        return [read_block(number, answer) for number, answer in zip(numbers, answers, strict=True)]

    def expect(self, height: int) -> None:
        """Take note that the chain has this block: a node that is far behind it is not asked while another is there."""
        self._reached = max(self._reached, height)

    async def head(self) -> Block:
        """Return the latest block of the first node that is not behind what was seen before.

        If all are behind, the chain itself was restored from an older state, and that is the answer.
        """
        wanted, now = self._reached - LAG_BLOCKS, asyncio.get_running_loop().time()
        if self.rpc.is_away and now >= self._look_back:
            self._look_back = now + RETURN_SECONDS
            await self.rpc.turn_to(wanted)
        head = await self.block()
        if head.number < wanted and await self.rpc.turn_to(wanted):
            head = await self.block()
        self._reached = head.number
        return head

    async def final_block(self) -> Block:
        """Return the last block that counts under the finality setting."""
        head = await self.head()
        final = self.finality.final(head.number)
        return head if final == head.number else await self.block(final)

    # --- calls --------------------------------------------------------------------------------------------------

    async def contract(self, ref: ContractRef) -> bytes:
        """Return the address of a contract: CityRegistry's own, or the version it named last."""
        if isinstance(ref, At):
            return ref.address
        if ref == REGISTRY:
            return self.registry
        async with self._resolving:
            if ref not in self._addresses:
                self._addresses[ref] = await self._current(ref)
        return self._addresses[ref]

    async def _current(self, name: str) -> bytes:
        try:
            kind = ContractKind[name]
        except KeyError as error:
            raise ChainStateError(f"CityRegistry names no contract {name}") from error
        address: bytes = await self.call(REGISTRY, "currentVersion", kind)
        if not any(address):
            raise ChainStateError(f"the governors have not named a {name} yet")
        return address

    def forget_versions(self) -> None:
        """Resolve names again: a new version was named."""
        self._addresses.clear()

    async def call(
        self,
        contract: ContractRef,
        function: str,
        *args: Any,
        block: BlockId = "latest",
        sender: bytes | None = None,
    ) -> Any:
        """Return what a function answers at `block`; raise `ContractRevertedError` with the contract's own reason.

        On a function that writes this tries the transaction without sending it.
        """
        return (await self.call_many([Call(contract, function, args)], block=block, sender=sender))[0]

    async def call_many(
        self, calls: Sequence[Call], *, block: BlockId = "latest", sender: bytes | None = None
    ) -> list[Any]:
        """Return the answers to several calls with one request; the first refusal is raised."""
        functions = [artifact(_name(c.contract)).function(c.function) for c in calls]
        requests = [
            _eth_call(await self.contract(c.contract), f.encode_call(c.args), block, sender)
            for c, f in zip(calls, functions, strict=True)
        ]
        answers = await self.rpc.batch(requests)
        return [self._answer(c, f, a) for c, f, a in zip(calls, functions, answers, strict=True)]

    def _answer(self, call: Call, function: Function, answer: Any) -> Any:
        name = _name(call.contract)
        if isinstance(answer, RpcError):
            revert = self.decode_error(answer)
            raise ContractRevertedError(name, call.function, revert) if revert else answer
        if answer == "0x" and function.outputs:
            raise ChainStateError(f"nothing answers as {name}: no contract stands at its address at that block")
        return function.decode_result(to_bytes(answer))

    async def revert_of(self, to: bytes, data: bytes, sender: bytes, block: BlockId) -> Revert | None:
        """Return why this transaction would be refused on the state after `block`, or None if it would not."""
        answer = (await self.rpc.batch([_eth_call(to, data, block, sender)]))[0]
        if not isinstance(answer, RpcError):
            return None
        revert = self.decode_error(answer)
        if revert is None:
            raise answer
        return revert

    @staticmethod
    def decode_error(error: RpcError | bytes) -> Revert | None:
        """Return the contract's reason in revert data or in a node's error; None if the error is the node's own."""
        if isinstance(error, bytes):
            return decode_revert(error, _artifacts())
        data = error.data.get("data") if isinstance(error.data, dict) else error.data
        if isinstance(data, str) and re.fullmatch(r"0x([0-9a-fA-F]{2})*", data):
            return decode_revert(to_bytes(data), _artifacts())
        return Revert("Unknown", {"message": error.reason}) if "revert" in error.reason.lower() else None

    # --- proofs, logs, receipts ---------------------------------------------------------------------------------

    async def get_proof(self, address: bytes, slots: Sequence[bytes], block: BlockId = "latest") -> AccountProof:
        """Return the account and these 32-byte slots with their Merkle-Patricia proofs under `block`'s state root."""
        keys = [to_hex(slot) for slot in slots]
        raw = await self.rpc.request("eth_getProof", to_hex(address), keys, _block_id(block))
        return read_proof(address, slots, raw)

    async def storage(self, address: bytes, slot: bytes, block: BlockId = "latest") -> int:
        """Return a storage slot as a number; one that was never written is 0, for which Ganache answers no bytes."""
        answer = await self.rpc.request("eth_getStorageAt", to_hex(address), to_hex(slot), _block_id(block))
        return 0 if answer == "0x" else to_int(answer)

    async def storages(self, address: bytes, slots: Sequence[int], block: BlockId = "latest") -> list[int]:
        """Return several storage slots, by number, in batches, as `storage` does each."""
        keys = [to_hex((slot % 2**256).to_bytes(32, "big")) for slot in slots]
        requests = [("eth_getStorageAt", (to_hex(address), key, _block_id(block))) for key in keys]
        answers = await self.rpc.batch(requests)
        for answer in answers:
            if isinstance(answer, RpcError):
                raise answer
        return [0 if answer == "0x" else to_int(answer) for answer in answers]

    async def logs(
        self,
        contracts: Sequence[ContractRef],
        from_block: int,
        to_block: int,
        *,
        events: Sequence[str] = (),
    ) -> list[Log]:
        """Return the events of these contracts in chain order; `events` limits them by name.

        Pages of `MAX_LOG_BLOCKS`; `to_block` must not lie beyond the head.
        """
        names = await self._names(contracts)
        found: list[Log] = []
        for start in range(from_block, to_block + 1, MAX_LOG_BLOCKS):
            end = min(to_block, start + MAX_LOG_BLOCKS - 1)
            page = await self.rpc.request("eth_getLogs", _log_query(names, start, end, events))
            found += [log.decoded() for entry in page if (log := read_log(names, entry))]
        return found

    async def settled_logs(
        self, contracts: Sequence[ContractRef], from_block: int, to_block: int
    ) -> tuple[list[RawLog], Block] | None:
        """Return the undecoded events of these blocks and the last block, if that counts for the node that gave them.

        A node that is behind has no events of blocks that it does not have, and says so by giving none. At most
        `MAX_LOG_BLOCKS`.
        """
        names = await self._names(contracts)
        head, page, end = await self.rpc.batch(
            [
                ("eth_getBlockByNumber", ("latest", False)),
                ("eth_getLogs", (_log_query(names, from_block, to_block, ()),)),
                ("eth_getBlockByNumber", (hex(to_block), False)),
            ]
        )
        if self.finality.final(read_block("latest", head).number) < to_block:
            return None
        if isinstance(page, RpcError):
            raise page
        return [log for entry in page if (log := read_log(names, entry))], read_block(to_block, end)

    async def _names(self, contracts: Sequence[ContractRef]) -> dict[bytes, str]:
        return {await self.contract(ref): _name(ref) for ref in contracts}

    async def receipts(self, hashes: Sequence[bytes]) -> list[Receipt | None]:
        """Return the receipts of transactions, None for each that is not mined."""
        return [read_receipt(answer) for answer in await self.rpc.batch(_receipt_requests(hashes))]

    async def standings(self, hashes: Sequence[bytes]) -> list[Standing]:
        """Return what `receipts` does, each with the last block that counts on the chain of the node that gave it.

        The next question may go to another node. While the network is split, one has the receipt of a block that is
        given up later, and another has the height at which a block of that number counts.
        """
        found: list[Standing] = []
        for start in range(0, len(hashes), MAX_BATCH - 1):
            page = _receipt_requests(hashes[start : start + MAX_BATCH - 1])
            head, *answers = await self.rpc.batch([("eth_getBlockByNumber", ("latest", False)), *page])
            final = self.finality.final(read_block("latest", head).number)
            found += [Standing(read_receipt(answer), final) for answer in answers]
        return found

    async def transaction_count(self, address: bytes, block: BlockId = "latest") -> int:
        """Return how many transactions of `address` are mined: its next nonce."""
        return to_int(await self.rpc.request("eth_getTransactionCount", to_hex(address), _block_id(block)))

    async def broadcast(self, raws: Sequence[bytes]) -> list[RpcError | None]:
        """Hand signed transactions to a node in order; an answer without error still only means "accepted"."""
        answers = await self.rpc.batch([("eth_sendRawTransaction", (to_hex(raw),)) for raw in raws])
        return [answer if isinstance(answer, RpcError) else None for answer in answers]

    async def knows(self, hashes: Sequence[bytes]) -> list[bool]:
        """Say of transactions whether the node has them, mined or waiting; what it accepted and dropped it has not."""
        return [answer is not None for answer in await self._transactions(hashes)]

    async def calldata(self, hashes: Sequence[bytes]) -> list[bytes]:
        """Return the data of mined transactions."""
        return [to_bytes(answer["input"]) for answer in await self._transactions(hashes)]

    async def _transactions(self, hashes: Sequence[bytes]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(hashes), _WHOLE_TRANSACTIONS):
            page = hashes[start : start + _WHOLE_TRANSACTIONS]
            for answer in await self.rpc.batch([("eth_getTransactionByHash", (to_hex(h),)) for h in page]):
                if isinstance(answer, RpcError):
                    raise answer
                found.append(answer)
        return found


def _name(ref: ContractRef) -> str:
    return ref.name if isinstance(ref, At) else ref


def _artifacts() -> list[Artifact]:
    return [artifact(name) for name in _REVERTING]


def _block_id(block: BlockId) -> str:
    return block if isinstance(block, str) else hex(block)


def _eth_call(to: bytes, data: bytes, block: BlockId, sender: bytes | None) -> tuple[str, Sequence[object]]:
    call = {"to": to_hex(to), "data": to_hex(data)} | ({"from": to_hex(sender)} if sender else {})
    return "eth_call", (call, _block_id(block))


def _log_query(names: Mapping[bytes, str], start: int, end: int, events: Sequence[str]) -> dict[str, Any]:
    topics = {"topics": [_topics(set(names.values()), events)]} if events else {}
    return {"address": [to_hex(address) for address in names], "fromBlock": hex(start), "toBlock": hex(end)} | topics


def _topics(names: set[str], events: Sequence[str]) -> list[str]:
    found = [to_hex(topic) for n in names for topic, event in artifact(n).events.items() if event.name in events]
    if not found:
        raise ChainStateError(f"no contract here has the events {', '.join(events)}")
    return found


def _receipt_requests(hashes: Sequence[bytes]) -> list[tuple[str, Sequence[object]]]:
    return [("eth_getTransactionReceipt", (to_hex(one),)) for one in hashes]
