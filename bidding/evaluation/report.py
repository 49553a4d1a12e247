"""The panel's reports as records under one RFC 6962 root, which every member signs (`EvaluationReport.root`).

An evaluation report is a header record, one record a bid in list order, then the bodies of the score sheets by bidder
in list order and seat. An examination (after an earlier envelope) is a header and one record a bid. Records are
canonical JSON; the body that is disclosed is `{v, kind, records}` with the records as they are. `read_evaluation`
rebuilds every record from the opened bids and recomputes the ranking, so that a signed report with a wrong figure,
a bid left out or another order is refused by its record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bidding.evaluation.domain import (
    Assessment,
    Candidate,
    EvaluationError,
    LotCase,
    NoAward,
    OpenedBid,
    Outcome,
    Ranking,
    Rejection,
)
from bidding.evaluation.formulas import formula_of
from bidding.evaluation.sheets import Sheet, parse_sheet
from bidding.tender.money import parse_money
from bidding.tender.notice import NoticeLot
from bidding.tender.rules import RulePack
from ledger import canonical
from ledger.acts import Envelope
from ledger.canonical import JsonObject, JsonValue
from ledger.json_fields import read_b32, read_list, read_members, read_object, read_text, read_words, to_hex
from witness.log.merkle import leaf_hash, tree_head

VERSION = 1
MAX_SIZE = 16 * 1024 * 1024

Records: TypeAlias = tuple[JsonObject, ...]


@dataclass(frozen=True)
class Report:
    """A report's records in order; `root` is what the panel signs, `to_bytes` what is stored and disclosed."""

    kind: str
    records: Records

    @property
    def root(self) -> bytes:
        """The RFC 6962 root over the records' canonical bytes."""
        return tree_head([leaf_hash(canonical.dumps(record, max_size=MAX_SIZE)) for record in self.records])

    def to_bytes(self) -> bytes:
        """Return the canonical bytes of the whole report."""
        value: JsonObject = {"v": VERSION, "kind": self.kind, "records": list(self.records)}
        return canonical.dumps(value, max_size=MAX_SIZE)


def parse_report(data: bytes) -> Report:
    """Return the report of canonical bytes, its records unread."""
    value = read_members(canonical.loads(data, max_size=MAX_SIZE), "report", ("v", "kind", "records"))
    if value["v"] != VERSION:
        raise EvaluationError(f"this is no report of version {VERSION}", code="report.malformed")
    records = tuple(read_object(record, "record") for record in read_list(value["records"], "records"))
    return Report(read_words(value["kind"], "kind"), records)


def evaluation_report(tender: bytes, case: LotCase, pack: RulePack) -> tuple[Report, Outcome]:
    """Return the report on this case under this pack, and the outcome that it states."""
    outcome = formula_of(pack).rank(case)
    ranked = {c.bidder: c for c in outcome.candidates} if isinstance(outcome, Ranking) else {}
    header: JsonObject = {
        "kind": "evaluation",
        "tender": to_hex(tender),
        "lot": case.lot.number,
        "rulePack": to_hex(pack.hash),
        "formula": pack.terms.formula.value,
        "basis": outcome.basis.value if isinstance(outcome, Ranking) else None,
        "noAward": outcome.reason.text if isinstance(outcome, NoAward) else None,
        "ranking": [to_hex(bidder) for bidder in ranked],
        "seats": [to_hex(seat) for seat in case.seats],
    }
    bids = [_bid_record(bid, case.assessment(bid.bidder), outcome, ranked.get(bid.bidder)) for bid in case.bids]
    sheets = [canonical.loads_object(sheet.to_bytes(), max_size=MAX_SIZE) for sheet in _ordered_sheets(case)]
    return Report("evaluation-report", (header, *bids, *sheets)), outcome


def read_evaluation(
    report: Report, tender: bytes, lot: NoticeLot, pack: RulePack, bids: Sequence[OpenedBid]
) -> tuple[LotCase, Outcome]:
    """Return the case and the recomputed outcome of a report on these opened bids; refuse a report that differs."""
    if report.kind != "evaluation-report" or len(report.records) <= len(bids):
        raise EvaluationError("the report has no record for some bid", code="report.incomplete")
    header, findings, sheets = report.records[0], report.records[1 : len(bids) + 1], report.records[len(bids) + 1 :]
    assessments = [_assessment(record) for record in findings]
    case = LotCase(
        lot,
        tuple(bids),
        {a.bidder: a for a in assessments},
        tuple(parse_sheet(canonical.dumps(sheet, max_size=MAX_SIZE)) for sheet in sheets),
        tuple(read_b32(seat, "seat") for seat in read_list(header.get("seats"), "seats")),
    )
    rebuilt, outcome = evaluation_report(tender, case, pack)
    for number, (stated, computed) in enumerate(zip(report.records, rebuilt.records, strict=False)):
        if stated != computed:
            raise EvaluationError(
                f"record {number} of the report is not what the bids, findings and sheets give",
                code="report.differs", record=number, kind=str(stated.get("kind")),
            )  # fmt: skip
    if len(report.records) != len(rebuilt.records):
        raise EvaluationError("the report has sheets of somebody who has no bid", code="report.differs")
    return case, outcome


def _ordered_sheets(case: LotCase) -> list[Sheet]:
    order = {bid.bidder: number for number, bid in enumerate(case.bids)}
    own = [sheet for sheet in case.sheets if sheet.bidder in order]
    return sorted(own, key=lambda sheet: (order[sheet.bidder], sheet.seat))


def _bid_record(bid: OpenedBid, found: Assessment, outcome: Outcome, ranked: Candidate | None) -> JsonObject:
    points = ("pricePoints", "technicalPoints", "total")
    values = (ranked.price_points, ranked.technical_points, ranked.total) if ranked else (None, None, None)
    return {
        "kind": "bid-evaluation",
        "place": bid.place,
        "bidder": to_hex(bid.bidder),
        "opened": bid.opened,
        "prices": [price.to_json() for price in bid.prices],
        "evaluated": [price.to_json() for price in found.evaluated],
        "reason": found.reason,
        "rejection": _rejection_to_json(found.rejection),
        "standing": outcome.standings[bid.bidder].value,
        "rank": ranked.rank if ranked else None,
        **{name: None if value is None else format(value, "f") for name, value in zip(points, values, strict=True)},
    }


def _rejection_to_json(rejection: Rejection | None) -> JsonObject | None:
    return {"ground": rejection.ground, "text": rejection.text} if rejection else None


def _rejection(value: JsonValue) -> Rejection | None:
    if value is None:
        return None
    found = read_members(value, "rejection", ("ground", "text"))
    return Rejection(read_words(found["ground"], "ground"), read_words(found["text"], "text"))


def _assessment(record: JsonObject) -> Assessment:
    return Assessment(
        read_b32(record.get("bidder"), "bidder"),
        tuple(parse_money(price) for price in read_list(record.get("evaluated"), "evaluated")),
        read_text(record.get("reason"), "reason"),
        _rejection(record.get("rejection")),
    )


@dataclass(frozen=True)
class Finding:
    """What the panel found on one bidder after an envelope that is not the last: it goes on, or it is rejected."""

    bidder: bytes
    rejection: Rejection | None = None


@dataclass(frozen=True)
class Examination:
    """The panel's examination of one envelope, bidders in list order (初步评审)."""

    tender: bytes
    lot: int
    envelope: Envelope
    findings: tuple[Finding, ...]

    @property
    def excluded(self) -> tuple[bytes, ...]:
        """The rejected bidders, as `EnvelopeExclusion.excluded` names them."""
        return tuple(finding.bidder for finding in self.findings if finding.rejection)

    def report(self) -> Report:
        """Return the report that the panel signs."""
        header: JsonObject = {
            "kind": "examination",
            "tender": to_hex(self.tender),
            "lot": self.lot,
            "envelope": self.envelope.text,
        }
        records: list[JsonObject] = [
            {"kind": "bid-examination", "bidder": to_hex(f.bidder), "rejection": _rejection_to_json(f.rejection)}
            for f in self.findings
        ]
        return Report("examination-report", (header, *records))


def read_examination(report: Report, tender: bytes, lot: int, envelope: Envelope) -> Examination:
    """Return the examination that this report states; refuse one of another tender, lot or envelope."""
    if report.kind != "examination-report" or not report.records:
        raise EvaluationError("this is no examination report", code="report.malformed")
    findings = []
    for record in report.records[1:]:
        item = read_members(record, "finding", ("kind", "bidder", "rejection"))
        findings.append(Finding(read_b32(item["bidder"], "bidder"), _rejection(item["rejection"])))
    examination = Examination(tender, lot, envelope, tuple(findings))
    if examination.report() != report:
        raise EvaluationError("the report is on another tender, lot or envelope", code="report.differs")
    return examination
