"""Who takes part in the full performance and what they do: invented companies, prices and points, of nobody.

The lot has three envelopes and four bidders that stay; another lot has two bidders, one fewer than the rules ask for.
The cheapest bidder lacks a licence and is excluded after the first envelope, so its price is never read. The bidder
ranked first handed in its price in the last seconds, and gives the award up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from bidding.tender.documents import Answer, BidderName, BidDocument
from bidding.tender.money import Money
from bidding.tender.notice import Criterion, NoticeLot, Requirement
from ledger.acts import Envelope

CURRENCY = "CNY"
LICENCE, METHOD, TEAM = "licence", "method", "team"

TITLE = {"en": "Resurfacing of the ring road and street lighting", "zh": "环城路路面及照明工程"}

ROAD = NoticeLot(
    1,
    {"en": "Resurfacing of the ring road", "zh": "环城路路面改造"},
    CURRENCY,
    (Envelope.QUALIFICATION, Envelope.TECHNICAL, Envelope.PRICE),
    requirements=(Requirement(LICENCE, {"en": "Licence for road works, class 2", "zh": "公路工程施工总承包二级"}),),
    criteria=(
        Criterion(METHOD, {"en": "Method of construction", "zh": "施工组织设计"}, Decimal(35)),
        Criterion(TEAM, {"en": "Team and equipment", "zh": "项目班子与设备"}, Decimal(25)),
    ),
)
LIGHTING = NoticeLot(
    2,
    {"en": "Street lighting", "zh": "道路照明"},
    CURRENCY,
    (Envelope.TECHNICAL, Envelope.PRICE),
    criteria=(Criterion(METHOD, {"en": "Method of construction", "zh": "施工组织设计"}, Decimal(60)),),
)
LOTS = (ROAD, LIGHTING)

HUAIHE = "Huaihe Road and Bridge (淮河路桥)"
DABIE = "Dabie Mountain Construction (大别山建设)"
CHAOHU = "Chaohu Municipal Works (巢湖市政)"
TIANCHANG = "Tianchang Highway (天长公路)"
XINAN = "Xin'an River Engineering (新安江工程)"
PIHE = "Pihe Machinery (淠河机械)"

TENDERER = "Lu'an Municipal Construction Bureau, an illustration"
DELEGATE = "bidding agent of Dabie Mountain Construction"


@dataclass(frozen=True)
class Company:
    """A bidder: the city where it hands in, its price for each lot by number, points of each expert on the road lot."""

    name: str
    home: str
    prices: Mapping[int, Decimal]
    points: tuple[tuple[str, str], ...] = ()

    def price(self, lot: int) -> Money:
        """Return what it asks for a lot."""
        return Money(CURRENCY, self.prices[lot])

    def document(self, tender: bytes, lot: NoticeLot, envelope: Envelope, called: BidderName | None = None) -> bytes:
        """Return what it seals for an envelope."""
        return BidDocument(
            envelope,
            tender,
            lot.number,
            f"Bid of {self.name}",
            prices=(self.price(lot.number),) if envelope is Envelope.PRICE else (),
            answers=_answers(lot, envelope),
            bidder=called if envelope is Envelope.PRICE else None,
        ).to_bytes()

    def points_of(self, expert: int, criterion: str) -> Decimal:
        """Return what an expert, counted from 0, gives it for a criterion of the road lot."""
        return Decimal(dict(zip((METHOD, TEAM), self.points[expert], strict=True))[criterion])


def _answers(lot: NoticeLot, envelope: Envelope) -> tuple[Answer, ...]:
    match envelope:
        case Envelope.QUALIFICATION:
            return tuple(Answer(requirement.id, "copy attached", met=True) for requirement in lot.requirements)
        case Envelope.TECHNICAL:
            return tuple(Answer(criterion.id, "as described in our proposal") for criterion in lot.criteria)
        case Envelope.PRICE:
            return ()


_CAST = (
    Company(
        HUAIHE,
        "luan",
        {1: Decimal("9800000.00"), 2: Decimal("1250000.00")},
        (("30", "22.5"), ("29", "21"), ("29.5", "21.5")),
    ),
    Company(
        DABIE,
        "hefei",
        {1: Decimal("9310000.00"), 2: Decimal("1190000.00")},
        (("27", "20"), ("28", "19.5"), ("27.5", "20")),
    ),
    Company(CHAOHU, "nanjing", {1: Decimal("8000000.00")}),
    Company(
        TIANCHANG,
        "hefei",
        {1: Decimal("10450000.00")},
        (("31", "23"), ("32", "23.5"), ("31.5", "23")),
    ),
    Company(XINAN, "luan", {1: Decimal("9050000.00")}),
    Company(PIHE, "nanjing", {1: Decimal("7777777.00")}),
)
CAST: Mapping[str, Company] = MappingProxyType({company.name: company for company in _CAST})
"""All companies by name."""
