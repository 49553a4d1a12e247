"""Send transactions at once and wait for their receipts: for deployments and tools that keep no database.

Whatever belongs to a running city goes through `ledger.chain.sender`, which survives a crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.chain.answers import Receipt
from ledger.chain.client import ChainClient, ContractRef, ContractRevertedError, Finality
from ledger.chain.contracts import Revert, artifact
from ledger.chain.rpc import RpcError, to_hex
from ledger.chain.transactions import SignedTransaction, sign_transaction
from ledger.errors import SunbidError
from ledger.keys import SigningKey

PATIENCE_SECONDS = 300.0
"""A QBFT network that had lost its quorum takes up to 136 for its next block, counted from its return."""
_FIRST_PAUSE, _LONGEST_PAUSE, _RESEND_AFTER = 0.005, 0.5, 2.0


class NotMinedError(SunbidError):
    """Transactions that a node took have no receipt within the time given."""

    code = "chain.not_mined"


@dataclass(frozen=True)
class Outgoing:
    """A transaction to be made: `to` None creates a contract; `title` is what an error calls it."""

    key: SigningKey
    to: bytes | None
    data: bytes
    gas: int
    title: str


async def outgoing(
    client: ChainClient, key: SigningKey, contract: ContractRef, function: str, *args: object, gas: int = 6_000_000
) -> Outgoing:
    """Return the call of a contract as a transaction of `key`."""
    name = contract if isinstance(contract, str) else contract.name
    data = artifact(name).function(function).encode_call(args)
    return Outgoing(key, await client.contract(contract), data, gas, f"{name}.{function}")


async def send_all(
    client: ChainClient, transactions: Sequence[Outgoing], *, patience_seconds: float = PATIENCE_SECONDS
) -> list[Receipt]:
    """Send all with one request, in order, and return their receipts; raise at the first that was refused.

    Returns once they lie under blocks that count, so that no reorganisation gives a nonce to two of them. Those of one
    key are mined in this order; between different keys only an own call of this function orders.
    Raises `ContractRevertedError` with the contract's reason, `NotMinedError` when the patience is over.
    """
    signed = await _sign_all(client, transactions)
    receipts = await _receipts(client, signed, patience_seconds)
    for one, receipt in zip(transactions, receipts, strict=True):
        if not receipt.succeeded:
            raise await _refusal(client, one, receipt)
    return receipts


async def send(client: ChainClient, key: SigningKey, contract: ContractRef, function: str, *args: object) -> Receipt:
    """Send one call and return its receipt; raise as `send_all` does."""
    return (await send_all(client, [await outgoing(client, key, contract, function, *args)]))[0]


async def _sign_all(client: ChainClient, transactions: Sequence[Outgoing]) -> list[SignedTransaction]:
    addresses = [one.key.address for one in transactions]
    nonces = {address: await client.transaction_count(address) for address in dict.fromkeys(addresses)}
    signed = []
    for one, address in zip(transactions, addresses, strict=True):
        signed.append(
            sign_transaction(
                one.key, nonce=nonces[address], to=one.to, data=one.data, gas=one.gas, chain_id=client.chain_id
            )
        )
        nonces[address] += 1
    return signed


async def _receipts(client: ChainClient, signed: Sequence[SignedTransaction], patience: float) -> list[Receipt]:
    loop = asyncio.get_running_loop()
    until, resend, pause = loop.time() + patience, loop.time() + _RESEND_AFTER, _FIRST_PAUSE
    refusals = await client.broadcast([one.raw for one in signed])
    missing = list(signed)
    found: dict[bytes, Receipt] = {}
    while missing:
        if loop.time() >= resend:  # accepted is not mined: a full pool forgets
            known = await client.knows([one.hash for one in missing])
            refusals = await client.broadcast([one.raw for one, has in zip(missing, known, strict=True) if not has])
            resend = loop.time() + _RESEND_AFTER
        counted = (await client.final_block()).number if client.finality.depth else None
        for one, receipt in zip(missing, await client.receipts([one.hash for one in missing]), strict=True):
            if receipt and (counted is None or receipt.block <= counted):
                found[one.hash] = receipt
        missing = [one for one in missing if one.hash not in found]
        if missing and loop.time() > until:
            raise _not_mined(missing, patience, client.finality, refusals)
        if missing:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
    return [found[one.hash] for one in signed]


def _not_mined(
    missing: Sequence[SignedTransaction], patience: float, finality: Finality, refusals: Sequence[RpcError | None]
) -> NotMinedError:
    reasons = sorted({error.reason for error in refusals if error})
    answer = "; ".join(reasons) or "nothing against them"
    wanted = f"under {finality.depth} blocks" if finality.depth else "mined"
    return NotMinedError(
        f"{len(missing)} transactions are not {wanted} after {patience} s; the node said last: {answer}",
        transactions=[to_hex(one.hash) for one in missing],
    )


async def _refusal(client: ChainClient, one: Outgoing, receipt: Receipt) -> SunbidError:
    contract, _, function = one.title.partition(".")
    revert = None
    if one.to is not None:
        for block in (receipt.block - 1, receipt.block):
            revert = revert or await client.revert_of(one.to, one.data, one.key.address, block)
    facts = {"gasUsed": receipt.gas_used, "gas": one.gas, "transaction": to_hex(receipt.tx_hash)}
    return ContractRevertedError(contract, function, revert or Revert("Unknown", facts))
