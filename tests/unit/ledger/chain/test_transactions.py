"""Transactions are those of any other implementation."""

from __future__ import annotations

from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.transactions import created_address, sign_transaction
from ledger.keys import SigningKey

KEY = SigningKey(bytes(31) + b"\x07")


@given(
    nonce=st.integers(0, 2**32),
    gas=st.integers(21_000, 30_000_000),
    data=st.binary(max_size=100),
    chain_id=st.integers(1, 2**31),
    to=st.one_of(st.none(), st.binary(min_size=20, max_size=20)),
)
def test_equals_eth_account(nonce: int, gas: int, data: bytes, chain_id: int, to: bytes | None) -> None:
    ours = sign_transaction(KEY, nonce=nonce, to=to, data=data, gas=gas, chain_id=chain_id)
    fields = {"nonce": nonce, "gasPrice": 0, "gas": gas, "value": 0, "data": data, "chainId": chain_id}
    theirs = Account.sign_transaction(fields | ({"to": to} if to else {}), KEY.secret)
    assert (ours.raw, ours.hash) == (bytes(theirs.raw_transaction), bytes(theirs.hash))


def test_created_address_is_that_of_the_yellow_paper() -> None:
    """The example that every client's tests use: the CryptoKitties deployer's first contract addresses."""
    deployer = bytes.fromhex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
    assert created_address(deployer, 0).hex() == "cd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"
    assert created_address(deployer, 1).hex() == "343c43a37d37dff08ae8c4a11544c718abb4fcf8"
