"""What a city shows of an opening, to whom; and what panel and award are given of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening import repository
from bidding.opening.dues import Dues
from bidding.opening.errors import OpeningError
from bidding.opening.models import BidderRecord, HolderRecord, ListedBid, OpenedBidRow, OpenedBox, SlipVerdict
from bidding.opening.opened import OpenedRecords
from bidding.opening.readers import SecretEnvelopeError, document_for, price_document
from bidding.opening.record import Outcome, record_root
from bidding.opening.views import explain_view, list_view, opening_view
from bidding.panel.models import PanelSeatRow
from bidding.tender.documents import Answer, BidDocument
from bidding.tender.documents import price_document as make_price
from bidding.tender.models import TenderRow
from ledger.acts import BidOpening, BoxShare, Envelope, Role, ShareRelease
from ledger.db import Database
from ledger.json_fields import to_hex
from tests.fixtures.box import b32
from tests.fixtures.tenders import money

TENDER = b32("tender")
TECHNICAL = BidDocument(Envelope.TECHNICAL, TENDER, 0, answers=(Answer("method", "a trade secret"),)).to_bytes()
PRICE = make_price(TENDER, 0, (money("CNY 12.50"),))
EXPERT = b"\xee" * 20


def entry(position: int, bidder: str, envelope: Envelope, void: int = 0) -> ListedBid:
    name = f"{bidder}/{envelope.text}"
    return ListedBid(
        tender=TENDER,
        position=position,
        lot=0,
        envelope=int(envelope),
        origin=0,
        index=position,
        bidder=b32(bidder),
        sequence=1,
        header_hash=b32(name),
        void=void,
        notice=b32("notice"),
        head=b32(f"head of {name}"),
        header=b"header of " + name.encode(),
    )


def release(name: str, holder: int, fault: str | None = None) -> HolderRecord:
    act = ShareRelease(TENDER, b32(name), b32("seal"), 1, bytes([holder]) * 101)
    return record(act, b32(name), holder, fault)


def record(act: ShareRelease | BoxShare, subject: bytes, holder: int, fault: str | None = None) -> HolderRecord:
    return HolderRecord(
        digest=b32(f"{subject.hex()}/{holder}/{fault}"),
        signer=bytes([holder]) * 20,
        tender=TENDER,
        type=act.name(),
        subject=subject,
        holder=holder,
        act=act.to_json(),
        signature=bytes([holder]) * 65,
        taken_at=5,
        fault=fault,
    )


def opened(name: str, outcome: Outcome, document: bytes | None) -> OpenedBidRow:
    reason = None if outcome is Outcome.OPENED else "because"
    return OpenedBidRow(
        header_hash=b32(name), tender=TENDER, outcome=outcome.value, reason=reason, document=document, opened_at=9
    )


@dataclass
class Opening:
    """An opening with two envelopes: ann is opened whole, bob's technical bid is opened, cai's is void, dan's empty."""

    database: Database
    rows: list[object] = field(default_factory=list)

    async def store(self) -> None:
        box = OpenedBox(
            tender=TENDER,
            inputs=b32("inputs"),
            root=b32("root"),
            count=6,
            counts=[[0, 3]],
            box_secret=b32("x"),
            box_key_id=b32("box"),
            block=7,
        )
        async with self.database.unit_of_work() as session:
            session.add(box)
            await session.flush()
            session.add_all(self._entries())
            session.add_all(self._records())
            session.add_all(self._outcomes())
            session.add(self._tender())
            session.add(PanelSeatRow(tender=TENDER, seat=b32("seat"), position=0, key=EXPERT))

    def _entries(self) -> list[ListedBid]:
        names = [("ann", 0), ("bob", 0), ("cai", 2)]
        technical = [entry(i, name, Envelope.TECHNICAL, void) for i, (name, void) in enumerate(names)]
        return technical + [entry(3 + i, name, Envelope.PRICE) for i, name in enumerate(("ann", "bob", "dan"))]

    def _records(self) -> list[object]:
        shares = [release(f"ann/{e}", holder) for e in ("technical", "price") for holder in (1, 2)]
        opening = BidOpening(TENDER, b32("bob/technical"), b32("r"))
        bidder = BidderRecord(
            header_hash=b32("bob/technical"), tender=TENDER, act=opening.to_json(), signature=b"\x05" * 65, taken_at=5
        )
        box = record(BoxShare(TENDER, b32("box"), 1, 1, b32("scalar")), b32("box"), 1)
        return [*shares, bidder, box, release("ann/price", 3, "false"), release("ann/technical", 3, "false")]

    def _outcomes(self) -> list[object]:
        verdict = SlipVerdict(
            tender=TENDER,
            slip_hash=b32("slip"),
            slip=bytes(896),
            origin=0,
            index=4,
            bidder=b32("ann"),
            reason="outdone",
            sentence="why",
        )
        return [
            verdict,
            opened("ann/technical", Outcome.OPENED, TECHNICAL),
            opened("bob/technical", Outcome.OPENED, TECHNICAL),
            opened("ann/price", Outcome.OPENED, PRICE),
            opened("dan/price", Outcome.VOID, None),
        ]

    def _tender(self) -> TenderRow:
        return TenderRow(
            tender=TENDER,
            owned=True,
            state="OPENING",
            chain_state=4,
            tenderer=b32("tenderer"),
            supervisor=b32("supervisor"),
            deadline=1,
        )


@pytest.fixture
async def session(database: Database):
    await Opening(database).store()
    async with database.reading() as reading:
        yield reading


async def test_before_the_box_is_open_there_is_nothing_to_show(database: Database) -> None:
    async with database.reading() as session:
        for ask in (list_view, explain_view):
            with pytest.raises(OpeningError) as refused:
                await ask(session, TENDER)
            assert refused.value.code == "opening.not_yet"
        shown = await opening_view(session, TENDER, Dues())
        assert (shown["root"], shown["envelopes"], shown["shares"]) == (None, [], [])
        with pytest.raises(OpeningError):
            await OpenedRecords().bidders(session, TENDER, 0, Envelope.PRICE)


async def test_the_list_is_shown_in_its_order(session: AsyncSession) -> None:
    shown = await list_view(session, TENDER)
    assert (shown["root"], shown["count"], shown["counts"]) == (to_hex(b32("root")), 6, [{"lot": 0, "bidders": 3}])
    assert [one["headerHash"] for one in shown["entries"]] == [
        to_hex(b32(f"{name}/{envelope}"))
        for envelope, names in (("technical", ("ann", "bob", "cai")), ("price", ("ann", "bob", "dan")))
        for name in names
    ]


async def test_shares_and_r_of_secret_envelopes_are_not_public(session: AsyncSession) -> None:
    public, full = [await opening_view(session, TENDER, Dues(), full=full) for full in (False, True)]
    assert {share["act"]["headerHash"] for share in public["shares"]} == {to_hex(b32("ann/price"))}
    assert public["bidderOpenings"] == []
    assert len(full["shares"]) == 4
    assert len(full["bidderOpenings"]) == 1
    assert to_hex(b32("r")) not in str(public)
    assert "0101" * 20 not in str([share for share in public["faults"] if "act" not in share])


async def test_false_shares_are_named_and_shown_only_where_they_give_nothing_away(session: AsyncSession) -> None:
    public = await opening_view(session, TENDER, Dues())
    assert [(fault["holder"], fault["fault"], "act" in fault) for fault in public["faults"]] == [
        (3, "false", True),
        (3, "false", False),
    ]


async def test_who_owes_an_opening_is_named(session: AsyncSession) -> None:
    dues = Dues(3, frozenset({b32("bob/price")}))
    technical, price = sorted(
        (await opening_view(session, TENDER, dues))["envelopes"], key=lambda one: one["envelope"], reverse=True
    )
    assert [(bid["status"], bid["sharesOf"], bid["noShareOf"]) for bid in technical["bids"]] == [
        ("opened", [1, 2], []),
        ("opened", [], []),
        ("void 2", [], []),
    ]
    assert [bid["noShareOf"] for bid in price["bids"]] == [[], [1, 2, 3], []]
    assert [bid["openedByBidder"] for bid in technical["bids"]] == [False, True, False]
    assert [(bid["status"], bid["prices"], bid["because"]) for bid in price["bids"]] == [
        ("opened", [{"currency": "CNY", "amount": "12.50"}], None),
        ("not_opened", [], None),
        ("void", [], "because"),
    ]
    assert {bid["prices"] is None for bid in technical["bids"]} == {True}
    lines = await OpenedRecords().record(session, TENDER, 0, Envelope.PRICE)
    assert price["recordRoot"] == to_hex(record_root(lines))


async def test_explanations_are_given_for_all_or_for_one(session: AsyncSession) -> None:
    assert [slip["because"] for slip in (await explain_view(session, TENDER))["slips"]] == ["why"]
    assert (await explain_view(session, TENDER, b32("bob")))["slips"] == []


async def test_the_award_gets_the_valid_prices_in_list_order(session: AsyncSession) -> None:
    bids = await OpenedRecords().price_bids(session, TENDER, 0)
    assert [(bid.place, bid.bidder, bid.prices, bid.opened) for bid in bids] == [
        (0, b32("ann"), (money("CNY 12.50"),), True),
        (1, b32("bob"), (), False),
        (2, b32("dan"), (), True),
    ]
    assert await OpenedRecords().bidders(session, TENDER, 0, Envelope.TECHNICAL) == [b32("ann"), b32("bob")]


async def test_what_waits_for_its_opening_is_found_again(session: AsyncSession) -> None:
    assert await repository.tenders_with_unopened(session) == set()
    session.add(release("dan/technical", 1))
    await session.flush()
    assert await repository.tenders_with_unopened(session) == {TENDER}


async def test_a_price_is_for_anybody_and_nothing_else_is(session: AsyncSession) -> None:
    assert await price_document(session, TENDER, b32("ann/price")) == PRICE
    with pytest.raises(SecretEnvelopeError):
        await price_document(session, TENDER, b32("ann/technical"))
    for name in ("bob/price", "dan/price", "nobody"):
        with pytest.raises(OpeningError) as refused:
            await price_document(session, TENDER, b32(name))
        assert refused.value.code == "document.not_found"


@pytest.mark.parametrize(
    ("key", "organisations", "may"),
    [
        (bytes(20), {Role.TENDERER: b32("tenderer")}, True),
        (bytes(20), {Role.TENDERER: b32("another tenderer")}, False),
        (bytes(20), {Role.SUPERVISOR: b32("supervisor")}, True),
        (bytes(20), {Role.SUPERVISOR: b32("another supervisor")}, False),
        (bytes(20), {Role.BIDDER: b32("ann")}, True),
        (bytes(20), {Role.BIDDER: b32("bob")}, False),
        (bytes(20), {Role.BIDDER: b32("tenderer")}, False),
        (EXPERT, {Role.EXPERT: b32("anything")}, True),
        (b"\x01" * 20, {Role.EXPERT: b32("anything")}, False),
        (EXPERT, {Role.BIDDER: b32("bob")}, False),
        (bytes(20), {Role.CENTRE: b32("tenderer")}, False),
        (bytes(20), {}, False),
    ],
)
async def test_secret_envelopes_are_for_those_whose_task_it_is(
    session: AsyncSession, key: bytes, organisations: dict[Role, bytes], may: bool
) -> None:
    ask = document_for(session, TENDER, b32("ann/technical"), key, organisations)
    if may:
        assert await ask == TECHNICAL
    else:
        with pytest.raises(SecretEnvelopeError):
            await ask
    assert await document_for(session, TENDER, b32("ann/price"), key, organisations) == PRICE


async def test_an_expert_with_a_conflict_reads_nothing(database: Database) -> None:
    await Opening(database).store()
    async with database.unit_of_work() as session:
        seat = await session.get(PanelSeatRow, (TENDER, b32("seat")))
        assert seat is not None
        seat.conflicted = True
    async with database.reading() as session:
        with pytest.raises(SecretEnvelopeError):
            await document_for(session, TENDER, b32("ann/technical"), EXPERT, {Role.EXPERT: b32("anything")})


async def test_a_panel_reads_documents_by_bidder(session: AsyncSession) -> None:
    found = await OpenedRecords().document(session, TENDER, 0, Envelope.TECHNICAL, b32("ann"))
    assert found.answers[0].text == "a trade secret"
    for bidder in ("cai", "nobody"):
        with pytest.raises(OpeningError):
            await OpenedRecords().document(session, TENDER, 0, Envelope.TECHNICAL, b32(bidder))
