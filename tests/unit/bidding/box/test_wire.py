from __future__ import annotations

import pytest

from bidding.box.errors import SlipError
from bidding.box.wire import Acknowledgements, CityAcknowledgement, CityReceipt, StreamReceipts
from ledger.acts import Acknowledgement, StreamReceipt
from ledger.errors import SunbidError
from tests.fixtures.box import b32

ACKNOWLEDGED = Acknowledgements(
    b32("origin"),
    b32("slip"),
    (CityAcknowledgement(b32("luan"), Acknowledgement(b32("origin"), b32("slip"), 5, 9), b"\x07" * 65),),
)
RECEIPTS = StreamReceipts(StreamReceipt(b32("head"), 65_536), (CityReceipt(b32("luan"), b"\x08" * 65),))


def test_answers_come_back_as_they_went() -> None:
    assert Acknowledgements.from_json(ACKNOWLEDGED.to_json()) == ACKNOWLEDGED
    assert StreamReceipts.from_json(RECEIPTS.to_json()) == RECEIPTS


@pytest.mark.parametrize("name", ["origin", "slip"])
def test_an_acknowledgement_of_something_else_is_refused(name: str) -> None:
    value = ACKNOWLEDGED.to_json()
    value[name] = "0x" + b32("other").hex()
    with pytest.raises(SlipError) as refused:
        Acknowledgements.from_json(value)
    assert refused.value.code == "slip.acknowledgement"


@pytest.mark.parametrize(
    "change",
    [
        {"act": None},
        {"receipts": {}},
        {"receipts": [{"city": "0x00", "signature": "0x" + "08" * 65}]},
        {"receipts": [{"city": "0x" + "00" * 32, "signature": "0x" + "08" * 64}]},
        {"receipts": [{"city": "0x" + "00" * 32}]},
        {"more": 1},
    ],
)
def test_malformed_answers_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(SunbidError):
        StreamReceipts.from_json({**RECEIPTS.to_json(), **change})
