"""What came of a lot, for the tender's page: bids as opened, evaluation, exclusions, decisions; only public records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from api.web.charts import Bar, bars
from api.web.format import money, short
from bidding.award.domain import Basis, parse_basis
from bidding.evaluation.report import Report, parse_report
from bidding.tender import repository
from bidding.tender.models import TenderActRow, TenderLotRow, Visibility
from ledger.acts import Envelope
from ledger.json_fields import to_hex

_PUBLIC = [Visibility.PUBLIC]
_CHART_NAME = 24


@dataclass(frozen=True)
class PriceChart:
    """The prices read out in one currency, lowest first."""

    currency: str
    picture: Markup


@dataclass(frozen=True)
class EnvelopeView:
    """One envelope of a lot: the listed bids in list order, as `GET …/opening` shows them, and pictures of prices."""

    envelope: str
    bids: Sequence[Mapping[str, Any]]
    charts: Sequence[PriceChart] = ()


@dataclass(frozen=True)
class EvaluationView:
    """A lot's evaluation report: its header, one record a bid by rank, the sheets, how many experts signed it."""

    header: Mapping[str, Any]
    bids: Sequence[Mapping[str, Any]]
    sheets: Sequence[Mapping[str, Any]]
    signatures: int
    chart: Markup


@dataclass(frozen=True)
class ExclusionView:
    """Bidders rejected after an envelope, each with the panel's ground where its report is public."""

    envelope: str
    excluded: Sequence[str]
    grounds: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class DecisionView:
    """One decision on a lot; the last one stands."""

    digest: bytes
    winner: str | None
    reason: int | None
    basis: Basis | None
    at: int | None
    stands: bool


@dataclass(frozen=True)
class Named:
    """How a bidder named itself in its opened price; the code only if it is its own."""

    name: str
    uscc: str | None


Names = Mapping[str, Named]


@dataclass(frozen=True)
class LotResult:
    """Everything public about one lot; `names` are the bidders' by id, as 0x hex."""

    number: int
    names: Names
    envelopes: Sequence[EnvelopeView]
    evaluation: EvaluationView | None
    exclusions: Sequence[ExclusionView]
    decisions: Sequence[DecisionView]


async def lot_result(
    session: AsyncSession, lot: TenderLotRow, opening: Mapping[str, Any], words: Callable[[str], str]
) -> LotResult:
    """Return what is public about a lot; `opening` is `opening_view` of its tender."""
    decisions = await _decisions(session, lot)
    winner = next((d.winner for d in decisions if d.stands), None)
    groups = [group for group in opening["envelopes"] if group["lot"] == lot.number]
    names = {bid["bidder"]: Named(bid["name"], bid["uscc"]) for g in groups for bid in g["bids"] if bid["name"]}
    return LotResult(
        number=lot.number,
        names=names,
        envelopes=[_envelope(group, winner, words("prices_of"), names) for group in groups],
        evaluation=await _evaluation(session, lot, words("evaluated_chart"), names),
        exclusions=await _exclusions(session, lot),
        decisions=decisions,
    )


def _envelope(group: Mapping[str, Any], winner: str | None, title: str, names: Names) -> EnvelopeView:
    if group["envelope"] != Envelope.PRICE.text:
        return EnvelopeView(group["envelope"], group["bids"])
    currencies = sorted({price["currency"] for bid in group["bids"] for price in bid["prices"]})
    charts = [PriceChart(c, _chart(group["bids"], c, winner, f"{title} {c}", names)) for c in currencies]
    return EnvelopeView(group["envelope"], group["bids"], charts)


def _called(bidder: str, names: Names) -> str:
    """Return a bidder's name for a chart, no longer than a phone is wide."""
    name = names[bidder].name if bidder in names else short(bidder)
    return name if len(name) <= _CHART_NAME else name[: _CHART_NAME - 1] + "…"


def _chart(bids: Sequence[Mapping[str, Any]], currency: str, winner: str | None, title: str, names: Names) -> Markup:
    named = [
        (Decimal(price["amount"]), bid["bidder"])
        for bid in bids
        for price in bid["prices"]
        if price["currency"] == currency
    ]
    items = [
        Bar(_called(bidder, names), amount, money(amount, currency), "good" if bidder == winner else "")
        for amount, bidder in sorted(named)
    ]
    return bars(items, title)


def _ranked_chart(records: Sequence[Mapping[str, Any]], title: str, names: Names) -> Markup:
    """Draw the evaluated prices by rank; nothing if a bid is compared in more than one amount."""
    ranked = sorted((record for record in records if record.get("rank")), key=_by_rank)
    if any(len(record["evaluated"]) != 1 for record in ranked):
        return Markup("")
    items = []
    for record in ranked:
        price = record["evaluated"][0]
        amount = Decimal(price["amount"])
        label = f"{record['rank']}. {_called(record['bidder'], names)}"
        items.append(Bar(label, amount, money(amount, price["currency"]), "good" if record["rank"] == 1 else ""))
    return bars(items, title)


async def _evaluation(session: AsyncSession, lot: TenderLotRow, title: str, names: Names) -> EvaluationView | None:
    if lot.report is None:
        return None
    signed = await _reports(session, lot, to_hex(lot.report))
    report = await _public_report(session, signed)
    if report is None:
        return None
    header, *records = report.records
    return EvaluationView(
        header,
        sorted((record for record in records if record["kind"] == "bid-evaluation"), key=_by_rank),
        [record for record in records if record["kind"] == "score-sheet"],
        len(signed),
        _ranked_chart(records, title, names),
    )


def _by_rank(record: Mapping[str, Any]) -> tuple[bool, int]:
    return record["rank"] is None, record["rank"] or record["place"]


async def _reports(session: AsyncSession, lot: TenderLotRow, root: str) -> list[TenderActRow]:
    acts = await repository.acts(session, lot.tender, type_="EvaluationReport", lot_number=lot.number, visible=_PUBLIC)
    return [act for act in acts if act.act["root"] == root]


async def _public_report(session: AsyncSession, signed: Sequence[TenderActRow]) -> Report | None:
    for act in signed:
        document = await repository.document(session, act.tender, act.body) if act.body else None
        if document is not None and document.visibility == Visibility.PUBLIC:
            return parse_report(document.content)
    return None


async def _exclusions(session: AsyncSession, lot: TenderLotRow) -> list[ExclusionView]:
    acts = await repository.acts(session, lot.tender, type_="EnvelopeExclusion", lot_number=lot.number, visible=_PUBLIC)
    found = []
    for act in acts:
        if act.confirmed_at is None:
            continue
        report = await _public_report(session, await _reports(session, lot, act.act["report"]))
        findings = report.records[1:] if report else ()
        grounds: dict[str, Any] = {str(f["bidder"]): f["rejection"] for f in findings if f["rejection"]}
        found.append(ExclusionView(Envelope(act.act["envelope"]).text, act.act["excluded"], grounds))
    return found


async def _decisions(session: AsyncSession, lot: TenderLotRow) -> list[DecisionView]:
    acts = [
        act
        for kind in ("AwardDecision", "LotFailure")
        for act in await repository.acts(session, lot.tender, type_=kind, lot_number=lot.number, visible=_PUBLIC)
        if act.confirmed_at is not None
    ]
    views = [
        DecisionView(
            act.digest,
            act.act.get("winner"),
            act.act.get("reason"),
            await _basis(session, act),
            act.confirmed_at,
            act.digest == lot.decision,
        )
        for act in sorted(acts, key=lambda act: act.id)
    ]
    if not views and lot.reason:  # decided by the list itself: too few bidders
        views.append(DecisionView(bytes(32), None, lot.reason, None, lot.decided_at, stands=True))
    return views


async def _basis(session: AsyncSession, act: TenderActRow) -> Basis | None:
    document = await repository.document(session, act.tender, bytes.fromhex(act.act["basis"][2:]))
    return parse_basis(document.content) if document and document.visibility == Visibility.PUBLIC else None
