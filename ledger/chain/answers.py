"""What a chain node answers, read into values: blocks, proofs, events, receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ledger.chain.contracts import artifact
from ledger.chain.rpc import RpcError, to_bytes, to_int
from ledger.errors import SunbidError

BlockId = int | Literal["latest"]


class ChainStateError(SunbidError):
    """The chain is not the one that the settings describe, or lacks what the deployment needs."""

    code = "chain.state"


@dataclass(frozen=True)
class Block:
    """A block's header; `raw` is the node's JSON object, from which evidence builds the RLP."""

    number: int
    hash: bytes
    parent: bytes
    state_root: bytes
    timestamp: int
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True)
class StorageProof:
    """One slot with the trie nodes from the account's storage root to it."""

    slot: bytes
    value: int
    nodes: tuple[bytes, ...]


@dataclass(frozen=True)
class AccountProof:
    """An account with the trie nodes from the block's state root to it, and its slots in the order asked for."""

    address: bytes
    nonce: int
    balance: int
    code_hash: bytes
    storage_root: bytes
    nodes: tuple[bytes, ...]
    storage: tuple[StorageProof, ...]


@dataclass(frozen=True)
class Log:
    """A decoded event with its place on the chain."""

    contract: str
    address: bytes
    event: str
    args: Mapping[str, Any]
    block: int
    block_hash: bytes
    tx_hash: bytes
    index: int


@dataclass(frozen=True)
class RawLog:
    """An event before its members are decoded."""

    contract: str
    address: bytes
    event: str
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    block_hash: bytes
    tx_hash: bytes
    index: int

    def decoded(self) -> Log:
        """Return the event with its members."""
        args = artifact(self.contract).events[self.topics[0]].decode(self.topics, self.data)
        return Log(self.contract, self.address, self.event, args, self.block, self.block_hash, self.tx_hash, self.index)


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction."""

    tx_hash: bytes
    succeeded: bool
    block: int
    block_hash: bytes
    gas_used: int
    created: bytes | None


@dataclass(frozen=True)
class Standing:
    """A transaction as one node has it: its receipt, None if not mined, and the last block that counts there."""

    receipt: Receipt | None
    final: int


def read_block(number: BlockId, answer: Any) -> Block:
    """Return the block that was asked for by `number`; refuse one that the chain has not reached."""
    if isinstance(answer, RpcError):
        raise answer
    if answer is None:
        raise ChainStateError(f"the chain has no block {number} yet", block=number)
    return Block(
        number=to_int(answer["number"]),
        hash=to_bytes(answer["hash"]),
        parent=to_bytes(answer["parentHash"]),
        state_root=to_bytes(answer["stateRoot"]),
        timestamp=to_int(answer["timestamp"]),
        raw=answer,
    )


def read_proof(address: bytes, slots: Sequence[bytes], raw: Mapping[str, Any]) -> AccountProof:
    """Return what `eth_getProof` (EIP-1186) answered about this account, with these slots in this order."""
    found = {to_int(entry["key"]).to_bytes(32, "big"): entry for entry in raw["storageProof"]}
    return AccountProof(
        address=address,
        nonce=to_int(raw["nonce"]),
        balance=to_int(raw["balance"]),
        code_hash=to_bytes(raw["codeHash"]),
        storage_root=to_bytes(raw["storageHash"]),
        nodes=tuple(map(to_bytes, raw["accountProof"])),
        storage=tuple(
            StorageProof(slot, to_int(found[slot]["value"]), tuple(map(to_bytes, found[slot]["proof"])))
            for slot in slots
        ),
    )


def read_log(names: Mapping[bytes, str], entry: Mapping[str, Any]) -> RawLog | None:
    """Return an event of one of the contracts, by address; None for one that none of them has."""
    topics = tuple(to_bytes(topic) for topic in entry["topics"])
    address = to_bytes(entry["address"])
    event = artifact(names[address]).events.get(topics[0]) if topics else None
    if event is None:
        return None
    return RawLog(
        contract=names[address],
        address=address,
        event=event.name,
        topics=topics,
        data=to_bytes(entry["data"]),
        block=to_int(entry["blockNumber"]),
        block_hash=to_bytes(entry["blockHash"]),
        tx_hash=to_bytes(entry["transactionHash"]),
        index=to_int(entry["logIndex"]),
    )


def read_receipt(answer: Any) -> Receipt | None:
    """Return a receipt, None if the transaction is not mined."""
    if isinstance(answer, RpcError):
        raise answer
    if answer is None:
        return None
    return Receipt(
        tx_hash=to_bytes(answer["transactionHash"]),
        succeeded=answer["status"] == "0x1",
        block=to_int(answer["blockNumber"]),
        block_hash=to_bytes(answer["blockHash"]),
        gas_used=to_int(answer["gasUsed"]),
        created=to_bytes(answer["contractAddress"]) if answer.get("contractAddress") else None,
    )
