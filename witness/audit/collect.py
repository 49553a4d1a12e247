"""Collect a bundle from a running city: its database, its chain node, the cities' lines and streams.

What is collected is examined on the live node with the verifier's own code; whatever that reads of the chain is then
proven. So a bundle carries exactly what its verifier asks for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.box.book import TenderAtBlock, read_tender
from bidding.box.lines import LineReader, LineSource
from bidding.tender import repository as tenders
from bidding.tender.models import TenderActRow, Visibility
from ledger.authority import ActChain
from ledger.chain.answers import Block
from ledger.chain.client import ChainClient, ContractKind
from ledger.chain.evidence.blocks import BlockEvidence, VerifiedBlock, header_from_rpc
from ledger.chain.evidence.facts import StateProof, StateReader
from ledger.chain.evidence.layout import PathElement, StorageLayout
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.chain.evidence.trust import BlockEvidenceKind
from ledger.chain.prove import prove
from ledger.db import Database
from ledger.errors import SunbidError
from ledger.signed import Signed, read_act
from witness.audit.acts import STEPS
from witness.audit.bundle import Anchor, Bundle
from witness.audit.collect_box import collect_box, collect_list
from witness.audit.collect_log import CollectedLog, collect_log
from witness.audit.collect_openings import StreamSource, collect_openings
from witness.audit.examine import Examination
from witness.audit.named import named_documents
from witness.audit.parts import Manifest, Profile
from witness.audit.timing import is_listed
from witness.log.policy import Policy
from witness.log.service import PublicLog


class NotReadyError(SunbidError):
    """A tender whose records are still on their way into the log or onto the chain: ask again."""

    code = "bundle.not_yet"


@dataclass(frozen=True)
class Collector:
    """What collecting takes; `lines` are the cities' sealed logs, this city's own first.

    `attestations` returns what cities signed of a block, asked where no validator seals blocks; `policy` holds the logs
    and witnesses that the chain names.
    """

    database: Database
    chain: ChainClient
    kind: BlockEvidenceKind
    log: PublicLog
    lines: Sequence[LineSource]
    streams: StreamSource
    policy: Policy
    attestations: Callable[[BlockHeader], Awaitable[tuple[bytes, ...]]]

    async def collect(self, tender: bytes, profile: Profile, *, with_box: bool = False) -> Bundle:
        """Return the bundle of a tender that this city conducts, as it stands at the last final block.

        Raises `NotReadyError` while the database, the log and the chain are not at the same point.
        """
        block = await self.chain.final_block()
        at = await read_tender(self.chain, tender, block)
        if at is None:
            raise SunbidError("the chain knows no such tender", code="tender.unknown")
        manifest = await self._manifest(tender, profile, with_box=with_box)
        unproven = Anchor(BlockEvidence(header_from_rpc(self.kind, block.raw)), StateProof((), ()))
        async with self.database.reading() as session:
            draft = await self._draft(session, at, manifest, unproven)
        return replace(draft, anchor=await self._anchor(draft, block))

    async def _manifest(self, tender: bytes, profile: Profile, *, with_box: bool) -> Manifest:
        book, key_sets, anchors = [
            await self.chain.contract(kind.name)
            for kind in (ContractKind.TenderBook, ContractKind.KeySets, ContractKind.AnchorRegistry)
        ]
        return Manifest(profile, tender, self.chain.chain_id, self.chain.registry, book, key_sets, anchors, with_box)

    async def _draft(self, session: AsyncSession, at: TenderAtBlock, manifest: Manifest, unproven: Anchor) -> Bundle:
        """Return the bundle without the proof of what it will be found to rest on."""
        row = await tenders.get(session, at.tender)
        if not row.owned:
            raise SunbidError("ask the city of the tender's first origin", code="tender.elsewhere")
        if row.seen_block < at.block and row.stale:
            raise NotReadyError("this city is still reading what the chain says of the tender")
        log = await collect_log(session, self.chain, self.log, at, self.policy)
        lines = LineReader(self.lines)
        shown = (
            await collect_box(session, self.chain, lines, at, whole=manifest.with_box) if any(at.view.inputs) else None
        )
        listed = await collect_list(session, self.chain, at) if is_listed(at) else None
        opened = (
            await collect_openings(session, at, self.streams, full=manifest.profile is Profile.FULL) if listed else None
        )
        acts, documents = await _acts(session, at, log, full=manifest.profile is Profile.FULL)
        _need_every_step(at, acts)
        return Bundle(
            manifest=manifest,
            anchor=unproven,
            acts=acts,
            documents=documents,
            entries=log.entries,
            proofs=log.proofs,
            checkpoints=log.checkpoints,
            policy=self.policy.format(),
            box=shown.box if shown else None,
            list=listed,
            openings=opened.envelopes if opened else (),
            streams=opened.streams if opened else {},
            lines=shown.lines if shown else {},
        )

    async def _anchor(self, draft: Bundle, block: Block) -> Anchor:
        header = draft.anchor.block.header
        verified = VerifiedBlock(header, block.hash, (), has_own_time=self.kind is not BlockEvidenceKind.ATTESTED)
        watched = _Watched()

        def compute(state: StateReader) -> None:
            Examination(draft, verified, watched.over(state), self.policy, {}).run()

        proven = await prove(self.chain, self.kind, block, compute)
        watched.need_sound()
        signatures = await self.attestations(header) if self.kind is BlockEvidenceKind.ATTESTED else ()
        return Anchor(BlockEvidence(header, await self._followers(block), signatures), proven.proof)

    async def _followers(self, block: Block) -> tuple[BlockHeader, ...]:
        if self.kind is not BlockEvidenceKind.CLIQUE:
            return ()
        last = min((await self.chain.block()).number, block.number + self.chain.finality.depth)
        return tuple(BlockHeader.from_rpc(b.raw) for b in await self.chain.blocks(range(block.number + 1, last + 1)))


class _Watched(StateReader):
    """Passes reads on and remembers the first failure: a claim takes it for an answer, a collector must not."""

    def __init__(self) -> None:
        self._inner: StateReader | None = None
        self._error: SunbidError | None = None

    def over(self, inner: StateReader) -> StateReader:
        """Read from `inner` from now on."""
        self._inner = inner
        return self

    def expect(self, address: bytes, layout: StorageLayout, paths: Iterable[Sequence[PathElement]]) -> None:
        """Pass the word on."""
        with self._asking() as inner:
            inner.expect(address, layout, paths)

    def word(self, address: bytes, slot: int) -> bytes:
        """Return the word from the node."""
        with self._asking() as inner:
            return inner.word(address, slot)

    @contextmanager
    def _asking(self) -> Iterator[StateReader]:
        assert self._inner is not None
        try:
            yield self._inner
        except SunbidError as error:
            self._error = self._error or error
            raise

    def need_sound(self) -> None:
        """Raise the first error of a read."""
        if self._error is not None:
            raise self._error


async def _acts(
    session: AsyncSession, at: TenderAtBlock, log: CollectedLog, *, full: bool
) -> tuple[tuple[Signed, ...], dict[bytes, bytes]]:
    """Return the disclosed acts that the chain accepted or the log holds by now, and the documents they name."""
    rows = await tenders.acts(session, at.tender, visible=list(Visibility) if full else [Visibility.PUBLIC])
    acts = tuple(_signed(row) for row in rows if _is_there(row, log))
    documents = await tenders.documents(session, at.tender, visible=None if full else [Visibility.PUBLIC])
    return acts, named_documents(acts, log.entries, {row.sha256: row.content for row in documents})


def _need_every_step(at: TenderAtBlock, acts: tuple[Signed, ...]) -> None:
    """Refuse to go on while the log has not witnessed a step that the chain took: its entry comes with the indexer."""
    taken = at.view.tenderer_steps + at.view.supervisor_steps + sum(lot.steps for lot in at.lots)
    if sum(isinstance(signed.act, STEPS) for signed in acts) < taken:
        raise NotReadyError("the log has not witnessed the tender's last step yet")


def _is_there(row: TenderActRow, log: CollectedLog) -> bool:
    return row.digest in log.acts


def _signed(row: TenderActRow) -> Signed:
    return Signed(read_act(row.type, row.act), row.signature, ActChain.from_json(row.chain))
