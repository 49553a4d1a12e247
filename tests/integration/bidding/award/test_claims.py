"""The claims on a finished tender hold, and each fails when its evidence is replaced by other, re-signed evidence."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bidding.award.claims import LotEvidence, OpenedLot, lot_claims
from bidding.award.domain import Basis, Ground
from bidding.evaluation.domain import Assessment, FailureReason, LotCase, OpenedBid, Ranking, Rejection
from bidding.evaluation.report import Finding, evaluation_report
from bidding.panel.claims import Authorities, PanelEvidence, Recorded, panel_claims
from bidding.panel.domain import Panel
from bidding.tender import repository
from bidding.tender.claims import TenderEvidence, tender_claims
from bidding.tender.documents import BidderName
from bidding.tender.models import TenderActRow
from bidding.tender.notice import Notice
from bidding.tender.rules import by_id
from ledger.acts import ACTS, Envelope, LotFailure, Role, TenderAmendment
from ledger.authority import ActChain, Issuer
from ledger.chain.client import ChainClient
from ledger.chain.devnet import Devnet
from ledger.claims import Claim
from ledger.db import Database
from ledger.identity import city_id
from ledger.signed import Signed
from tests.fixtures.desk import Desk
from tests.fixtures.network import Network
from tests.fixtures.people import FOREVER
from tests.fixtures.tenders import STAGES, b32, money, notice, scored_lot, sheet

PACK = by_id("dev-two-envelope")
EVALUATED = ["lot.evaluated", "lot.decided"]
"""A decision rests on its evaluation: what makes the one fail makes the other fail too."""

BIDDERS = [b32(name) for name in "abc"]
BIDS = tuple(OpenedBid(i, b, (money(f"CNY {100 + i}"),)) for i, b in enumerate(BIDDERS))


@dataclass(frozen=True)
class Registry:
    """CityRegistry as proven: one issuer."""

    address: bytes
    revoked: frozenset[bytes] = frozenset()

    def issuer(self, address: bytes) -> Issuer | None:
        roles = sum(1 << role for role in Role)
        return Issuer(address, city_id("luan"), roles, 0, FOREVER) if address == self.address else None

    def revoked_from(self, act: bytes) -> int | None:
        return 0 if act in self.revoked else None


@dataclass(frozen=True)
class Life:
    """The evidence of one finished tender."""

    tender: TenderEvidence
    panel: PanelEvidence
    lot: LotEvidence
    failed: LotEvidence
    opened: OpenedLot
    authorities: Authorities

    def claims(self) -> list[Claim]:
        claims, panel = panel_claims(self.panel, PACK.terms, self.authorities)
        lots = self.lot_claims(panel) + lot_claims(
            self.failed, scored_lot(2), PACK, OpenedLot({}, (), {}), panel, self.authorities
        )
        return tender_claims(self.tender) + claims + lots

    def lot_claims(self, panel: Panel) -> list[Claim]:
        return lot_claims(self.lot, scored_lot(1), PACK, self.opened, panel, self.authorities)

    def words(self, code: str) -> str:
        return next(claim.text_en for claim in self.claims() if claim.code == code)

    def failing(self) -> list[str]:
        return [claim.code for claim in self.claims() if not claim.holds]


def signed(row: TenderActRow) -> Signed:
    return Signed(ACTS[row.type].from_json(row.act), row.signature, ActChain.from_json(row.chain))


def recorded(row: TenderActRow) -> Recorded:
    return Recorded(signed(row), row.taken_at)


async def live(desk: Desk) -> Notice:
    """Take a tender of two lots from notice to the second decision on the first lot."""
    announced = notice(PACK, scored_lot(1), scored_lot(2))
    await desk.announce(PACK, announced)
    changed = dataclasses.replace(announced, replaces=announced.hash, changes={"en": "drawings", "zh": "图纸"})
    deadline = (await desk.at()).view.deadline + 50
    act = TenderAmendment(desk.tender, changed.hash, deadline, True, 0)
    await desk.act(act, desk.tenderer, changed.to_bytes())
    seats = await desk.seat_panel(3)
    for envelope in STAGES:
        desk.box.listed[1, envelope] = BIDDERS
    desk.box.bids[1] = BIDS
    await desk.list({1: 3, 2: 2})
    await desk.opened(1, Envelope.QUALIFICATION)
    await desk.exclude(1, Envelope.QUALIFICATION, [Finding(b) for b in BIDDERS], 3)
    await desk.opened(1, Envelope.TECHNICAL)
    rejection = Rejection("REG 51(3)", "no licence")
    await desk.exclude(1, Envelope.TECHNICAL, [*map(Finding, BIDDERS[:2]), Finding(BIDDERS[2], rejection)], 3)
    await desk.opened(1, Envelope.PRICE)
    sheets = []
    for number, seat in enumerate(seats):
        for place, name in enumerate("ab"):
            draft = sheet(scored_lot(1), name, "x", desk.tender, method=str(30 + number), team=str(10 + place))
            own = dataclasses.replace(draft, seat=seat)
            await desk.record(own.act(), desk.expert(number), own.to_bytes())
            sheets.append(own)
    found = {bid.bidder: Assessment(bid.bidder, bid.prices) for bid in BIDS[:2]}
    case = LotCase(scored_lot(1), BIDS[:2], found, tuple(sheets), seats)
    report, outcome = evaluation_report(desk.tender, case, PACK)
    assert isinstance(outcome, Ranking)
    await desk.report(1, report, 3)
    await desk.devnet.advance(PACK.terms.publicity + 1)
    first = await desk.decide(Basis(desk.tender, 1, report.root, 1, None), outcome.candidates[0].bidder, 2)
    following = Basis(desk.tender, 1, report.root, 2, None, Ground.ABANDONED, "letter", replaces=first)
    await desk.decide(following, outcome.candidates[1].bidder, 2)
    return changed


async def collect(desk: Desk, network: Network) -> Life:
    """Gather the evidence as a bundle would."""
    at = await desk.at()
    async with desk.database.reading() as session:
        rows = await repository.acts(session, desk.tender)
        documents = {}
        for sha256 in {row.body for row in rows if row.body} | set(at.notices) | {PACK.hash}:
            document = await repository.document(session, desk.tender, sha256)
            assert document is not None
            documents[sha256] = document.content
        awards = [row for row in rows if row.type == "AwardDecision"]
        bases = {}
        for row in awards:
            document = await repository.document(session, desk.tender, bytes.fromhex(row.act["basis"][2:]))
            assert document is not None
            bases[document.sha256] = document.content
    kinds = {name: [row for row in rows if row.type == name] for name in ACTS}
    on_track = ("OpeningRecord", "EnvelopeExclusion", "AwardDecision", "LotFailure")
    lots = {lot.number: lot for lot in at.lots}
    one = LotEvidence(
        desk.tender, lots[1], "block", tuple(signed(r) for r in rows if r.type in on_track),
        {bytes.fromhex(r.act["root"][2:]): documents[r.body] for r in kinds["EvaluationReport"] if r.body},
        tuple(map(recorded, kinds["EvaluationReport"])), tuple(map(recorded, kinds["ScoreSheet"])), bases,
    )  # fmt: skip
    [announcement, centre] = sorted(kinds["TenderAnnouncement"], key=lambda r: r.chain["credential"]["role"])
    draws = kinds["DrawRequest"]
    assert draws[0].body is not None
    return Life(
        TenderEvidence(
            at, "block", network.deployment, signed(announcement), signed(centre),
            tuple(map(signed, kinds["TenderAmendment"])), (), documents,
        ),
        PanelEvidence(
            desk.tender, desk.tenderer.organisation, tuple(map(recorded, draws)), documents[draws[0].body],
            tuple((recorded(r), documents[r.body]) for r in kinds["SeatAcceptance"] if r.body), {},
        ),
        one,
        LotEvidence(desk.tender, lots[2], "block", (), {}, (), (), {}),
        OpenedLot(
            dict.fromkeys(STAGES, BIDDERS), BIDS, {e: b32(f"opening/1/{e}") for e in STAGES}
        ),
        Authorities(network.deployment, Registry(network.cities["luan"].keys.issuer.address)),
    )  # fmt: skip


def change(life: Life, part: str, **members: Any) -> Life:
    return dataclasses.replace(life, **{part: dataclasses.replace(getattr(life, part), **members)})


def resigned(desk: Desk, old: Signed, actor: Any, **members: Any) -> Signed:
    return desk.signed(dataclasses.replace(old.act, **members), actor)


async def test_claims_hold_and_fail_with_their_evidence(
    network: Network, devnet: Devnet, database: Database, chain: ChainClient
) -> None:
    desk = await Desk.open(network, devnet, database, chain)
    changed = await live(desk)
    life = await collect(desk, network)
    assert [claim.code for claim in life.claims()] == [
        "tender.announced", "tender.rules", "tender.acts", "tender.notices", "panel.drawn", "panel.seated",
        *("lot.acts", "lot.opened", "lot.excluded", "lot.evaluated", "lot.decided"),
        *("lot.acts", "lot.opened", "lot.excluded", "lot.decided"),
    ]  # fmt: skip
    assert life.failing() == []
    assert "Lot 1 is awarded to 0x" in life.words("lot.decided")
    named = change(life, "opened", names={bidder: BidderName("Ann Works") for bidder in BIDDERS})
    assert "Lot 1 is awarded to Ann Works (0x" in named.words("lot.decided")
    assert "1. Ann Works (0x" in named.words("lot.evaluated")
    wrong = {name: (found, expected) for name, expected, forge in forgeries(desk, life, changed)
             if (found := forge().failing()) != expected}  # fmt: skip
    assert wrong == {}


def forgeries(desk: Desk, life: Life, changed: Notice) -> list[tuple[str, list[str], Callable[[], Life]]]:
    """Return each forgery with the claims that must fail."""
    tender, lot, panel, opened = life.tender, life.lot, life.panel, life.opened
    decided = [i for i, one in enumerate(lot.acts) if type(one.act).__name__ == "AwardDecision"]
    excluded = next(i for i, one in enumerate(lot.acts) if getattr(one.act, "excluded", ()))
    root = lot.acts[decided[0]].act.basis  # type: ignore[attr-defined]
    first = Basis(desk.tender, 1, b32("x"), 1, None)
    cheaper = (dataclasses.replace(BIDS[1], prices=(money("CNY 1"),)),)

    def acts(index: int, **members: Any) -> tuple[Signed, ...]:
        other = resigned(desk, lot.acts[index], desk.tenderer, **members)
        return (*lot.acts[:index], other, *lot.acts[index + 1 :])

    def without(items: tuple[Any, ...], index: int) -> tuple[Any, ...]:
        return (*items[:index], *items[index + 1 :])

    stranger = dataclasses.replace(life.authorities, facts=Registry(b"\x09" * 20))
    other_sheet = Recorded(
        resigned(desk, lot.sheet_acts[0].signed, desk.expert(0), scores=b32("x")), lot.sheet_acts[0].moment
    )
    wrong_seat = Recorded(desk.signed(lot.sheet_acts[0].signed.act, desk.expert(1)), lot.sheet_acts[0].moment)
    by_seat_taker = Recorded(desk.signed(panel.acceptances[0][0].signed.act, desk.expert(1)), 2**40)
    moment = lot.sheet_acts[0].moment
    foreign_sheet = Recorded(resigned(desk, lot.sheet_acts[0].signed, desk.expert(0), lot=2), moment)
    excluded_sheet = Recorded(resigned(desk, lot.sheet_acts[0].signed, desk.expert(0), bidder=BIDDERS[2]), moment)
    foreign_request = Recorded(resigned(desk, panel.requests[0].signed, desk.centre, tender=b32("x")), moment)
    foreign_seat = Recorded(resigned(desk, panel.acceptances[0][0].signed, desk.expert(0), tender=b32("x")), moment)
    empty = Basis(desk.tender, 1, bytes(32), None, FailureReason.NO_VALID_BID)
    lot.bases[empty.hash] = empty.to_bytes()  # type: ignore[index]
    failure = desk.signed(
        LotFailure(desk.tender, 1, FailureReason.NO_VALID_BID, empty.hash, bytes(32), 0), desk.tenderer
    )
    return [
        ("another announcement", ["tender.announced", "tender.rules", "tender.notices"], lambda: change(
            life, "tender", announcement=resigned(desk, tender.announcement, desk.tenderer, notice=b32("x")),
            documents={**tender.documents, b32("x"): changed.to_bytes()}) ),
        ("a centre that signed something else", ["tender.announced"], lambda: change(
            life, "tender", centre=resigned(desk, tender.centre, desk.centre, deadline=1))),
        ("a missing rule pack", ["tender.rules", "tender.notices"], lambda: change(
            life, "tender", documents={k: v for k, v in tender.documents.items() if k != PACK.hash})),
        ("an amendment left out", ["tender.acts", "tender.notices"], lambda: change(life, "tender", tenderer_acts=())),
        ("an amendment that does not supersede", ["tender.acts", "tender.notices"], lambda: change(
            life, "tender",
            tenderer_acts=(resigned(desk, tender.tenderer_acts[0], desk.tenderer, supersedes=False),))),
        ("a supervisor's act that never was", ["tender.acts"], lambda: change(
            life, "tender", supervisor_acts=tender.tenderer_acts)),
        ("a panel that only one side drew", ["panel.drawn", "lot.excluded", *EVALUATED], lambda: change(
            life, "panel", requests=panel.requests[:1])),
        ("an empty seat", ["panel.seated", "lot.excluded", *EVALUATED], lambda: change(
            life, "panel", acceptances=panel.acceptances[1:])),
        ("a conflict of interest", ["panel.seated", "lot.excluded", *EVALUATED], lambda: change(
            life, "panel", conflicts={panel.acceptances[0][0].signed.act.seat: True})),  # type: ignore[attr-defined]
        ("a seat taken by another expert", ["panel.seated", "lot.excluded", *EVALUATED], lambda: change(
            life, "panel", acceptances=((by_seat_taker, panel.acceptances[0][1]), *panel.acceptances[1:]))),
        ("papers of an unknown issuer", ["panel.drawn", "panel.seated", "lot.excluded", *EVALUATED],
         lambda: dataclasses.replace(life, authorities=stranger)),
        ("an act on the lot left out", ["lot.acts"], lambda: change(life, "lot", acts=lot.acts[1:])),
        ("another opening record", ["lot.acts", "lot.opened"], lambda: change(
            life, "lot", acts=acts(0, root=b32("x")))),
        ("an opening of something else", ["lot.opened"], lambda: change(
            life, "opened", roots={**opened.roots, Envelope.PRICE: b32("x")})),
        ("a bidder excluded whom the panel kept", ["lot.acts", "lot.excluded", *EVALUATED], lambda: change(
            life, "lot", acts=acts(excluded, excluded=(BIDDERS[0],)))),
        ("a bidder kept out of the list", ["lot.excluded"], lambda: change(
            life, "opened", bidders={**opened.bidders, Envelope.TECHNICAL: BIDDERS[1:]})),
        ("another winner", ["lot.acts", "lot.decided"], lambda: change(
            life, "lot", acts=acts(decided[-1], winner=BIDDERS[2]))),
        ("another basis", ["lot.acts", *EVALUATED], lambda: change(
            life, "lot", acts=acts(decided[0], basis=first.hash), bases={**lot.bases, first.hash: first.to_bytes()})),
        ("a basis missing", ["lot.decided"], lambda: change(
            life, "lot", bases={k: v for k, v in lot.bases.items() if k != root})),
        ("the last decision left out", ["lot.acts", "lot.decided"], lambda: change(
            life, "lot", acts=without(lot.acts, decided[-1]))),
        ("another price", EVALUATED, lambda: change(
            life, "opened", price_bids=(BIDS[0], *cheaper, BIDS[2]))),
        ("a member who did not sign", ["lot.excluded", *EVALUATED], lambda: change(
            life, "lot", report_acts=tuple(
                r for r in lot.report_acts if r.signed.chain.credential.key != desk.expert(2).key.address))),
        ("a report missing", ["lot.excluded", *EVALUATED], lambda: change(life, "lot", reports={})),
        ("a signed sheet left out", EVALUATED, lambda: change(life, "lot", sheet_acts=lot.sheet_acts[1:])),
        ("another sheet", EVALUATED, lambda: change(
            life, "lot", sheet_acts=(other_sheet, *lot.sheet_acts[1:]))),
        ("a sheet signed by another seat", EVALUATED, lambda: change(
            life, "lot", sheet_acts=(wrong_seat, *lot.sheet_acts[1:]))),
        ("a report under another one's root", ["lot.excluded", *EVALUATED], lambda: change(
            life, "lot", reports=dict.fromkeys(lot.reports, next(iter(lot.reports.values()))))),
        ("a basis under another one's hash", EVALUATED, lambda: change(
            life, "lot", bases={**lot.bases, root: first.to_bytes()})),
        ("a failure in place of the award", ["lot.acts", "lot.decided"], lambda: change(
            life, "lot", acts=(*lot.acts[: decided[0]], failure))),
        ("an act on another lot", ["lot.acts"], lambda: change(life, "lot", acts=acts(0, lot=2))),
        ("another method", ["lot.acts", "lot.decided"], lambda: change(life, "lot", acts=acts(decided[0], method=1))),
        ("a sheet for another lot", EVALUATED, lambda: change(
            life, "lot", sheet_acts=(foreign_sheet, *lot.sheet_acts[1:]))),
        ("a sheet on somebody excluded, which changes nothing", [], lambda: change(
            life, "lot", sheet_acts=(*lot.sheet_acts, excluded_sheet))),
        ("a request for another tender", ["panel.drawn", "lot.excluded", *EVALUATED], lambda: change(
            life, "panel", requests=(*panel.requests, foreign_request))),
        ("an acceptance for another tender", ["panel.seated", "lot.excluded", *EVALUATED], lambda: change(
            life, "panel", acceptances=((foreign_seat, panel.acceptances[0][1]), *panel.acceptances[1:]))),
        ("a lot that had enough bidders", ["lot.decided"], lambda: change(
            life, "failed", view=dataclasses.replace(life.failed.view, bidders=3))),
    ]  # fmt: skip
