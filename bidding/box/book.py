"""A tender as TenderBook holds it at one block: the only source of what its list is computed from.

City, key-holder and device read it from their own chain nodes; a bundle's verifier builds the same values from storage
proofs. Numbers, enums and the layout of `inputs` are those of contracts/interfaces/ITenderBook.sol.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from bidding.sealing.facts import NoticeFact
from ledger.acts import ZERO32, Committee, Envelope, Lot
from ledger.chain.answers import Block
from ledger.chain.client import Call, ChainClient


class BookState(IntEnum):
    """Where TenderBook says a tender stands."""

    UNKNOWN = 0
    ANNOUNCED = 1
    CLOSING = 2
    CLOSED = 3
    LISTED = 4
    DONE = 5
    TERMINATED = 6


class LotState(IntEnum):
    """Where TenderBook says a lot stands; WAITING is before the list."""

    UNKNOWN = 0
    WAITING = 1
    OPENING = 2
    EXAMINING = 3
    OPENED = 4
    AWARDED = 5
    FAILED = 6


@dataclass(frozen=True)
class TenderView:
    """`ITenderBook.TenderView`: times are block times in seconds, 0 while the step has not happened."""

    state: BookState
    suspended_by_tenderer: bool
    suspended_by_supervisor: bool
    suspended_at: int
    q: int
    minimum_bidders: int
    committee: Committee
    committee_after: int
    grace: int
    open_after: int
    amend_lead: int
    unfinished_lots: int
    announced_at: int
    deadline: int
    first_deadline: int
    closing_at: int
    closing_block: int
    open_from: int
    listed_at: int
    tenderer_steps: int
    supervisor_steps: int
    tenderer_acts: bytes
    supervisor_acts: bytes
    announcement: bytes
    tenderer: bytes
    supervisor: bytes
    key_id: bytes
    box_key_id: bytes
    notice_count: int
    superseded: int
    notices_head: bytes
    admitted_count: int
    admitted_head: bytes
    inputs: bytes
    list: bytes
    list_root: bytes
    list_count: int
    head: bytes
    head_count: int

    @property
    def is_suspended(self) -> bool:
        """Whether either side's flag is set."""
        return self.suspended_by_tenderer or self.suspended_by_supervisor


@dataclass(frozen=True)
class CutView:
    """The largest checkpoint of an origin that this city witnessed in time."""

    city: bytes
    size: int
    root: bytes


@dataclass(frozen=True)
class OriginView:
    """An announced sealed log: its city, the checkpoint it starts from, its cuts ascending by city id."""

    origin: bytes
    city: bytes
    start_size: int
    start_root: bytes
    cuts: tuple[CutView, ...] = ()


@dataclass(frozen=True)
class LotView:
    """`ITenderBook.LotView`; `envelope` is that of OPENING and EXAMINING, the last one opened afterwards, else 0."""

    number: int
    state: LotState
    envelopes: int
    envelope: int
    reason: int
    reached_opened: bool
    bidders: int
    since: int
    steps: int
    acts: bytes
    decision: bytes

    def has_opened(self, envelope: Envelope) -> bool:
        """Say whether the lot is, or has been, OPENING this envelope (of those announced for it)."""
        return bool(self.envelopes & envelope.bit) and self.envelope >= envelope

    @property
    def first_envelope(self) -> Envelope:
        """The envelope that is opened first."""
        return next(envelope for envelope in Envelope if self.envelopes & envelope.bit)


@dataclass(frozen=True)
class TenderAtBlock:
    """Everything that TenderBook says about one tender at one block, and that block's number and time."""

    tender: bytes
    block: int
    time: int
    view: TenderView
    notices: tuple[bytes, ...]
    origins: tuple[OriginView, ...]
    lots: tuple[LotView, ...]

    @property
    def announced_lots(self) -> tuple[Lot, ...]:
        """The lots as the announcement names them."""
        return tuple(Lot(lot.number, lot.envelopes) for lot in self.lots)

    @property
    def notice_facts(self) -> tuple[NoticeFact, ...]:
        """The notices, oldest first, and which of them are superseded."""
        return tuple(NoticeFact(notice, i < self.view.superseded) for i, notice in enumerate(self.notices))

    def lot(self, number: int) -> LotView | None:
        """Return a lot by its number."""
        return next((lot for lot in self.lots if lot.number == number), None)

    def inputs(self) -> bytes:
        """Return what `close` stores as `inputs`, recomputed: it binds all that the list is computed from."""
        return hashlib.sha256(b"".join(self._input_words())).digest()

    def _input_words(self) -> Iterator[bytes]:
        view = self.view
        yield from (self.tender, _word(view.deadline), _word(len(self.notices)), _word(view.superseded))
        yield fold(self.notices)
        yield _word(len(self.origins))
        for origin in self.origins:
            yield from (origin.origin, _word(origin.start_size), origin.start_root, _word(len(origin.cuts)))
            for cut in origin.cuts:
                yield from (cut.city, _word(cut.size), cut.root)
        yield from (_word(view.admitted_count), view.admitted_head)


def fold(items: Iterable[bytes]) -> bytes:
    """Return Hₙ with H₀ = 32 zero bytes and Hᵢ = SHA-256(Hᵢ₋₁ ‖ xᵢ)."""
    head = ZERO32
    for item in items:
        head = hashlib.sha256(head + item).digest()
    return head


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


async def read_tender(chain: ChainClient, tender: bytes, block: Block) -> TenderAtBlock | None:
    """Return the tender at this block of the caller's own node, None if it was not announced by then."""

    async def ask(*calls: tuple[str, tuple[Any, ...]]) -> list[Any]:
        asked = [Call("TenderBook", function, (tender, *args)) for function, args in calls]
        return await chain.call_many(asked, block=block.number)

    row, notices, origins, lots = await ask(("tenderOf", ()), ("noticesOf", ()), ("originsOf", ()), ("lotsOf", ()))
    view = _view(row)
    if view.state is BookState.UNKNOWN:
        return None
    cuts = await ask(*(("cutsOf", (origin.origin,)) for origin in origins))
    return TenderAtBlock(
        tender,
        block.number,
        block.timestamp,
        view,
        tuple(notices[0]),
        tuple(_origin(origin, found) for origin, found in zip(origins, cuts, strict=True)),
        tuple(_lot(lot) for lot in lots),
    )


def _view(row: Any) -> TenderView:
    values = row._asdict()
    state, committee = BookState(values.pop("state")), Committee(values.pop("committee"))
    return TenderView(state=state, committee=committee, **values)


def _origin(row: Any, cuts: Any) -> OriginView:
    return OriginView(row.origin, row.city, row.start_size, row.start_root, tuple(CutView(*cut) for cut in cuts))


def _lot(row: Any) -> LotView:
    values = row._asdict()
    return LotView(state=LotState(values.pop("state")), **values)
