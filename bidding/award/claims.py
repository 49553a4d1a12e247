"""What a verifier can say of a lot: what was opened, excluded, evaluated and decided follows from the records.

Ranking and award are recomputed from opened bids, findings and sheets; nothing that says it was checked is believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise

from bidding.award.domain import AwardError, need_decision, need_failure, parse_basis
from bidding.box.book import LotState, LotView
from bidding.evaluation.domain import FailureReason, OpenedBid, Outcome, Ranking
from bidding.evaluation.report import parse_report, read_evaluation, read_examination
from bidding.evaluation.sheets import Sheet
from bidding.panel.claims import Authorities, Recorded, need_signed_by_all
from bidding.panel.domain import Panel
from bidding.tender.claims import need_track
from bidding.tender.documents import BidderName
from bidding.tender.notice import NoticeLot
from bidding.tender.rules import RulePack
from ledger.acts import (
    ZERO32,
    AwardDecision,
    Envelope,
    EnvelopeExclusion,
    EvaluationReport,
    LotFailure,
    OpeningRecord,
    Role,
    ScoreSheet,
)
from ledger.claims import Claim, Words, judged, settled
from ledger.errors import SunbidError
from ledger.json_fields import to_hex
from ledger.signed import Domains, Signed


@dataclass(frozen=True)
class OpenedLot:
    """What the verifier found in list and openings: bidders (void 0) by envelope, price bids, opening roots."""

    bidders: Mapping[Envelope, Sequence[bytes]]
    price_bids: Sequence[OpenedBid]
    roots: Mapping[Envelope, bytes]
    names: Mapping[bytes, BidderName] = field(default_factory=dict)

    def who(self, bidder: bytes) -> str:
        """Return how a lawyer would name a bidder: name and code if they are its own, else its id beside the name."""
        named = self.names.get(bidder)
        if named is None:
            return to_hex(bidder)
        if named.is_proven(bidder):
            return f"{named.name} ({named.uscc})"
        return f"{named.name} ({to_hex(bidder)})"


@dataclass(frozen=True)
class LotEvidence:
    """A lot as proven (`block` names the proof) with its acts in order, reports by root, bases by hash."""

    tender: bytes
    view: LotView
    block: str
    acts: tuple[Signed, ...]
    reports: Mapping[bytes, bytes]
    report_acts: tuple[Recorded, ...]
    sheet_acts: tuple[Recorded, ...]
    bases: Mapping[bytes, bytes]

    def report(self, root: bytes) -> bytes:
        """Return a report; refuse a bundle that lacks it."""
        if root not in self.reports:
            raise AwardError("the bundle lacks a report that the acts rest on", code="bundle.report_missing")
        return self.reports[root]


def lot_claims(
    evidence: LotEvidence, lot: NoticeLot, pack: RulePack, opened: OpenedLot, panel: Panel, authorities: Authorities
) -> list[Claim]:
    """Return the claims on one lot, in the order of its life."""
    view, proof = evidence.view, (evidence.block,)
    verifier = _Verifier(evidence, lot, pack, opened, panel, authorities)
    claims = [
        judged("lot.acts", f"These are all the acts on lot {view.number} that TenderBook accepted, in this order.",
               f"标段 {view.number} 的全部行为在此，顺序与链上一致。", verifier.check_track, evidence=proof),
        judged("lot.opened", "Each opening record is over exactly what was opened of its envelope.",
               "开标记录与实际开启内容一致。", verifier.check_openings, evidence=proof),
        judged("lot.excluded", "Each exclusion names exactly the bidders whom the whole panel rejected.",
               "各阶段否决的投标人与全体评委签署的评审报告一致。", verifier.check_exclusions, evidence=proof),
    ]  # fmt: skip
    roots = verifier.report_roots()
    if roots:
        subject = Words(f"The ranking of lot {view.number} is what the opened bids, the findings and the sheets give.",
                        f"标段 {view.number} 的排名与开启的投标、评审意见及评分表相符。", evidence=proof)  # fmt: skip
        claims.append(settled("lot.evaluated", subject, lambda: verifier.evaluate(roots))[0])
    if view.state in {LotState.AWARDED, LotState.FAILED}:
        english, chinese = verifier.words()
        claims.append(judged("lot.decided", english, chinese, verifier.check_decisions, when=view.since,
                             evidence=(*proof, to_hex(view.decision))))  # fmt: skip
    return claims


def need_lot_acts(tender: bytes, view: LotView, acts: Sequence[Signed], domains: Domains) -> None:
    """Refuse acts that are not all and exactly those that TenderBook accepted on this lot, in order."""
    need_track(acts, domains, view.acts, view.steps)
    for signed in acts:
        stated = (getattr(signed.act, "tender", None), getattr(signed.act, "lot", None))
        if stated != (tender, view.number):
            raise AwardError("an act is on another tender or lot", code="lot.foreign")
        signed.signer(domains)


@dataclass(frozen=True)
class _Verifier:
    evidence: LotEvidence
    lot: NoticeLot
    pack: RulePack
    opened: OpenedLot
    panel: Panel
    authorities: Authorities

    def check_track(self) -> None:
        need_lot_acts(self.evidence.tender, self.evidence.view, self.evidence.acts, self.authorities.domains)

    def check_openings(self) -> None:
        for signed in self.evidence.acts:
            if (
                isinstance(act := signed.act, OpeningRecord)
                and self.opened.roots.get(Envelope(act.envelope)) != act.root
            ):
                raise AwardError("an opening record is over something else", code="opening.root")

    def check_exclusions(self) -> None:
        gone: set[bytes] = set()
        for act in self._standing_exclusions():
            envelope = Envelope(act.envelope)
            report = parse_report(self.evidence.report(act.report))
            if report.root != act.report:
                raise AwardError("a report is not the one that was signed", code="report.root")
            self._need_signed(act.report)
            found = read_examination(report, self.evidence.tender, self.lot.number, envelope)
            listed = [bidder for bidder in self.opened.bidders.get(envelope, ()) if bidder not in gone]
            if [finding.bidder for finding in found.findings] != listed:
                raise AwardError("the panel did not examine every bidder", code="report.incomplete")
            if sorted(act.excluded) != sorted(found.excluded):
                raise AwardError("others were excluded than the panel rejected", code="exclusion.differs")
            gone |= set(act.excluded)

    def evaluate(self, roots: Sequence[bytes]) -> tuple[Outcome, Words]:
        """Return the outcome that every one of these reports gives, recomputed, with the words for the last one."""
        *_, last = [self._outcome(root) for root in roots]
        number, formula = self.lot.number, self.pack.terms.formula.value
        evidence = (*map(to_hex, roots), self.evidence.block)
        if not isinstance(last, Ranking):
            reason = last.reason.text
            return last, Words(f"Lot {number}: by {formula} there is no award ({reason}), recomputed.",
                               f"标段 {number}：按规则 {formula} 重新计算，无中标人（{reason}）。",
                               evidence=evidence)  # fmt: skip
        ranked = "; ".join(f"{c.rank}. {self.opened.who(c.bidder)} {c.price}" for c in last.candidates)
        return last, Words(f"Lot {number}: by {formula} the ranking is {ranked}; recomputed, signed by every expert.",
                           f"标段 {number}：按规则 {formula} 排名为 {ranked}；系重新计算得出，全体评委均已签署。",
                           evidence=evidence)  # fmt: skip

    def report_roots(self) -> list[bytes]:
        """Return the roots of the reports that decisions rest on; where none does, of all evaluation reports."""
        roots = []
        for act in (s.act for s in self.evidence.acts):
            if isinstance(act, AwardDecision | LotFailure):
                with suppress(SunbidError):  # the claim on the decision says what is wrong with its basis
                    roots.append(parse_basis(self.evidence.bases.get(act.basis, b"")).report)
        signed = [r.signed.act for r in self.evidence.report_acts]
        final = [act.root for act in signed if isinstance(act, EvaluationReport) and self._is_final(act.root)]
        return [root for root in dict.fromkeys(roots) if root != ZERO32] or list(dict.fromkeys(final))

    def _is_final(self, root: bytes) -> bool:
        with suppress(SunbidError):
            return parse_report(self.evidence.report(root)).kind == "evaluation-report"
        return False

    def check_decisions(self) -> None:
        view = self.evidence.view
        if view.reason == FailureReason.TOO_FEW_BIDDERS:
            if view.bidders >= self.pack.terms.minimum_bidders:
                raise AwardError("the lot had enough bidders", code="lot.enough_bidders")
            return
        fallen: list[bytes] = []
        last = ZERO32
        for signed in self.evidence.acts:
            if not isinstance(act := signed.act, AwardDecision | LotFailure):
                continue
            self._check_decision(act, last, fallen)
            last = signed.digest(self.authorities.domains)
            if isinstance(act, AwardDecision):
                fallen.append(act.winner)
        if last != view.decision:
            raise AwardError("the chain holds another decision", code="award.last")

    def words(self) -> tuple[str, str]:
        """Return what the decision says, without whether it holds."""
        awards = [s.act for s in self.evidence.acts if isinstance(s.act, AwardDecision)]
        number, view = self.lot.number, self.evidence.view
        if view.state is LotState.FAILED or not awards:
            reason = FailureReason(view.reason).text if view.reason in set(FailureReason) else str(view.reason)
            return f"Lot {number} failed: {reason}.", f"标段 {number} 流标：{reason}。"
        winner = self.opened.who(awards[-1].winner)
        formula = self.pack.terms.formula.value
        fallen_en, fallen_zh = self._fallen_words(awards)
        return (
            f"Lot {number} is awarded to {winner}, as {formula} gives, recomputed from the opened bids.{fallen_en}",
            f"标段 {number} 由 {winner} 中标；按规则 {formula} 由开启的投标重新计算得出。{fallen_zh}",
        )

    def _fallen_words(self, awards: Sequence[AwardDecision]) -> tuple[str, str]:
        """Return what is said of the decisions that were replaced, each with the ground that the next one states."""
        english, chinese = "", ""
        for fallen, following in pairwise(awards):
            with suppress(SunbidError):  # a basis that cannot be read makes the claim not hold
                basis = parse_basis(self.evidence.bases.get(following.basis, b""))
                why = f"{basis.ground.value}: {basis.text}" if basis.text else basis.ground.value
                english += f" The decision for {self.opened.who(fallen.winner)} fell before ({why})."
                chinese += f"此前对 {self.opened.who(fallen.winner)} 的决定已被替代（{why}）。"
        return english, chinese

    def _check_decision(self, act: AwardDecision | LotFailure, last: bytes, fallen: Sequence[bytes]) -> None:
        if act.replaces != last or act.basis not in self.evidence.bases:
            raise AwardError("a decision replaces another one than the last, or its basis is missing",
                             code="award.replaces")  # fmt: skip
        basis = parse_basis(self.evidence.bases[act.basis])
        if basis.hash != act.basis or (basis.tender, basis.lot, basis.replaces) != (act.tender, act.lot, last):
            raise AwardError("the basis is for another decision", code="award.basis")
        outcome = None if basis.report == ZERO32 else self._outcome(basis.report)
        if isinstance(act, LotFailure):
            if need_failure(outcome, fallen, self.pack.terms, basis) != act.reason:
                raise AwardError("act and basis state different reasons", code="award.reason")
        else:
            if outcome is None or act.method != self.pack.terms.formula.method:
                raise AwardError("an award has no report, or another method", code="award.no_report")
            need_decision(outcome, fallen, self.pack.terms, act.winner, basis)

    def _outcome(self, root: bytes) -> Outcome:
        report = parse_report(self.evidence.report(root))
        if report.root != root:
            raise AwardError("the report is not the one that was signed", code="report.root")
        self._need_signed(root)
        gone = {bidder for act in self._standing_exclusions() for bidder in act.excluded}
        bids = [bid for bid in self.opened.price_bids if bid.bidder not in gone]
        case, outcome = read_evaluation(report, self.evidence.tender, self.lot, self.pack, bids)
        if case.seats != self.panel.need_complete():
            raise AwardError("the report names other seats than the panel's", code="report.seats")
        self._check_sheets(case.sheets, {bid.bidder for bid in bids})
        return outcome

    def _check_sheets(self, sheets: Sequence[Sheet], bidders: set[bytes]) -> None:
        """Every sheet of the report is one that its seat signed, and no signed sheet on these bidders is left out."""
        signed = set()
        for recorded in self.evidence.sheet_acts:
            act = recorded.signed.act
            if not isinstance(act, ScoreSheet) or (act.tender, act.lot) != (self.evidence.tender, self.lot.number):
                raise AwardError("a sheet is for another tender or lot", code="sheet.foreign")
            key = self.authorities.check(recorded, Role.EXPERT)
            if self.panel.seat_of_key(key) != act.seat:
                raise AwardError("a sheet was signed by somebody else than its seat", code="sheet.seat")
            if act.bidder in bidders:
                signed.add(act)
        if signed != {sheet.act() for sheet in sheets}:
            raise AwardError("the report does not hold exactly the signed sheets", code="report.sheets")

    def _need_signed(self, root: bytes) -> None:
        evidence = self.evidence
        need_signed_by_all(evidence.report_acts, evidence.tender, self.lot.number, root, self.panel, self.authorities)

    def _standing_exclusions(self) -> list[EnvelopeExclusion]:
        """Return the last exclusion of each envelope: a lawful reinstatement replaces the one before."""
        acts = [s.act for s in self.evidence.acts if isinstance(s.act, EnvelopeExclusion)]
        return list({act.envelope: act for act in acts}.values())
