from __future__ import annotations

import hashlib
from types import SimpleNamespace

import pytest

from bidding.box.book import (
    BookState,
    CutView,
    LotState,
    LotView,
    OriginView,
    TenderAtBlock,
    fold,
    read_tender,
)
from ledger.acts import Committee, Envelope, Lot
from tests.fixtures.box import BookViews, b32, lot_view, tender_at


def test_inputs_are_the_words_of_the_interface() -> None:
    cut = CutView(b32("hefei"), 9, b32("root"))
    origins = (
        OriginView(b32("o1"), b32("luan"), 5, b32("start"), (cut,)),
        OriginView(b32("o2"), b32("hefei"), 0, bytes(32)),
    )
    tender = tender_at(origins=origins, notices=(b32("n1"), b32("n2")), superseded=1, deadline=77, admitted_count=2)
    words = [
        tender.tender,
        (77).to_bytes(32, "big"),
        (2).to_bytes(32, "big"),
        (1).to_bytes(32, "big"),
        hashlib.sha256(hashlib.sha256(bytes(32) + b32("n1")).digest() + b32("n2")).digest(),
        (2).to_bytes(32, "big"),
        b32("o1"),
        (5).to_bytes(32, "big"),
        b32("start"),
        (1).to_bytes(32, "big"),
        b32("hefei"),
        (9).to_bytes(32, "big"),
        b32("root"),
        b32("o2"),
        bytes(32),
        bytes(32),
        bytes(32),
        (2).to_bytes(32, "big"),
        tender.view.admitted_head,
    ]
    assert tender.inputs() == hashlib.sha256(b"".join(words)).digest()


@pytest.mark.parametrize(
    "change",
    [
        {"deadline": 78},
        {"superseded": 1},
        {"notices": (b32("n2"), b32("n1"))},
        {"admitted_head": b32("other")},
        {"origins": (OriginView(b32("o"), b32("luan"), 1, bytes(32)),)},
    ],
)
def test_inputs_bind_everything_the_list_depends_on(change: dict[str, object]) -> None:
    base = {
        "deadline": 77,
        "notices": (b32("n1"), b32("n2")),
        "origins": (OriginView(b32("o"), b32("luan"), 0, bytes(32)),),
    }
    assert tender_at(**base).inputs() != tender_at(**{**base, **change}).inputs()


def test_a_fold_of_nothing_is_zero() -> None:
    assert fold([]) == bytes(32)
    assert fold([b32("a")]) == hashlib.sha256(bytes(32) + b32("a")).digest()


@pytest.mark.parametrize(
    ("state", "envelope", "asked", "expected"),
    [
        (LotState.WAITING, 0, Envelope.TECHNICAL, False),
        (LotState.OPENING, 2, Envelope.TECHNICAL, True),
        (LotState.OPENING, 2, Envelope.PRICE, False),
        (LotState.EXAMINING, 2, Envelope.TECHNICAL, True),
        (LotState.OPENED, 3, Envelope.TECHNICAL, True),
        (LotState.OPENED, 3, Envelope.QUALIFICATION, False),
    ],
)
def test_an_envelope_is_open_from_its_turn_on(state: LotState, envelope: int, asked: Envelope, expected: bool) -> None:
    assert lot_view(state=state, envelope=envelope, envelopes=6).has_opened(asked) is expected


def test_notices_say_which_of_them_are_superseded() -> None:
    tender = tender_at(notices=(b32("n1"), b32("n2")), superseded=1)
    assert [(fact.notice, fact.superseded) for fact in tender.notice_facts] == [(b32("n1"), True), (b32("n2"), False)]


def test_lots_are_found_by_number() -> None:
    tender = tender_at(lots=(lot_view(number=1, envelopes=6), lot_view(number=4)))
    assert tender.announced_lots == (Lot(1, 6), Lot(4, 4))
    assert tender.lot(4) == lot_view(number=4)
    assert tender.lot(2) is None
    assert lot_view(envelopes=6).first_envelope is Envelope.TECHNICAL


async def test_a_tender_is_read_at_one_block() -> None:
    views = BookViews({b32("t"): BookState.CLOSED})
    tender = await read_tender(views, b32("t"), SimpleNamespace(number=12, timestamp=34))  # type: ignore[arg-type]
    assert tender is not None
    assert (tender.block, tender.time, views.blocks) == (12, 34, {12})
    assert (tender.view.state, tender.view.committee) == (BookState.CLOSED, Committee.AFTER)
    assert tender.origins[0].cuts == (CutView(b32("hefei"), 9, b32("root")),)
    assert isinstance(tender.lots[0], LotView)
    assert tender.lots[0].state is LotState.OPENING


async def test_a_tender_that_was_never_announced_is_none() -> None:
    views = BookViews({})
    assert await read_tender(views, b32("t"), SimpleNamespace(number=1, timestamp=1)) is None  # type: ignore[arg-type]


def test_either_flag_suspends() -> None:
    assert not tender_at().view.is_suspended
    assert tender_at(suspended_by_supervisor=True).view.is_suspended
    assert tender_at(suspended_by_tenderer=True).view.is_suspended
    assert isinstance(tender_at(), TenderAtBlock)
