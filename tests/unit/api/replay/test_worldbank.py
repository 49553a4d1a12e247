"""World Bank records: which rows are tenders and bids, in which order, and which files are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.replay.record import RecordedTender, RecordError
from api.replay.worldbank import NO_CURRENCY, read_worldbank

HEADER = "project,contract,bidder.name,status,bidder.country,opening.price.raw,evaluated.price.raw,contract.price.raw"


def read(folder: Path, *rows: str, header: str = HEADER) -> list[RecordedTender]:
    (folder / "bids.csv").write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return list(read_worldbank(folder))


def row(contract: str, name: str, status: str = "Evaluated", opening: str = "", evaluated: str = "") -> str:
    return f'P1,{contract},"{name}",{status},Nowhere,"{opening}","{evaluated}",'


def test_one_tender_per_contract_in_order_of_first_appearance_though_its_rows_are_apart(tmp_path: Path) -> None:
    found = read(tmp_path, row("C2", "A"), row("C1", "B"), row("C2", "C"), row("C1", "D"))
    assert [(tender.contract, [bid.bidder for bid in tender.bids]) for tender in found] == [
        ("C2", ["A", "C"]),
        ("C1", ["B", "D"]),
    ]


def test_rows_equal_in_every_column_count_once_and_others_are_bids(tmp_path: Path) -> None:
    twice = row("C1", "A", opening="USD 5.00")
    other = row("C1", "A", opening="USD 6.00")
    [tender] = read(tmp_path, twice, row("C1", "B"), twice, other)
    assert [bid.bidder for bid in tender.bids] == ["A", "B", "A (2)"]


def test_rows_that_differ_in_any_column_are_two_bids(tmp_path: Path) -> None:
    [tender] = read(tmp_path, "P1,C1,A,Evaluated,Chad,USD 5.00,,", "P1,C1,A,Evaluated,Mali,USD 5.00,,")
    assert [bid.bidder for bid in tender.bids] == ["A", "A (2)"]


def test_a_bidder_without_a_name_is_unnamed(tmp_path: Path) -> None:
    [tender] = read(tmp_path, row("C1", ""), row("C1", "", opening="USD 1.00"))
    assert [bid.bidder for bid in tender.bids] == ["(unnamed)", "(unnamed) (2)"]


def test_the_opening_price_is_sealed_and_the_evaluated_one_compared(tmp_path: Path) -> None:
    [tender] = read(
        tmp_path,
        row("C1", "A, B and C (JV)", "Awarded", "NPR 4,646,304.00USD 3,758,040.00", "USD 4,000,000.00;"),
        row("C1", "D", "Rejected", "EUR", "USD 5.00"),
    )
    joint, rejected = tender.bids
    assert joint.bidder == "A, B and C (JV)"
    assert [str(price) for price in joint.opening] == ["NPR 4,646,304.00", "USD 3,758,040.00"]
    assert [str(price) for price in joint.evaluated] == ["USD 4,000,000.00"]
    assert (joint.won, joint.rejected) == (True, "")
    assert (rejected.opening, bool(rejected.rejected), rejected.won) == ((), True, False)
    assert tender.expected == ("A, B and C (JV)",)


def test_the_notice_has_the_first_currency_of_the_record_or_none(tmp_path: Path) -> None:
    [priced, unpriced] = read(
        tmp_path, row("C1", "A", opening="EUR 4.00", evaluated="USD 5.00"), row("C2", "B", opening="n/a")
    )
    assert (priced.currency, unpriced.currency) == ("USD", NO_CURRENCY)


@pytest.mark.parametrize("status", ["", "awarded", "Cancelled"])
def test_an_unknown_status_is_refused(tmp_path: Path, status: str) -> None:
    with pytest.raises(RecordError, match="C1"):
        read(tmp_path, row("C1", "A", status))


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"bidder\.name"):
        read(tmp_path, header="contract,status,opening.price.raw,evaluated.price.raw")
    with pytest.raises(RecordError, match="line 2"):
        read(tmp_path, row("C1", "A") + ",one too many")
    with pytest.raises(RecordError, match="cannot be read"):
        list(read_worldbank(tmp_path / "nowhere"))
