"""Sample tenders: figures of real tenders in the project's own input format (docs/samples-format.md, samples/).

A sample has the prices read out at the opening, what the panel evaluated or rejected, and the award on record. It is
input for the demonstration and for tests: the bids are sealed, opened and evaluated like anybody's, and the award that
comes out is compared with the one on record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from bidding.evaluation.domain import Assessment, Rejection
from bidding.tender.money import Money, parse_money
from bidding.tender.notice import NoticeLot
from ledger import canonical
from ledger.acts import Envelope
from ledger.canonical import JsonValue
from ledger.errors import SunbidError
from ledger.json_fields import read_flag, read_list, read_maybe, read_members, read_text, read_words

VERSION = 1
MAX_SIZE = 256 * 1024
_KEYS = ("v", "kind", "id", "source", "currency", "bids", "award")


class SampleError(SunbidError):
    """A sample file that is not in the documented format."""

    code = "sample.malformed"


@dataclass(frozen=True)
class SampleBid:
    """A bid on record; `evaluated` is empty for a rejected one."""

    bidder: str
    country: str
    opening: tuple[Money, ...]
    evaluated: tuple[Money, ...]
    rejected: bool

    def assessment(self, bidder: bytes) -> Assessment:
        """Return the panel's finding on this bid, as the record gives it."""
        if self.rejected:
            return Assessment(bidder, rejection=Rejection("record", "Rejected in the record of this tender."))
        reason = "" if self.evaluated == self.opening else "Evaluated price as in the record of this tender."
        return Assessment(bidder, self.evaluated, reason)


@dataclass(frozen=True)
class Source:
    """Where the figures come from."""

    publisher: str
    project: str
    contract: str
    country: str


@dataclass(frozen=True)
class Sample:
    """One tender with one lot; `winner` and `price` are the award on record, `contract_price` what was signed."""

    id: str
    source: Source
    currency: str
    bids: tuple[SampleBid, ...]
    winner: str
    price: Money
    contract_price: Money | None

    @property
    def title(self) -> Mapping[str, str]:
        """The title of the notice."""
        return {
            "en": f"World Bank contract {self.id}, {self.source.country}: re-keyed figures of a real tender",
            "zh": f"世界银行合同 {self.id}（{self.source.country}）：真实招标数据样例",
        }

    def lot(self) -> NoticeLot:
        """Return the one lot: the whole tender, one price envelope."""
        return NoticeLot(0, self.title, self.currency, (Envelope.PRICE,))


def load_sample(path: Path) -> Sample:
    """Return the sample in a file; refuse another form, a bidder named twice, a winner who did not bid."""
    try:
        raw = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise SampleError(f"{path} is no JSON file that can be read") from error
    return parse_sample(canonical.loads(canonical.dumps(raw, max_size=MAX_SIZE), max_size=MAX_SIZE))


def load_samples(folder: Path) -> list[Sample]:
    """Return all samples of a folder, by name."""
    return [load_sample(path) for path in sorted(folder.glob("*.json"))]


def parse_sample(data: JsonValue) -> Sample:
    """Return the sample that a JSON value describes."""
    value = read_members(data, "sample", _KEYS)
    if (value["v"], value["kind"]) != (VERSION, "sample-tender"):
        raise SampleError(f"this is no sample tender of version {VERSION}")
    source = read_members(value["source"], "source", ("publisher", "project", "contract", "country"))
    award = read_members(value["award"], "award", ("bidder", "price", "contractPrice"))
    sample = Sample(
        read_words(value["id"], "id"),
        Source(*(read_words(source[name], name) for name in ("publisher", "project", "contract", "country"))),
        read_words(value["currency"], "currency"),
        tuple(_bid(item) for item in read_list(value["bids"], "bids")),
        read_words(award["bidder"], "bidder"),
        parse_money(award["price"]),
        read_maybe(lambda v, _: parse_money(v), award["contractPrice"], "contractPrice"),
    )
    names = [bid.bidder for bid in sample.bids]
    if len(set(names)) != len(names) or sample.winner not in names:
        raise SampleError("each bidder has one bid, and the winner is one of them")
    return sample


def _bid(value: JsonValue) -> SampleBid:
    item = read_members(value, "bid", ("bidder", "country", "opening", "evaluated", "rejected"))
    return SampleBid(
        read_words(item["bidder"], "bidder"),
        read_text(item["country"], "country"),
        tuple(parse_money(price) for price in read_list(item["opening"], "opening")),
        tuple(parse_money(price) for price in read_list(item["evaluated"], "evaluated")),
        read_flag(item["rejected"], "rejected"),
    )
