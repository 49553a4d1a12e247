"""Reading contracts' storage by name, with the same code from a live node and from proofs under one block.

A computation takes a `StateReader`. Over a node it runs on `RecordingState`, which notes the slots it read; for
these `eth_getProof` is asked, and a verifier repeats the computation on the `ProvenState` of the answer. What the
computation reads and the proof does not hold is an error that names contract and slot.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ledger.canonical import JsonObject, JsonValue
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.layout import (
    LayoutError,
    Location,
    PathElement,
    StorageLayout,
    decode_value,
    hash_slot,
)
from ledger.chain.evidence.mpt import EMPTY_CODE, Account, MissingNodeError, NodeSet
from ledger.json_fields import read_address, read_b32, read_bytes, read_list, read_members, to_hex

MAX_ELEMENTS: Final = 1 << 16
"""Longest array, text or bytes that is read: more is a wrong layout, not a tender."""


class StateReader(ABC):
    """Reads variables of contracts as they stand at one block."""

    @abstractmethod
    def word(self, address: bytes, slot: int) -> bytes:
        """Return the 32 bytes in `slot` of the contract at the 20-byte `address`."""

    def expect(  # noqa: B027 - only who asks a node has something to do
        self, address: bytes, layout: StorageLayout, paths: Iterable[Sequence[PathElement]]
    ) -> None:
        """Say which values are read next, as many as they are: who asks a node fetches them together.

        It changes nothing about what they are, and nothing is proven for it. Of an array or a text, only the slot of
        its length is fetched ahead.
        """

    def read(self, address: bytes, layout: StorageLayout, *path: PathElement) -> Any:
        """Return the value at `path`, as `layout` types it.

        Integers and enums are `int`, booleans `bool`, bytesN, addresses and `bytes` are `bytes`, text is `str`; a
        struct is a dict of its members without mappings, an array a tuple. What was never written is zero.
        """
        return self._value(address, layout, layout.locate(*path))

    def _value(self, address: bytes, layout: StorageLayout, place: Location) -> Any:
        kind = place.type
        if kind.encoding == "mapping":
            raise LayoutError(f"{kind.name} is read by key")
        if kind.encoding == "bytes":
            data = self._bytes(address, place.slot)
            return data.decode() if kind.name.startswith("t_string") else data
        if kind.members:
            return {
                label: self._value(address, layout, member)
                for label, member in layout.members(place)
                if member.type.encoding != "mapping"
            }
        if kind.base is not None:
            count = self._length(address, place.slot) if kind.length is None else kind.length
            return tuple(self._value(address, layout, layout.step(place, i)) for i in range(count))
        word = self.word(address, place.slot)
        end = 32 - place.offset
        return decode_value(kind, word[end - kind.size : end])

    def _length(self, address: bytes, slot: int) -> int:
        length = int.from_bytes(self.word(address, slot), "big")
        if length > MAX_ELEMENTS:
            raise LayoutError(f"array has {length} elements, at most {MAX_ELEMENTS} are read")
        return length

    def _bytes(self, address: bytes, slot: int) -> bytes:
        word = self.word(address, slot)
        if not word[31] & 1:
            return word[: word[31] // 2]
        length = int.from_bytes(word, "big") // 2
        if length > MAX_ELEMENTS:
            raise LayoutError(f"value has {length} bytes, at most {MAX_ELEMENTS} are read")
        first = hash_slot(slot.to_bytes(32, "big"))
        words = (self.word(address, first + i) for i in range(-(-length // 32)))
        return b"".join(words)[:length]


class RecordingState(StateReader):
    """Reads a live node and notes every slot that was read, by contract.

    `get_storage` is `eth_getStorageAt` at one fixed block: (20-byte address, slot) → 32 bytes; `look_ahead`, where
    there is one, is told the slots that it will be asked for next.
    """

    def __init__(
        self,
        get_storage: Callable[[bytes, int], bytes],
        look_ahead: Callable[[bytes, Sequence[int]], None] | None = None,
    ) -> None:
        self._get_storage = get_storage
        self._look_ahead = look_ahead
        self._words: dict[tuple[bytes, int], bytes] = {}

    def expect(self, address: bytes, layout: StorageLayout, paths: Iterable[Sequence[PathElement]]) -> None:
        """Tell `look_ahead` the slots of these values; what is read of them is noted when it is read."""
        if self._look_ahead is None:
            return
        places = [layout.locate(*path) for path in paths]
        self._look_ahead(address, [place.slot + i for place in places for i in range(_width(place))])

    def word(self, address: bytes, slot: int) -> bytes:
        """Return the word from the node; it is asked once."""
        if (address, slot) not in self._words:
            self._words[address, slot] = self._get_storage(address, slot).rjust(32, b"\x00")
        return self._words[address, slot]

    @property
    def slots(self) -> dict[bytes, list[int]]:
        """The slots that were read, ascending, by contract: what to ask `eth_getProof` for."""
        found: dict[bytes, list[int]] = {}
        for address, slot in sorted(self._words):
            found.setdefault(address, []).append(slot)
        return found


class ProvenState(StateReader):
    """Reads only what trie nodes prove under one state root; `EvidenceError` names what they do not."""

    def __init__(self, state_root: bytes, nodes: Iterable[bytes]) -> None:
        self._root = state_root
        self._nodes = NodeSet(nodes)
        self._accounts: dict[bytes, Account] = {}
        self._words: dict[tuple[bytes, int], bytes] = {}

    def account(self, address: bytes) -> Account:
        """Return the account at `address`; `Account()` if its absence is proven."""
        if address not in self._accounts:
            try:
                self._accounts[address] = self._nodes.account(self._root, address)
            except MissingNodeError as error:
                raise MissingNodeError(
                    f"no proof of the account {to_hex(address)} under this block", address=to_hex(address)
                ) from error
        return self._accounts[address]

    def word(self, address: bytes, slot: int) -> bytes:
        """Return the proven word; zero if its absence is proven; refuse an address that holds no contract."""
        if (address, slot) not in self._words:
            self._words[address, slot] = self._prove(address, slot)
        return self._words[address, slot]

    def _prove(self, address: bytes, slot: int) -> bytes:
        account = self.account(address)
        if account.code_hash == EMPTY_CODE:
            raise EvidenceError(
                f"{to_hex(address)} holds no contract at this block",
                code="evidence.no_contract",
                address=to_hex(address),
            )
        try:
            return self._nodes.word(account.storage_root, slot)
        except MissingNodeError as error:
            raise MissingNodeError(
                f"no proof of slot {slot:#x} of {to_hex(address)} under this block",
                address=to_hex(address),
                slot=hex(slot),
            ) from error

    @property
    def used_nodes(self) -> tuple[bytes, ...]:
        """The nodes that the reads so far needed, ascending by hash."""
        return tuple(node for _, node in sorted(self._nodes.used.items()))


@dataclass(frozen=True)
class StateProof:
    """Proof of some words of some contracts under one state root: trie nodes, ascending by hash, none superfluous."""

    slots: tuple[tuple[bytes, tuple[int, ...]], ...]
    nodes: tuple[bytes, ...]

    @classmethod
    def collect(cls, state_root: bytes, nodes: Iterable[bytes], slots: Mapping[bytes, Iterable[int]]) -> StateProof:
        """Return the proof of `slots` (see `RecordingState.slots`) from trie nodes, as `eth_getProof` gives them.

        Raises `EvidenceError` if the nodes do not prove every slot under `state_root`; leaves out superfluous ones.
        """
        state = ProvenState(state_root, nodes)
        wanted = tuple((address, tuple(sorted(set(slots[address])))) for address in sorted(slots))
        _read_all(state, wanted)
        return cls(wanted, state.used_nodes)

    def open(self, state_root: bytes) -> ProvenState:
        """Return the state that this proves; refuse a proof that lacks a node for its slots or holds one too many."""
        state = ProvenState(state_root, self.nodes)
        _read_all(state, self.slots)
        if state.used_nodes != self.nodes:
            raise EvidenceError("proof holds nodes that prove nothing, or not in order", code="evidence.proof")
        return state

    def to_json(self) -> JsonObject:
        """Return the JSON object that a bundle carries."""
        slots: list[JsonValue] = [
            {"address": to_hex(address), "slots": [to_hex(slot.to_bytes(32, "big")) for slot in words]}
            for address, words in self.slots
        ]
        return {"slots": slots, "nodes": [to_hex(node) for node in self.nodes]}

    @classmethod
    def from_json(cls, value: JsonValue) -> StateProof:
        """Return the proof that `to_json` wrote; refuse every other value."""
        members = read_members(value, "state proof", ("slots", "nodes"))
        slots: list[tuple[bytes, tuple[int, ...]]] = []
        for entry in read_list(members["slots"], "slots"):
            item = read_members(entry, "slots of a contract", ("address", "slots"))
            words = tuple(int.from_bytes(read_b32(w, "slot"), "big") for w in read_list(item["slots"], "slots"))
            slots.append((read_address(item["address"], "address"), words))
        proof = cls(tuple(slots), tuple(read_bytes(node, "node") for node in read_list(members["nodes"], "nodes")))
        if not _is_ascending(slots):
            raise EvidenceError("state proof is not in its canonical order", code="evidence.proof")
        return proof


def _width(place: Location) -> int:
    """Return how many slots a value takes where it stands."""
    return -(-(place.offset + place.type.size) // 32)


def _is_ascending(slots: list[tuple[bytes, tuple[int, ...]]]) -> bool:
    return slots == [(address, tuple(sorted(set(words)))) for address, words in sorted(dict(slots).items())]


def _read_all(state: ProvenState, slots: Iterable[tuple[bytes, Iterable[int]]]) -> None:
    for address, words in slots:
        state.account(address)
        for slot in words:
            state.word(address, slot)
