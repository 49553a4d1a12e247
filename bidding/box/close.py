"""Closing a box: begin, bring every cut that was signed in time and every slip that was taken and not merged, close.

Every city does this for every tender that it knows of: calls are refused once somebody made them, and nobody can hold
the closing up. What is sent was tried on the latest state first; the durable sender does the rest.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box import repository
from bidding.box.book import BookState, CutView, OriginView, TenderAtBlock
from bidding.box.door import acknowledgement_of, sort_by_city
from bidding.box.lines import LineSource, consistency, slips
from bidding.box.watch import TenderWatch
from bidding.box.wire import CityAcknowledgement
from ledger.chain.client import ChainClient, ContractRevertedError
from ledger.clock import from_unix
from ledger.db import Database
from ledger.errors import SunbidError
from witness.log.box_checkpoint import SignedBoxCheckpoint

logger = logging.getLogger(__name__)


class Submitter(Protocol):
    """The durable sender of the city's own transactions (`ledger.chain.sender.ChainSender`)."""

    async def submit(
        self, session: AsyncSession, contract: str, function: str, args: Sequence[Any], *, key: str
    ) -> object:
        """Store the intent to call `contract.function(*args)` with the transaction of `session`, once per `key`."""
        ...


class CutSource(LineSource, Protocol):
    """A city, this one or a partner, as far as closing needs it."""

    async def box_checkpoints(self, origin: bytes, after: int) -> list[SignedBoxCheckpoint]:
        """Return the box checkpoints larger than `after` that it knows, smallest first."""
        ...


@dataclass(frozen=True)
class Cut:
    """A checkpoint that origin and witness both signed in time: larger than the cut on chain."""

    origin: OriginView
    by_origin: SignedBoxCheckpoint
    by_witness: SignedBoxCheckpoint
    old_size: int


class BoxCloser:
    """The task that closes boxes; `own` is this city's database of lines, `others` its partners."""

    def __init__(
        self,
        chain: ChainClient,
        sender: Submitter,
        database: Database,
        watch: TenderWatch,
        own: CutSource,
        others: Sequence[CutSource],
    ) -> None:
        self._chain = chain
        self._sender = sender
        self._database = database
        self._watch = watch
        self._sources = (own, *others)

    async def run(self) -> bool:
        """Do all that is due once; return whether anything was sent."""
        block, final = await self._chain.block(), await self._chain.final_block()
        sent = False
        for tender in await self._watch.tenders(block):
            match tender.view.state:
                case BookState.ANNOUNCED:
                    sent |= await self._begin(tender)
                case BookState.CLOSING:
                    sent |= await self._bring(tender)
                case _ if 0 < tender.view.listed_at <= final.timestamp:
                    self._watch.forget(tender.tender)
                case _:
                    pass
        return sent

    async def _begin(self, tender: TenderAtBlock) -> bool:
        if tender.view.is_suspended or tender.time <= tender.view.deadline:
            return False
        return await self._send("beginClose", (tender.tender,), key=_key("beginClose", tender))

    async def _bring(self, tender: TenderAtBlock) -> bool:
        sent = False
        for cut in await self.missing_cuts(tender):
            sent |= await self._send_cut(tender, cut)
        if not sent and 2 * (tender.time - tender.view.closing_at) >= tender.view.grace:
            sent = await self._admit_missing(tender)
        if not sent and not tender.view.is_suspended:
            sent = await self._send("close", (tender.tender,), key=_key("close", tender))
        return sent

    # --- cuts --------------------------------------------------------------------------------------------------

    async def missing_cuts(self, tender: TenderAtBlock) -> list[Cut]:
        """Return, for each origin and witness, the largest checkpoint signed in time that is not on chain yet."""
        found: list[Cut] = []
        for origin in tender.origins:
            known = await self._checkpoints(origin)
            found += largest_cuts(origin, known, tender.view.deadline)
        return found

    async def _checkpoints(self, origin: OriginView) -> list[SignedBoxCheckpoint]:
        after = min([cut.size for cut in origin.cuts], default=origin.start_size)
        known: list[SignedBoxCheckpoint] = []
        for source in self._sources:
            try:
                known += await source.box_checkpoints(origin.origin, min(after, origin.start_size))
            except SunbidError as error:
                logger.warning("no box checkpoints from %s: %s", source.name, error.message)
        return known

    async def _send_cut(self, tender: TenderAtBlock, cut: Cut) -> bool:
        checkpoint = cut.by_witness
        for source in self._sources:
            try:
                proof = await consistency(source, checkpoint.origin, cut.old_size, checkpoint.size)
            except SunbidError:
                continue
            arguments = cut_arguments(tender, cut, proof)
            if await self._send("cut", arguments, key=_key("cut", tender, repr(arguments).encode())):
                return True
        return False

    # --- admissions --------------------------------------------------------------------------------------------

    async def _admit_missing(self, tender: TenderAtBlock) -> bool:
        sent = False
        start, end = from_unix(tender.view.announced_at), from_unix(tender.view.deadline)
        for origin in tender.origins:
            async with self._database.reading() as session:
                taken = await repository.slips_received(session, origin.origin, start, end)
                signed = {s.slip_hash: await repository.acknowledgements(session, s.slip_hash, s.origin) for s in taken}
            waiting = {slip.slip_hash: slip.slip for slip in taken}
            for slip in await self._merged(tender, origin, waiting):
                waiting.pop(slip, None)
            for slip_hash, slip in waiting.items():
                by = [acknowledgement_of(row) for row in signed[slip_hash]]
                sent |= await self._admit(tender, origin, slip, by)
        return sent

    async def _admit(
        self, tender: TenderAtBlock, origin: OriginView, slip: bytes, by: Iterable[CityAcknowledgement]
    ) -> bool:
        slip_hash = hashlib.sha256(slip).digest()
        chosen = admission(origin, tender.view.q, by)
        if chosen is None or await self._chain.call("TenderBook", "isAdmitted", tender.tender, slip_hash):
            return False
        arguments = (tender.tender, origin.origin, slip, chosen)
        return await self._send("admit", arguments, key=_key("admit", tender, origin.origin, slip_hash))

    async def _merged(self, tender: TenderAtBlock, origin: OriginView, wanted: dict[bytes, bytes]) -> set[bytes]:
        """Return the hashes of those wanted slips that at least q cuts of the origin hold."""
        sizes = sorted((cut.size for cut in origin.cuts), reverse=True)
        if not wanted or len(sizes) < tender.view.q:
            return set()
        end, found = sizes[tender.view.q - 1], set[bytes]()
        async for slip in slips(self._sources[0], origin.origin, origin.start_size, end):
            found |= {hashlib.sha256(slip).digest()} & wanted.keys()
        return found

    # --- sending -----------------------------------------------------------------------------------------------

    async def _send(self, function: str, arguments: Sequence[Any], *, key: str) -> bool:
        try:
            await self._chain.call("TenderBook", function, *arguments)
        except ContractRevertedError as error:
            logger.debug("%s is not due: %s", function, error.message)
            return False
        async with self._database.unit_of_work() as session:
            await self._sender.submit(session, "TenderBook", function, arguments, key=key)
        return True


def cut_arguments(tender: TenderAtBlock, cut: Cut, proof: Sequence[bytes]) -> tuple[Any, ...]:
    """Return the arguments of `TenderBook.cut`; `proof` leads from the cut on chain, or the start, to the new one."""
    checkpoint = cut.by_witness
    return (
        tender.tender,
        checkpoint.origin,
        checkpoint.city,
        checkpoint.size,
        checkpoint.root,
        proof,
        (cut.by_origin.at, cut.by_origin.signature),
        (checkpoint.at, checkpoint.signature),
    )


def largest_cuts(origin: OriginView, known: Iterable[SignedBoxCheckpoint], deadline: int) -> list[Cut]:
    """Return for each witness the largest (size, root) that it and the origin's city signed by the deadline.

    Only what is larger than the witness's cut on chain, or than the start. A forked origin may have signed two roots at
    one size; each witness is matched with the one it signed.
    """
    in_time = [c for c in known if c.origin == origin.origin and c.at <= deadline]
    by_origin = {(c.size, c.root): c for c in in_time if c.city == origin.city}
    cuts = {cut.city: cut for cut in origin.cuts}
    best: dict[bytes, Cut] = {}
    for checkpoint in in_time:
        old = cuts.get(checkpoint.city, CutView(checkpoint.city, origin.start_size, origin.start_root))
        partner = by_origin.get((checkpoint.size, checkpoint.root))
        if checkpoint.city == origin.city or partner is None or checkpoint.size <= old.size:
            continue
        rival = best.get(checkpoint.city)
        if rival is None or checkpoint.size > rival.by_witness.size:
            best[checkpoint.city] = Cut(origin, partner, checkpoint, old.size)
    return [best[city] for city in sorted(best)]


def admission(
    origin: OriginView, q: int, by: Iterable[CityAcknowledgement]
) -> list[tuple[bytes, int, int, bytes]] | None:
    """Return the acknowledgements in the form of `admit`: the origin's city first, then q others ascending by city.

    None if there are not enough.
    """
    given = {acknowledgement.city: acknowledgement for acknowledgement in by}
    own = given.pop(origin.city, None)
    others = sort_by_city(list(given.values()))[:q]
    if own is None or len(others) < q:
        return None
    return [(a.city, a.act.received_at, a.act.merge_by, a.signature) for a in (own, *others)]


def _key(function: str, tender: TenderAtBlock, *parts: bytes) -> str:
    """Return the sender's key of a call: the same call of the same tender, while its deadline stands, is one call."""
    name = hashlib.sha256(b"".join((tender.tender, tender.view.deadline.to_bytes(8, "big"), *parts))).hexdigest()
    return f"{function}/{name}"
