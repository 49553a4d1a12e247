"""The lots under examination: what was excluded, ranked and decided, from acts and reports on what was opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from bidding.award.claims import LotEvidence, OpenedLot, lot_claims, need_lot_acts
from bidding.box.book import LotView, TenderAtBlock
from bidding.evaluation.report import parse_report
from bidding.panel.claims import Authorities, Recorded, panel_claims
from bidding.panel.domain import Panel
from bidding.tender.notice import Notice
from bidding.tender.rules import RulePack
from ledger.acts import DrawRequest, Envelope, EvaluationReport, ScoreSheet
from ledger.claims import Claim, RestsOnError, Words, judged, need, settled
from ledger.errors import SunbidError
from witness.audit.acts import Acts, DatedActs
from witness.audit.opened import Opened

_CODES = {
    "lot.opened": "record.{lot}",
    "lot.excluded": "exclusions.{lot}",
    "lot.evaluated": "evaluation.{lot}",
    "lot.decided": "award.{lot}",
}
_OF_THE_PANEL = ("lot.excluded", "lot.evaluated", "lot.decided")

Rules = tuple[Notice, RulePack]


@dataclass(frozen=True)
class Lots:
    """The lots of a listed tender; `dated` and `rules` are None where the claims on log or notices do not hold."""

    at: TenderAtBlock
    acts: Acts
    dated: DatedActs | None
    authorities: Authorities
    rules: Rules | None
    proof: str

    def _track(self, lot: LotView) -> Claim:
        found = self.acts.on_lot(lot.number)
        return judged(
            f"acts.{lot.number}",
            f"These are all the acts on lot {lot.number} that TenderBook accepted, in this order: {lot.steps}.",
            f"招标合约就标段 {lot.number} 接受的行为共 {lot.steps} 项，全部在此，顺序一致。",
            lambda: need_lot_acts(self.at.tender, lot, found, self.acts.domains),
            evidence=(self.proof,),
        )

    def claims(self, opened: Opened) -> list[Claim]:
        """Return the claims on the panel and on every lot."""
        claims, panel = self._panel()
        for lot in self.at.lots:
            claims.append(self._track(lot))
            try:
                case = need(self.rules, "tender.notices"), need(self.dated, "log.complete"), _opened(opened, lot)
            except RestsOnError as error:
                claims.append(_unexamined(lot, error))
            else:
                claims += self._lot(lot, *case, panel)
        return claims

    def _panel(self) -> tuple[list[Claim], Panel | None]:
        """Return the claims on the panel, if there is one, and the panel; None where they do not hold."""
        if not self.acts.of(DrawRequest):
            return [], Panel(())

        def find() -> tuple[tuple[list[Claim], Panel], Words]:
            records, terms = need(self.dated, "log.complete").panel(), need(self.rules, "tender.notices")[1].terms
            return panel_claims(records, terms, self.authorities), Words("", "")

        subject = Words("Trading centre and tenderer appointed the panel.", "评标委员会由交易中心与招标人共同确定。")
        failure, found = settled("panel.drawn", subject, find)
        claims, panel = found or ([failure], Panel(()))
        return claims, panel if all(claim.holds for claim in claims) else None

    def _lot(self, lot: LotView, rules: Rules, dated: DatedActs, opened: OpenedLot, panel: Panel | None) -> list[Claim]:
        evidence = LotEvidence(
            self.at.tender,
            lot,
            self.proof,
            self.acts.on_lot(lot.number),
            _reports(self.acts),
            _of_lot(dated.of(EvaluationReport), lot),
            _of_lot(dated.of(ScoreSheet), lot),
            self.acts.documents,
        )
        seats = panel or Panel(())
        found = lot_claims(evidence, rules[0].lot(lot.number), rules[1], opened, seats, self.authorities)
        return [_named(claim, lot, panel) for claim in found if claim.code in _CODES]


def _named(claim: Claim, lot: LotView, panel: Panel | None) -> Claim:
    """Return a lot's claim under its own code; without a panel, what fails for that says so."""
    rests = not claim.holds and panel is None and claim.code in _OF_THE_PANEL
    problem = "it rests on panel.drawn and panel.seated, which do not hold" if rests else claim.problem
    return replace(claim, code=_CODES[claim.code].format(lot=lot.number), problem=problem)


def _unexamined(lot: LotView, error: RestsOnError) -> Claim:
    return Claim(
        f"award.{lot.number}",
        False,
        f"What became of lot {lot.number} follows from the records.",
        f"标段 {lot.number} 的结果由记录推出。",
        problem=error.message,
    )


def _opened(opened: Opened, lot: LotView) -> OpenedLot:
    """Return what was opened of a lot; raise `RestsOnError` if some of it is not proven."""
    mine = {
        envelope: need(found, f"opening.{number}.{envelope.text}")
        for (number, envelope), found in opened.items()
        if number == lot.number
    }
    price = mine.get(Envelope.PRICE)
    return OpenedLot(
        {envelope: [bid.bidder for bid in found.bids] for envelope, found in mine.items()},
        price.bids if price else (),
        {envelope: found.root for envelope, found in mine.items()},
        price.names if price else {},
    )


def _reports(acts: Acts) -> dict[bytes, bytes]:
    """Return the documents that can be read as reports, by the root over their records."""
    return dict(_read_reports([*acts.documents_of("evaluation-report"), *acts.documents_of("examination-report")]))


def _read_reports(contents: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for content in contents:
        with suppress(SunbidError):  # whoever needs it says that it is missing
            yield parse_report(content).root, content


def _of_lot(recorded: tuple[Recorded, ...], lot: LotView) -> tuple[Recorded, ...]:
    return tuple(r for r in recorded if r.signed.act.lot == lot.number)  # type: ignore[attr-defined]
