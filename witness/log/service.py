"""What the rest of the city asks of its logs: witness an event, take a slip, read and prove any log kept here.

Nothing here commits: the caller's unit of work does. Writing the logs themselves is the tasks' work (sequencer.py,
sealed.py); a caller's event or slip is a row of the caller's own transaction until then.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from ledger.canonical import JsonObject, loads_object
from ledger.clock import to_unix
from ledger.errors import SunbidError
from ledger.outbox import enqueue
from witness.log.box_checkpoint import SignedBoxCheckpoint
from witness.log.box_repository import BoxRepository, QueueRepository
from witness.log.cosignature import cosigned_at
from witness.log.entry import CHAIN_START, SLIP_SIZE, Body, Disclosed
from witness.log.event import TOPIC, Event
from witness.log.merge import merge_by
from witness.log.merkle import consistency_proof_from, inclusion_proof_from, tree_head_from
from witness.log.models import DisclosureRow, PartnerFaultRow
from witness.log.note import Note, NoteSignature
from witness.log.ports import BoxFacts, SlipRules, TreeHead
from witness.log.repository import DisclosureRepository, StoreError, Tree, TreeRepository
from witness.log.tiles import TILE_WIDTH, Tile, encode_bundle

_POINT_SIZE = 33


class SlipRefusedError(SunbidError):
    """Bytes that are no slip."""

    code = "slip.malformed"


class NotDisclosedError(SunbidError):
    """An entry whose body is not open: not yet, or not any more."""

    code = "entry.not_found"


@dataclass(frozen=True)
class ChainHead:
    """The end of a tender's chain: its last entry (32 zero bytes before the first) and how many there are."""

    head: bytes
    count: int


@dataclass(frozen=True)
class TenderEntry:
    """One entry of a tender: its index in the log, its 32 bytes, and what it commits to if that is open."""

    index: int
    seq: int
    entry: bytes
    disclosed: Disclosed | None


@dataclass(frozen=True)
class Inclusion:
    """The entry at `index`, and the proof that it is in the tree of `size` entries under `root`."""

    index: int
    size: int
    entry: bytes
    proof: tuple[bytes, ...]
    root: bytes


class PublicLog:
    """The own log of commitments; `origin` is the SHA-256 of its origin line."""

    def __init__(self, origin: bytes) -> None:
        self.origin = origin

    async def append(self, session: AsyncSession, event: Event, *, key: str | None = None) -> None:
        """Have the event witnessed if and only if the transaction of `session` commits.

        `key` tells this event from every other (an act's digest, say); the same key with the same event is the same
        event. Without one, events that say the same are one.
        """
        await enqueue(session, TOPIC, event.to_payload(), key=f"{TOPIC}/{key}" if key else event.default_key)

    async def head(self, session: AsyncSession, tender: bytes) -> ChainHead:
        """Return the end of the tender's chain, as far as it is in the log."""
        row = await DisclosureRepository(session).tender_head(self.origin, tender)
        return ChainHead(row.head, row.count) if row else ChainHead(CHAIN_START, 0)

    async def disclosed(self, session: AsyncSession, tender: bytes) -> list[TenderEntry]:
        """Return all entries of the tender in order; one that is not open shows only its 32 bytes."""
        rows = await DisclosureRepository(session).of_tender(self.origin, tender)
        return [TenderEntry(row.index, row.seq or 0, entry, _disclosed(row)) for row, entry in rows]

    async def entry(self, session: AsyncSession, index: int) -> Disclosed:
        """Return what the entry at `index` commits to; raise `NotDisclosedError` if that is not open."""
        row = await DisclosureRepository(session).at(self.origin, index)
        disclosed = _disclosed(row) if row else None
        if disclosed is None:
            raise NotDisclosedError(
                "the body of this entry is not open; its place in the log can be proven all the same"
            )
        return disclosed

    async def disclose(self, session: AsyncSession, index: int) -> None:
        """Open what was committed to at `index`; raise `NotDisclosedError` if it was erased or never there."""
        row = await self._held(session, index)
        row.disclosed = True

    async def erase(self, session: AsyncSession, index: int) -> None:
        """Forget nonce and body at `index` for ever (a lawful erasure); the entry and every proof stay."""
        row = await self._held(session, index)
        row.nonce, row.body, row.disclosed = None, None, False

    async def _held(self, session: AsyncSession, index: int) -> DisclosureRow:
        row = await DisclosureRepository(session).at(self.origin, index)
        if row is None or row.body is None:
            raise NotDisclosedError("nothing is kept beside this entry: it does not exist or was erased")
        return row


class SealedLog:
    """The door into the own box; `origin` is the SHA-256 of its origin line."""

    def __init__(self, origin: bytes, facts: BoxFacts, rules: SlipRules) -> None:
        self.origin = origin
        self._facts = facts
        self._rules = rules

    async def accept(self, session: AsyncSession, slip: bytes, account: bytes | None, received_at: datetime) -> int:
        """Queue a slip once, and return by when it will stand in the log, in seconds since 1970.

        `account` is the 32-byte account that uploaded it; None marks the city's own secret event, which yields to all
        others. The same slip again changes nothing and has the same answer. Raises `SlipRefusedError` for bytes that
        are no slip: 896 of them, the first 33 a point of the curve.
        """
        if len(slip) != SLIP_SIZE or not self._rules.is_point(slip[:_POINT_SIZE]):
            raise SlipRefusedError(f"a slip has {SLIP_SIZE} bytes, the first {_POINT_SIZE} a compressed point")
        queue = QueueRepository(session)
        slip_hash = hashlib.sha256(slip).digest()
        now = to_unix(received_at)
        due = merge_by(
            [*await queue.accounts(), account],
            await self._facts.schedule(session),
            await self._facts.deadlines(session, now),
            after=await queue.last_tick(self.origin) or now,
            now=now,
        )
        if await queue.put(slip_hash, slip, account, received_at, due):
            return due
        known = await queue.find(slip_hash)
        assert known is not None  # no slip ever leaves the queue
        return known.merge_by

    async def index_of(self, session: AsyncSession, slip_hash: bytes) -> int | None:
        """Return where a slip that was taken here stands in the log, None while it waits or if it never came."""
        row = await QueueRepository(session).find(slip_hash)
        return row.index if row else None


class LogReader:
    """Reading and proving from every log that this city writes or keeps a copy of; `origin` is always a 32-byte id."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._trees = TreeRepository(session)
        self._box = BoxRepository(session)

    async def tree(self, origin: bytes) -> Tree:
        """Return the tree as it stands; raise `StoreError` (`log.unknown`) if it is not kept here."""
        return await self._trees.get(origin)

    async def slips(self, origin: bytes, start: int, end: int) -> list[bytes]:
        """Return the entries start … end − 1 as far as they are kept here, from the own log or the copy."""
        return await self._trees.entries(origin, start, end)

    async def inclusion(self, origin: bytes, index: int, size: int) -> Inclusion:
        """Return the entry at `index` with its proof in the tree of `size` entries."""
        await self._need(origin, size)
        proof = await self._trees.prove(origin, size, lambda nodes: inclusion_proof_from(nodes, index, size))
        [entry] = await self._trees.entries(origin, index, index + 1)
        return Inclusion(index, size, entry, tuple(proof), await self.root(origin, size))

    async def consistency(self, origin: bytes, size1: int, size2: int) -> list[bytes]:
        """Return the proof that the first `size1` entries are a prefix of the first `size2`."""
        await self._need(origin, size2)
        return await self._trees.prove(origin, size2, lambda nodes: consistency_proof_from(nodes, size1, size2))

    async def root(self, origin: bytes, size: int) -> bytes:
        """Return the root over the first `size` entries."""
        await self._need(origin, size)
        return await self._trees.prove(origin, size, lambda nodes: tree_head_from(nodes, size))

    async def tile(self, origin: bytes, tile: Tile) -> bytes:
        """Return a hash tile or an entry bundle in the form of tlog-tiles; raise `StoreError` if it is not there."""
        if tile.level is not None:
            return await self._trees.tile(origin, tile)
        start = tile.index * TILE_WIDTH
        entries = await self._trees.entries(origin, start, start + tile.width)
        if len(entries) < tile.width:
            raise StoreError("the log has not grown to this bundle", code="tile.unknown", tile=tile.path)
        return encode_bundle(entries)

    async def checkpoint(self, origin: bytes, size: int | None = None) -> Note | None:
        """Return the own log's signed note of this size, or the newest, with all cosignatures known here."""
        row = await self._trees.checkpoint(origin, size)
        if row is None:
            return None
        lines = (await self._trees.cosignatures(origin, row.size)).values()
        signatures = [NoteSignature.parse(line.removesuffix("\n")) for line in lines]
        return Note.parse(row.note.encode()).with_signatures(*signatures)

    async def checkpoint_covering(self, origin: bytes, index: int) -> Note | None:
        """Return the first signed note of the own log that holds entry `index`, with its cosignatures."""
        row = await self._trees.checkpoint_covering(origin, index)
        return await self.checkpoint(origin, row.size) if row else None

    async def cosigned_at(self, origin: bytes) -> int:
        """Return when partners last cosigned the own log's largest witnessed checkpoint, 0 if none ever did."""
        lines = await self._trees.latest_cosignatures(origin)
        times = [cosigned_at(NoteSignature.parse(line.removesuffix("\n")).blob) for line in lines]
        return max(times, default=0)

    async def box_checkpoints(
        self, origin: bytes, *, after: int = 0, sizes: int | None = None
    ) -> list[SignedBoxCheckpoint]:
        """Return what this and other cities signed of a sealed log beyond size `after`, smallest first."""
        return await self._box.after(origin, after, sizes=sizes)

    async def box_checkpoint(self, origin: bytes, size: int) -> list[SignedBoxCheckpoint]:
        """Return what this and other cities signed of a sealed log at this size."""
        return await self._box.at_size(origin, size)

    async def equivocations(self, origin: bytes | None = None) -> list[JsonObject]:
        """Return the evidence against origins that showed two histories: pairs of signed checkpoints."""
        rows = await self._box.equivocations(origin)
        return [{"seenAt": row.seen_at, **loads_object(row.evidence.encode())} for row in rows]

    async def partner_faults(self) -> list[PartnerFaultRow]:
        """Return which partner cities gave wrong answers, and when last, latest first."""
        return list(await self._box.faults())

    async def _need(self, origin: bytes, size: int) -> TreeHead:
        head = (await self._trees.get(origin)).head
        if size > head.size:
            raise SunbidError("the log is not that large here", code="log.out_of_range", size=head.size)
        return head


def _disclosed(row: DisclosureRow) -> Disclosed | None:
    if not row.disclosed or row.nonce is None or row.body is None:
        return None
    return Disclosed(row.nonce, Body.from_bytes(row.body))
