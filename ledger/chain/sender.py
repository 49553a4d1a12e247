"""Transactions that survive a crash: the intent is a row before anything is sent, and only a receipt counts.

A row goes WAITING → SENT → MINED | REVERTED. `submit` writes it with the business rows that want it. `run` gives
waiting rows the next nonces and their signed bytes in one transaction, then sends, then looks for receipts; what has
none is sent again, the same bytes, so a crash between any two steps loses nothing and doubles nothing. A row is
`final` once its receipt is under a block that counts; a receipt that a reorganisation took away puts it back to SENT.

Accepted is not mined (Besu drops what its pool has no room for), hence at most `MAX_UNMINED` sent rows a key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Index, LargeBinary, String, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ledger.chain.answers import Receipt, Standing
from ledger.chain.client import At, ChainClient, ContractRef
from ledger.chain.contracts import Revert, artifact
from ledger.chain.rpc import RpcError, to_hex
from ledger.chain.transactions import sign_transaction
from ledger.db import Base, Bytes32, Database, exclusive
from ledger.errors import SunbidError
from ledger.failpoints import Failpoint, reach
from ledger.keys import SigningKey

MAX_UNMINED = 200
"""Sent and unmined transactions a key: Besu's default pool refuses nonces further ahead."""
MAX_CALLDATA = 120 * 1024
"""Bytes of a call: nodes refuse transactions over 128 KiB."""
DEFAULT_GAS = 6_000_000
_KNOWN = (
    *("already known", "already imported", "known transaction", "nonce too low", "already exists"),
    *("replaced by better transaction", "the correct nonce"),  # Ganache, of the same bytes waiting and mined
)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.25


class TxStatus(StrEnum):
    """Where a transaction stands."""

    WAITING = "waiting"
    SENT = "sent"
    MINED = "mined"
    REVERTED = "reverted"


_RECEIVED = (TxStatus.MINED, TxStatus.REVERTED)


class SenderError(SunbidError):
    """A transaction that cannot be taken: two under one key, or larger than any node takes."""

    code = "chain.submit"


class ChainTx(Base):
    """A transaction from intent to receipt."""

    __tablename__ = "chain_tx"
    __table_args__ = (
        Index("ix_chain_tx_open", "sender", "final", "status", "id"),
        Index("ix_chain_tx_nonce", "sender", "nonce", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    sender: Mapped[bytes] = mapped_column(LargeBinary(20))
    contract: Mapped[str] = mapped_column(String(32))
    address: Mapped[bytes | None] = mapped_column(LargeBinary(20))
    function: Mapped[str] = mapped_column(String(64))
    calldata: Mapped[bytes]
    gas: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(16), default=TxStatus.WAITING.value)
    final: Mapped[bool] = mapped_column(Boolean, default=False)
    nonce: Mapped[int | None] = mapped_column(BigInteger)
    target: Mapped[bytes | None] = mapped_column(LargeBinary(20))
    raw: Mapped[bytes | None]
    tx_hash: Mapped[Bytes32 | None]
    block: Mapped[int | None] = mapped_column(BigInteger)
    block_hash: Mapped[Bytes32 | None]
    error: Mapped[str | None] = mapped_column(String(64))
    error_args: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    refusal: Mapped[str | None] = mapped_column(String(400))


@dataclass(frozen=True)
class TxOutcome:
    """What is known of a transaction; `error` is the contract's own reason, `refusal` what a node said last."""

    status: TxStatus
    final: bool
    tx_hash: bytes | None
    block: int | None
    error: str | None
    error_args: Mapping[str, Any] | None
    refusal: str | None


class ChainSender:
    """The durable sender of one key; several processes may run it, the database keeps the nonces apart.

    `look_seconds` is how long a run waits at most for receipts of what it sent: 0 where a next run comes anyway, some
    seconds on a development chain, where receipts come at once and whoever waits for quiet must not miss them.
    """

    def __init__(self, database: Database, client: ChainClient, key: SigningKey, *, look_seconds: float = 0.0) -> None:
        self._database = database
        self._client = client
        self._key = key
        self._address = key.address
        self._look_seconds = look_seconds

    @property
    def address(self) -> bytes:
        """The address that the transactions come from."""
        return self._address

    async def submit(
        self,
        session: AsyncSession,
        contract: ContractRef,
        function: str,
        args: Sequence[Any],
        *,
        key: str,
        gas: int = DEFAULT_GAS,
    ) -> None:
        """Write the intent with the transaction of `session`; the same key and call again changes nothing.

        A call that was REVERTED waits again when it is submitted again, for what refused it may have passed. Raises
        `SenderError` if `key` stands for another call, `AbiError` if the arguments do not fit.
        """
        name, address = (contract.name, contract.address) if isinstance(contract, At) else (contract, None)
        calldata = artifact(name).function(function).encode_call(args)
        if len(calldata) > MAX_CALLDATA:
            raise SenderError(f"{name}.{function} has {len(calldata)} bytes, no node takes more than {MAX_CALLDATA}")
        row = await session.scalar(select(ChainTx).filter_by(key=key).with_for_update())
        if row is None:
            session.add(
                ChainTx(
                    key=key,
                    sender=self._address,
                    contract=name,
                    address=address,
                    function=function,
                    calldata=calldata,
                    gas=gas,
                )
            )
            await session.flush()
            reach(Failpoint.SENDER_SUBMITTED)
        elif (row.contract, row.address, row.calldata) != (name, address, calldata):
            raise SenderError("a key stands for one call for ever: choose a key of its own", key=key)
        elif row.status == TxStatus.REVERTED:
            _reset(row)

    @staticmethod
    async def outcome(session: AsyncSession, key: str) -> TxOutcome | None:
        """Return what is known of the transaction under `key`, None if it was never submitted."""
        row = await session.scalar(select(ChainTx).filter_by(key=key))
        if row is None:
            return None
        status = TxStatus(row.status)
        return TxOutcome(status, row.final, row.tx_hash, row.block, row.error, row.error_args, row.refusal)

    @staticmethod
    async def unmined(session: AsyncSession) -> int:
        """Return how many transactions wait or are sent without a receipt: a measure for alarms."""
        query = select(func.count()).where(ChainTx.status.in_([TxStatus.WAITING, TxStatus.SENT]))
        return await session.scalar(query) or 0

    async def take_back(self, session: AsyncSession, block: int) -> None:
        """Take what was mined in `block` or later for unmined, final or not: the chain no longer has these blocks.

        The next run finds it mined elsewhere or sends it again. For `Indexer.on_undo`: who has nothing to send does not
        look whether the chain still has what was sent.
        """
        gone = select(ChainTx).where(
            ChainTx.sender == self._address, ChainTx.block >= block, ChainTx.status.in_(_RECEIVED)
        )
        for row in await session.scalars(gone):
            row.status, row.final, row.block, row.block_hash = TxStatus.SENT, False, None, None

    async def run(self) -> bool:
        """Send what waits, send again what has no receipt, note receipts; return whether anything moved."""
        if not await self._open(*TxStatus):
            return False
        moved, fresh = await self._recover(), await self._assign()
        moved += len(fresh) + await self._note_receipts(await self._open(TxStatus.SENT))
        pending = await self._open(TxStatus.SENT)
        if pending:
            await self._broadcast(await self._unknown(pending, fresh))
            moved += await self._look()
        return bool(moved + await self._finalise())

    async def _look(self) -> int:
        """Wait a moment for receipts of what was just sent; return how many came."""
        found, waited, pause = 0, 0.0, 0.0
        while True:
            rows = await self._open(TxStatus.SENT)
            found += await self._note_receipts(rows)
            if not rows or waited >= self._look_seconds:
                return found
            pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, 2 * pause))
            await asyncio.sleep(pause)
            waited += pause

    async def _open(self, *statuses: TxStatus) -> list[ChainTx]:
        async with self._database.reading() as session:
            return list(await session.scalars(self._query(*statuses)))

    def _query(self, *statuses: TxStatus) -> Any:
        return (
            select(ChainTx)
            .where(ChainTx.sender == self._address, ChainTx.final.is_(False), ChainTx.status.in_(statuses))
            .order_by(ChainTx.nonce, ChainTx.id)
        )

    # --- nonces -------------------------------------------------------------------------------------------------

    async def _assign(self) -> frozenset[int]:
        """Give waiting rows nonces and bytes, as many as the window has room for; return their ids."""
        if not await self._open(TxStatus.WAITING):
            return frozenset()
        mined = await self._client.transaction_count(self._address)
        async with self._database.unit_of_work() as session:
            await exclusive(session, "chain.sender")
            sent = await session.scalar(
                select(func.count()).where(ChainTx.sender == self._address, ChainTx.status == TxStatus.SENT)
            )
            room = MAX_UNMINED - (sent or 0)
            waiting = list(await session.scalars(self._query(TxStatus.WAITING).limit(max(0, room))))
            last = await session.scalar(select(func.max(ChainTx.nonce)).where(ChainTx.sender == self._address))
            nonce = mined if last is None else max(mined, last + 1)
            for offset, row in enumerate(waiting):
                await self._sign(row, nonce + offset)
            reach(Failpoint.SENDER_ASSIGNED)
        reach(Failpoint.SENDER_STORED)
        return frozenset(row.id for row in waiting)

    async def _sign(self, row: ChainTx, nonce: int) -> None:
        to = row.address or await self._client.contract(row.contract)
        signed = sign_transaction(
            self._key, nonce=nonce, to=to, data=row.calldata, gas=row.gas, chain_id=self._client.chain_id
        )
        row.target, row.nonce, row.raw, row.tx_hash, row.status = to, nonce, signed.raw, signed.hash, TxStatus.SENT

    async def _recover(self) -> int:
        """Send again what the chain lost, and give new nonces to what lost its own; return how many rows that were.

        A chain restored from an older state no longer has transactions that were final. A nonce that another sender of
        the same key used up under a block that counts will never carry our bytes.
        """
        final = await self._client.final_block()
        mined, settled = [await self._client.transaction_count(self._address, n) for n in ("latest", final.number)]
        sent = await self._open(TxStatus.SENT)
        used = [row for row in sent if row.nonce is not None and row.nonce < settled]
        displaced = {
            row.id: row.tx_hash
            for row, at in zip(used, await self._standings(used), strict=True)
            if at.receipt is None and at.final >= final.number
        }
        async with self._database.unit_of_work() as session:
            for row in await session.scalars(_locked(displaced)):
                if row.tx_hash == displaced[row.id]:
                    _reset(row)
            lost = select(ChainTx).where(
                ChainTx.sender == self._address, ChainTx.nonce >= mined, ChainTx.status.in_(_RECEIVED)
            )
            rows = list(await session.scalars(lost))
            for row in rows:
                row.status, row.final, row.block, row.block_hash = TxStatus.SENT, False, None, None
        return len(displaced) + len(rows)

    # --- sending ------------------------------------------------------------------------------------------------

    async def _unknown(self, rows: Sequence[ChainTx], fresh: Collection[int]) -> list[ChainTx]:
        """Return the rows that the node does not have: those just signed, and what it dropped after it accepted it.

        What waits in its pool is not sent again: Ganache executes a key's first transaction as often as it gets it.
        """
        old = [row for row in rows if row.id not in fresh]
        known = await self._client.knows([row.tx_hash for row in old if row.tx_hash]) if old else []
        waiting = {row.id for row, has in zip(old, known, strict=True) if has}
        return [row for row in rows if row.id not in waiting]

    async def _broadcast(self, rows: Sequence[ChainTx]) -> None:
        if not rows:
            return
        refusals = await self._client.broadcast([row.raw for row in rows if row.raw])
        reach(Failpoint.SENDER_SENT)
        told = {row.id: error for row, error in zip(rows, refusals, strict=True) if error and not _is_known(error)}
        if not told:
            return
        async with self._database.unit_of_work() as session:
            for row in await session.scalars(_locked(told)):
                row.refusal = told[row.id].reason[:400]

    async def _note_receipts(self, rows: Sequence[ChainTx]) -> int:
        receipts = await self._client.receipts([row.tx_hash for row in rows if row.tx_hash]) if rows else []
        found = {row.id: receipt for row, receipt in zip(rows, receipts, strict=True) if receipt}
        if not found:
            return 0
        reasons = {row.id: await self._reason(row, found[row.id]) for row in rows if row.id in found}
        async with self._database.unit_of_work() as session:
            for row in await session.scalars(_locked(found)):
                if row.status == TxStatus.SENT and row.tx_hash == found[row.id].tx_hash:
                    _note(row, found[row.id], reasons[row.id])
            reach(Failpoint.SENDER_RECEIPT)
        reach(Failpoint.SENDER_NOTED)
        return len(found)

    async def _reason(self, row: ChainTx, receipt: Receipt) -> Revert | None:
        """Replay a refused transaction on the state before its block, or else after it: the receipt has no reason."""
        if receipt.succeeded or row.target is None:
            return None
        for block in (max(0, receipt.block - 1), receipt.block):
            try:
                revert = await self._client.revert_of(row.target, row.calldata, self._address, block)
            except RpcError:  # a node that prunes its states: the refusal stands, its reason stays unknown
                continue
            if revert:
                return revert
        return Revert("Unknown", {"gasUsed": receipt.gas_used, "gas": row.gas})

    # --- finality -----------------------------------------------------------------------------------------------

    async def _finalise(self) -> int:
        """Mark rows final under the block that counts; send again what a reorganisation took away."""
        rows = await self._open(*_RECEIVED)
        found = zip(rows, await self._standings(rows), strict=True)
        now = {
            row.id: (row.tx_hash, at.receipt) for row, at in found if row.block is not None and row.block <= at.final
        }
        if not now:
            return 0
        async with self._database.unit_of_work() as session:
            for row in await session.scalars(_locked(now)):
                tx_hash, receipt = now[row.id]
                if row.status in _RECEIVED and row.tx_hash == tx_hash:
                    _settle(row, receipt)
            reach(Failpoint.SENDER_FINAL)
        return len(now)

    async def _standings(self, rows: Sequence[ChainTx]) -> list[Standing]:
        return await self._client.standings([row.tx_hash for row in rows if row.tx_hash]) if rows else []


def _locked(ids: Collection[int]) -> Any:
    """Select rows for a change: what was seen of them before may be out of date where several workers run."""
    return select(ChainTx).where(ChainTx.id.in_(ids)).order_by(ChainTx.id).with_for_update()


def _is_known(error: RpcError) -> bool:
    return any(words in error.reason.lower() for words in _KNOWN)


def _note(row: ChainTx, receipt: Receipt, revert: Revert | None) -> None:
    row.status = TxStatus.MINED if receipt.succeeded else TxStatus.REVERTED
    row.block, row.block_hash, row.refusal = receipt.block, receipt.block_hash, None
    row.error = revert.name if revert else None
    row.error_args = (
        {name: to_hex(v) if isinstance(v, bytes) else v for name, v in revert.args.items()} if revert else None
    )


def _settle(row: ChainTx, receipt: Receipt | None) -> None:
    """Another block may have ended the transaction otherwise: what is noted of it is noted anew."""
    if receipt is not None and receipt.block_hash == row.block_hash:
        row.final = True
    else:
        row.status, row.block, row.block_hash = TxStatus.SENT, None, None


def _reset(row: ChainTx) -> None:
    row.status, row.final, row.nonce, row.raw, row.tx_hash = TxStatus.WAITING, False, None, None, None
    row.block, row.block_hash, row.error, row.error_args = None, None, None, None
