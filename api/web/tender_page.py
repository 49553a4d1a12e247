"""Everything that a tender's page shows, read in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from api.live import version
from api.node import CityNode
from api.web.charts import Station
from api.web.proofs import ChainProof, LogProof, chain_proof, log_proof
from api.web.results import LotResult, lot_result
from api.web.story import Line, stations, story
from bidding.opening.dues import Dues, committee_dues
from bidding.opening.views import explain_view, opening_view
from bidding.tender import repository
from bidding.tender.domain import TenderState
from bidding.tender.models import TenderLotRow, TenderRow, Visibility
from bidding.tender.notice import Notice, parse_notice
from bidding.tender.rules import RulePack
from bidding.tender.rules import parse as parse_pack
from ledger.chain.rpc import ChainUnreachableError

ENDED = frozenset({
    TenderState.DECIDED, TenderState.CONTRACTED, TenderState.PERFORMING, TenderState.ARCHIVED, TenderState.FAILED,
    TenderState.TERMINATED,
})  # fmt: skip
"""States in which nothing moves by itself any more."""


@dataclass(frozen=True)
class TenderPage:
    """What the template `tender.html` takes."""

    version: str
    row: TenderRow
    lots: Sequence[TenderLotRow]
    notice: Notice | None
    pack: RulePack | None
    documents: Sequence[tuple[bytes, str, int]]
    way: Sequence[Station]
    story: Sequence[Line]
    is_listed: bool
    opening: Mapping[str, Any]
    dropped: Sequence[Mapping[str, Any]]
    results: Sequence[LotResult]
    log: LogProof | None
    chain: ChainProof | None

    @property
    def is_live(self) -> bool:
        """Whether the page is worth watching."""
        return TenderState(self.row.state) not in ENDED


async def tender_page(node: CityNode, tender: bytes, words: Callable[[str], str]) -> TenderPage:
    """Return the page of a tender; refuse one that this city has not heard of. `words` gives a text by its key."""
    city = node.base.city
    dues = await _dues(node, tender)
    chain = await chain_proof(node.chain, city, tender)
    async with node.database.reading() as session:
        row = await repository.get(session, tender)
        lots = await repository.lots(session, tender)
        lines = await story(session, node.base.public_log, tender)
        opening = await opening_view(session, tender, dues)
        is_listed = opening["root"] is not None
        return TenderPage(
            version=await version(session, node.base.public_log, tender),
            row=row,
            lots=lots,
            notice=await _notice(session, row),
            pack=await _pack(session, row),
            documents=await repository.documents_of(session, tender, [Visibility.PUBLIC]),
            way=stations(row, lots, lines, words),
            story=lines,
            is_listed=is_listed,
            opening=opening,
            dropped=await _dropped(session, tender) if is_listed else (),
            results=[await lot_result(session, lot, opening, words) for lot in lots],
            log=await log_proof(session, city),
            chain=chain,
        )


async def _dues(node: CityNode, tender: bytes) -> Dues:
    try:
        return await committee_dues(node.chain, node.database, tender)
    except ChainUnreachableError:
        return Dues()  # who owes a share is then not named; everything else stands in the database


async def _notice(session: AsyncSession, row: TenderRow) -> Notice | None:
    document = await repository.document(session, row.tender, row.notice) if row.notice else None
    return parse_notice(document.content) if document else None


async def _pack(session: AsyncSession, row: TenderRow) -> RulePack | None:
    document = await repository.document(session, row.tender, row.rule_pack) if row.rule_pack else None
    return parse_pack(document.content) if document else None


async def _dropped(session: AsyncSession, tender: bytes) -> list[Any]:
    slips: Any = (await explain_view(session, tender))["slips"]
    return [slip for slip in slips if slip["reason"] not in {"listed", "void 1", "void 2", "void 3"}]
