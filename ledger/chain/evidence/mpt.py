"""The Merkle Patricia trie, read by proof: what a state root says of an account or a slot, or that it says nothing.

Nodes come as a set, found by their keccak, so proofs of many slots share what they have in common and no order has to
be trusted. A walk ends with a value or with a proof of absence (an empty branch, or a leaf or extension of another
path); a node that is missing is an error, never an absence. Keys are keccak of the address or slot ("secure trie").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from eth_hash.auto import keccak

from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.rlp_codec import (
    RlpItem,
    as_bytes,
    as_integer,
    as_list,
    decode_rlp,
    decode_rlp_list,
    encode_rlp,
)

EMPTY_ROOT = bytes(keccak(b"\x80"))
EMPTY_CODE = bytes(keccak(b""))
_BRANCH = 17
_DIGITS = bytes.maketrans(b"0123456789abcdef", bytes(range(16)))


class MissingNodeError(EvidenceError):
    """The walk needs a node that the proof does not hold."""

    code = "evidence.missing"


@dataclass(frozen=True)
class Account:
    """An account as the state trie holds it; an address that never was used is `Account()`."""

    nonce: int = 0
    balance: int = 0
    storage_root: bytes = EMPTY_ROOT
    code_hash: bytes = EMPTY_CODE


class NodeSet:
    """Trie nodes by their keccak; `used` records which of them walks needed. Each is decoded once: walks share most."""

    def __init__(self, nodes: Iterable[bytes]) -> None:
        self._nodes: Mapping[bytes, bytes] = {bytes(keccak(node)): node for node in nodes}
        self._decoded: dict[bytes, list[RlpItem]] = {}
        self.used: dict[bytes, bytes] = {}

    def account(self, state_root: bytes, address: bytes) -> Account:
        """Return the account at the 20-byte `address`, `Account()` if its absence is proven."""
        value = self._walk(state_root, bytes(keccak(address)))
        if value is None:
            return Account()
        nonce, balance, storage_root, code_hash = as_list(decode_rlp_list(value), 4)
        return Account(as_integer(nonce), as_integer(balance), as_bytes(storage_root, 32), as_bytes(code_hash, 32))

    def word(self, storage_root: bytes, slot: int) -> bytes:
        """Return the 32 bytes in `slot`, zero if its absence is proven.

        A slot that was set back to zero leaves the trie, but anvil keeps it there with the value zero: both are zero.
        """
        value = self._walk(storage_root, bytes(keccak(slot.to_bytes(32, "big"))))
        return bytes(32) if value is None else as_integer(decode_rlp(value)).to_bytes(32, "big")

    def _walk(self, root: bytes, key: bytes) -> bytes | None:
        """Return the value at the 32-byte `key` under `root`, or None if the nodes prove that there is none."""
        if root == EMPTY_ROOT:
            return None
        path = _nibbles(key)
        node = self._node(root)
        while True:
            if len(node) == _BRANCH:
                if not path:
                    raise EvidenceError("a branch ends a path of 32 bytes", code="evidence.proof")
                child, path = node[path[0]], path[1:]
            else:
                is_leaf, part = _decode_path(node)
                if is_leaf:
                    return as_bytes(node[1]) if path == part else None
                if not path.startswith(part):
                    return None
                child, path = node[1], path[len(part) :]
            if child == b"":
                return None
            node = self._child(child)

    def _child(self, reference: RlpItem) -> list[RlpItem]:
        if isinstance(reference, list):  # a node shorter than a hash stands inside its parent
            if len(encode_rlp(reference)) >= 32:
                raise EvidenceError("a long trie node stands inside its parent", code="evidence.proof")
            return _checked(reference)
        return self._node(as_bytes(reference, 32))

    def _node(self, digest: bytes) -> list[RlpItem]:
        if digest not in self._decoded:
            data = self._nodes.get(digest)
            if data is None:
                raise MissingNodeError(f"proof lacks the trie node 0x{digest.hex()}", node=digest.hex())
            self.used[digest] = data
            self._decoded[digest] = _checked(decode_rlp_list(data))
        return self._decoded[digest]


def _checked(node: list[RlpItem]) -> list[RlpItem]:
    """Return `node` if it has the shape of a trie node; in a trie of 32-byte keys a branch holds no value."""
    if len(node) != 2 and not (len(node) == _BRANCH and node[16] == b""):
        raise EvidenceError("not a trie node", code="evidence.proof")
    return node


def _decode_path(node: list[RlpItem]) -> tuple[bool, bytes]:
    """Return whether the node of two is a leaf, and the nibbles it covers (hex-prefix encoding)."""
    nibbles = _nibbles(as_bytes(node[0]))
    if not nibbles or nibbles[0] > 3:
        raise EvidenceError("path of a trie node is malformed", code="evidence.proof")
    is_leaf, is_odd = bool(nibbles[0] & 2), bool(nibbles[0] & 1)
    if (not is_odd and nibbles[1] != 0) or not (is_leaf or nibbles[2 - is_odd :]):
        raise EvidenceError("path of a trie node is malformed", code="evidence.proof")
    return is_leaf, nibbles[2 - is_odd :]


def _nibbles(data: bytes) -> bytes:
    """Return the half bytes of `data`, high one first: the values of its hex digits."""
    return data.hex().encode().translate(_DIGITS)


def nodes_of(proof: Mapping[str, object]) -> Iterator[bytes]:
    """Yield the nodes inside an answer of `eth_getProof` (EIP-1186), of the account and of every slot."""
    account, storage = proof.get("accountProof"), proof.get("storageProof")
    if not isinstance(account, list) or not isinstance(storage, list):
        raise EvidenceError("the node's answer is not an eth_getProof", code="evidence.proof")
    try:
        for nodes in (account, *(entry["proof"] for entry in storage)):
            yield from (bytes.fromhex(node.removeprefix("0x")) for node in nodes)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvidenceError("the node's answer is not an eth_getProof", code="evidence.proof") from error
