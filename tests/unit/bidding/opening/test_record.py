from __future__ import annotations

import hashlib

import pytest

from bidding.opening.record import Outcome, RecordedBid, record_lines, record_root
from ledger import canonical
from ledger.acts import Envelope
from tests.fixtures.box import b32
from tests.fixtures.tenders import money

OPENED = RecordedBid(b32("ann"), 2, b32("header"), b32("head"), 0, Outcome.OPENED, (money("CNY 12.50"), money("USD 2")))


def line(bid: RecordedBid, envelope: Envelope = Envelope.PRICE) -> dict[str, object]:
    return canonical.loads_object(record_lines(b32("tender"), 3, envelope, [bid])[0])


def test_a_price_is_read_out_in_the_record() -> None:
    assert line(OPENED) == {
        "v": 1,
        "tender": "0x" + b32("tender").hex(),
        "lot": 3,
        "envelope": "price",
        "place": 0,
        "bidder": "0x" + b32("ann").hex(),
        "sequence": 2,
        "headerHash": "0x" + b32("header").hex(),
        "head": "0x" + b32("head").hex(),
        "status": "opened",
        "prices": [{"currency": "CNY", "amount": "12.50"}, {"currency": "USD", "amount": "2"}],
    }


def test_other_envelopes_show_only_that_they_were_opened() -> None:
    assert "prices" not in line(OPENED, Envelope.TECHNICAL)


@pytest.mark.parametrize(
    ("void", "outcome", "status"),
    [
        (0, None, "not_opened"),
        (0, Outcome.UNREADABLE, "unreadable"),
        (0, Outcome.VOID, "void"),
        (2, None, "void 2"),
    ],
)
def test_every_bid_of_the_list_has_a_status(void: int, outcome: Outcome | None, status: str) -> None:
    assert RecordedBid(b32("a"), 1, b32("h"), b32("d"), void, outcome).status() == status


def test_the_root_binds_order_and_content() -> None:
    other = RecordedBid(b32("bob"), 1, b32("h2"), b32("d2"), 0, Outcome.OPENED, (money("CNY 3"),))
    lines = record_lines(b32("tender"), 0, Envelope.PRICE, [OPENED, other])
    leaves = [hashlib.sha256(b"\x00" + one).digest() for one in lines]
    assert record_root(lines) == hashlib.sha256(b"\x01" + leaves[0] + leaves[1]).digest()
    assert record_root(lines) != record_root(record_lines(b32("tender"), 0, Envelope.PRICE, [other, OPENED]))
    assert record_root([]) == hashlib.sha256(b"").digest()
