"""The twelve samples: re-keyed right, and the award on record follows from the stated rule."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest

from bidding.evaluation.domain import LotCase, OpenedBid, Ranking
from bidding.evaluation.formulas import formula_of
from bidding.tender.rules import PriceBasis, by_id
from bidding.tender.samples import Sample, SampleError, load_sample, load_samples, parse_sample
from ledger.errors import SunbidError

FOLDER = Path(__file__).parents[4] / "samples"
SHARED = Path(__file__).parents[5] / "shared" / "data" / "worldbank" / "bids.csv"
SAMPLES = load_samples(FOLDER)


def case_of(sample: Sample) -> tuple[LotCase, dict[bytes, str]]:
    ids = {bid.bidder: hashlib.sha256(bid.bidder.encode()).digest() for bid in sample.bids}
    bids = tuple(OpenedBid(place, ids[bid.bidder], bid.opening) for place, bid in enumerate(sample.bids))
    found = {ids[bid.bidder]: bid.assessment(ids[bid.bidder]) for bid in sample.bids}
    return LotCase(sample.lot(), bids, found), {value: name for name, value in ids.items()}


def test_there_are_a_dozen_and_they_vary() -> None:
    assert len(SAMPLES) == 12
    assert {len(sample.bids) for sample in SAMPLES} >= {3, 12}
    assert max(len({m.currency for b in s.bids for m in b.opening}) for s in SAMPLES) >= 4
    assert any(bid.rejected for sample in SAMPLES for bid in sample.bids)
    assert any(sample.currency not in {m.currency for b in sample.bids for m in b.opening} for sample in SAMPLES)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
def test_the_award_on_record_follows_from_the_rule(sample: Sample) -> None:
    case, names = case_of(sample)
    outcome = formula_of(by_id("dev-international")).rank(case)
    assert isinstance(outcome, Ranking)
    assert outcome.basis is PriceBasis.EVALUATED
    assert names[outcome.candidates[0].bidder] == sample.winner
    assert outcome.candidates[0].price == sample.price


def test_in_one_of_them_the_lowest_price_read_out_does_not_win() -> None:
    [kenya] = [sample for sample in SAMPLES if sample.id == "OP00014080"]
    standing = [bid for bid in kenya.bids if not bid.rejected]
    assert min(standing, key=lambda bid: bid.opening[0].amount).bidder != kenya.winner


@pytest.mark.data
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
def test_the_figures_are_those_of_the_source(sample: Sample) -> None:
    if not SHARED.exists():
        pytest.skip("shared/data is not here")
    with SHARED.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["contract"] == sample.source.contract]
    kept = {row["bidder.name"].strip(): row for row in rows}
    assert kept.keys() == {bid.bidder for bid in sample.bids}
    for bid in sample.bids:
        row = kept[bid.bidder]
        for prices, raw in ((bid.opening, row["opening.price.raw"]), (bid.evaluated, row["evaluated.price.raw"])):
            assert [f"{m.currency}{m.amount:,f}" for m in prices] == ([raw.replace(" ", "")] if raw else [])
        assert bid.rejected == (row["status"] == "Rejected")
    assert kept[sample.winner]["status"] == "Awarded"


def raw(**members: Any) -> Any:
    return orjson.loads((FOLDER / "OP00023062.json").read_bytes()) | members


@pytest.mark.parametrize(
    "value",
    [
        raw(v=2),
        raw(kind="tender"),
        raw(extra=1),
        raw(bids=raw()["bids"] * 2),
        raw(award=raw()["award"] | {"bidder": "nobody"}),
        raw(award=raw()["award"] | {"price": {"currency": "VND", "amount": "1,0"}}),
    ],
)
def test_another_form_is_refused(value: Any) -> None:
    with pytest.raises(SunbidError):
        parse_sample(value)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    for path in (tmp_path / "x.json", tmp_path / "absent.json"):
        with pytest.raises(SampleError) as caught:
            load_sample(path)
        assert caught.value.code == "sample.malformed"
