"""Legacy EIP-155 transactions at gas price 0: the one form that anvil, Ganache, geth and Besu all take."""

from __future__ import annotations

from dataclasses import dataclass

import rlp
from eth_hash.auto import keccak

from ledger.keys import SigningKey


@dataclass(frozen=True)
class SignedTransaction:
    """What is sent, and the hash by which its receipt is found."""

    raw: bytes
    hash: bytes


def sign_transaction(
    key: SigningKey, *, nonce: int, to: bytes | None, data: bytes, gas: int, chain_id: int
) -> SignedTransaction:
    """Return the signed transaction; `to` None creates a contract. The same input gives the same bytes (RFC 6979)."""
    body = [nonce, 0, gas, to or b"", 0, data]
    signature = key.sign(keccak(rlp.encode([*body, chain_id, 0, 0])))
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    raw = bytes(rlp.encode([*body, 35 + 2 * chain_id + signature[64] - 27, r, s]))
    return SignedTransaction(raw, bytes(keccak(raw)))


def created_address(sender: bytes, nonce: int) -> bytes:
    """Return the address of the contract that this transaction of `sender` creates."""
    return bytes(keccak(rlp.encode([sender, nonce]))[-20:])
