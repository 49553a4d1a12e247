"""Rule packs: every window, minimum and formula of a procedure, each with the article it comes from.

A pack is a JSON file beside this module. Its hash is the SHA-256 of its canonical bytes; announcement and notice carry
it, so that a verifier evaluates under the rules the tender was announced with, and nothing legal is written in code.
Units are seconds, counts, points and shares as decimal strings. `evidence` tells how the source is known: S the text
was read, C seen in running systems, M from memory, P practice or our proposal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Annotated, Any, get_type_hints

import orjson

from bidding.tender.money import parse_amount
from ledger import canonical
from ledger.acts import Committee
from ledger.canonical import JsonValue
from ledger.errors import SunbidError
from ledger.json_fields import read_members, read_texts, read_words

PACK_VERSION = 1
MAX_SIZE = 64 * 1024
_KEYS = ("v", "kind", "id", "version", "title", "terms", "scoring")
_EVIDENCE = frozenset("SCMP")


class RulePackError(SunbidError):
    """A rule pack that is malformed or unknown."""

    code = "rules.malformed"


class Formula(StrEnum):
    """How valid bids are ranked."""

    LOWEST_EVALUATED_PRICE = "lowest_evaluated_price"
    PRICE_RATIO_WITH_TECHNICAL = "price_ratio_with_technical"

    @property
    def method(self) -> int:
        """The `method` code of an `AwardDecision` under this formula."""
        return 1 if self is Formula.LOWEST_EVALUATED_PRICE else 2


class PriceBasis(StrEnum):
    """Which price of a bid is compared: as the panel evaluated it, or as it was read out."""

    EVALUATED = "evaluated"
    OPENING = "opening"


class TieBreak(StrEnum):
    """What decides between bids that are equal so far."""

    LOWER_PRICE = "lower_price"
    EARLIER_PLACE = "earlier_place"


class Rounding(StrEnum):
    """The one rounding that is done, to `score_decimals`, after exact arithmetic."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"


class AwardMethod(StrEnum):
    """Who may win: the candidate ranked first (REG 55), or any recommended one (评定分离)."""

    RANK_FIRST = "rank_first"


@dataclass(frozen=True)
class Source:
    """Where a parameter comes from, how that is known, and what the law itself says where the pack differs."""

    article: str
    evidence: str
    statutory: str | None = None


def _seconds(value: JsonValue) -> int:
    return _integer(value, 0, 400 * 86400)


def _count(value: JsonValue) -> int:
    return _integer(value, 1, 255)


def _digits(value: JsonValue) -> int:
    return _integer(value, 0, 6)


def _integer(value: JsonValue, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RulePackError(f"expected an integer from {low} to {high}, not {value!r}")
    return value


def _points(value: JsonValue) -> Decimal:
    return parse_amount(value, "points")


def _choice(kind: type[StrEnum]) -> Callable[[JsonValue], StrEnum]:
    def read(value: JsonValue) -> StrEnum:
        if not isinstance(value, str) or value not in set(kind):
            raise RulePackError(f"expected one of {', '.join(kind)}, not {value!r}")
        return kind(value)

    return read


def _choices(kind: type[StrEnum]) -> Callable[[JsonValue], tuple[StrEnum, ...]]:
    one = _choice(kind)

    def read(value: JsonValue) -> tuple[StrEnum, ...]:
        if not isinstance(value, list) or not value:
            raise RulePackError("expected a list that is not empty")
        chosen = tuple(one(item) for item in value)
        if len(set(chosen)) != len(chosen):
            raise RulePackError(f"{value!r} names something twice")
        return chosen

    return read


def _committee(value: JsonValue) -> Committee:
    names = {c.name.lower(): c for c in Committee}
    if not isinstance(value, str) or value not in names:
        raise RulePackError(f"expected one of {', '.join(names)}, not {value!r}")
    return names[value]


@dataclass(frozen=True)
class _Reads:
    """How the JSON value of a parameter is read, and the unit its entry must state."""

    read: Callable[[JsonValue], Any]
    unit: str


_Seconds = Annotated[int, _Reads(_seconds, "seconds")]
_Points = Annotated[Decimal, _Reads(_points, "points")]


@dataclass(frozen=True)
class Scoring:
    """Points: price points are `Pmin / Pi × price_weight`, technical points the mean of the sheets."""

    total_points: _Points
    price_weight: _Points
    score_step: _Points
    score_decimals: Annotated[int, _Reads(_digits, "digits")]
    rounding: Annotated[Rounding, _Reads(_choice(Rounding), "choice")]

    @property
    def technical_weight(self) -> Decimal:
        """The points that the technical criteria of a notice share."""
        return self.total_points - self.price_weight


@dataclass(frozen=True)
class Terms:
    """The parameters of every procedure; durations in seconds."""

    submission_window: _Seconds
    amend_lead: _Seconds
    question_lead: _Seconds
    grace: _Seconds
    open_after: _Seconds
    minimum_bidders: Annotated[int, _Reads(_count, "bidders")]
    committee: Annotated[Committee, _Reads(_committee, "choice")]
    committee_after: _Seconds
    panel_size: Annotated[int, _Reads(_count, "members")]
    candidates: Annotated[int, _Reads(_count, "candidates")]
    publicity_start: _Seconds
    publicity: _Seconds
    contract_within: _Seconds
    formula: Annotated[Formula, _Reads(_choice(Formula), "choice")]
    award_method: Annotated[AwardMethod, _Reads(_choice(AwardMethod), "choice")]
    price_basis: Annotated[tuple[PriceBasis, ...], _Reads(_choices(PriceBasis), "choices")]
    ties: Annotated[tuple[TieBreak, ...], _Reads(_choices(TieBreak), "choices")]


@dataclass(frozen=True)
class RulePack:
    """One versioned set of rules; `scoring` is there exactly for formulas with points."""

    id: str
    version: int
    title: Mapping[str, str]
    terms: Terms
    scoring: Scoring | None
    sources: Mapping[str, Source]
    body: bytes

    @property
    def hash(self) -> bytes:
        """SHA-256 of the pack's canonical bytes: what announcement and notice carry."""
        return hashlib.sha256(self.body).digest()


def parse(body: bytes) -> RulePack:
    """Return the pack of these canonical bytes; refuse missing, unknown and malformed parameters."""
    value = read_members(canonical.loads(body, max_size=MAX_SIZE), "rule pack", _KEYS)
    if value["v"] != PACK_VERSION or value["kind"] != "rule-pack":
        raise RulePackError(f"this is no rule pack of format version {PACK_VERSION}")
    sources: dict[str, Source] = {}
    terms: Terms = _section(Terms, value["terms"], sources)
    scoring: Scoring | None = None if value["scoring"] is None else _section(Scoring, value["scoring"], sources)
    if (scoring is None) != (terms.formula is Formula.LOWEST_EVALUATED_PRICE):
        raise RulePackError(f"scoring does not fit the formula {terms.formula}")
    if scoring is not None and scoring.technical_weight <= 0:
        raise RulePackError("price_weight leaves no points for the technical criteria")
    if terms.ties[-1] is not TieBreak.EARLIER_PLACE:
        raise RulePackError("ties must end with earlier_place, which always decides")
    version, title = _integer(value["version"], 1, 10**6), read_texts(value["title"], "title")
    return RulePack(read_words(value["id"], "id"), version, title, terms, scoring, sources, body)


_MEMBERS: dict[type[Any], dict[str, _Reads]] = {
    kind: {name: hint.__metadata__[0] for name, hint in get_type_hints(kind, include_extras=True).items()}
    for kind in (Terms, Scoring)
}


def _section(kind: type[Any], value: JsonValue, sources: dict[str, Source]) -> Any:
    members = _MEMBERS[kind]
    entries = read_members(value, kind.__name__.lower(), members)
    read = {}
    for name, reads in members.items():
        try:
            read[name], sources[name] = _one(reads, entries[name])
        except SunbidError as error:
            raise RulePackError(f"{name}: {error.message}", parameter=name) from error
    return kind(**read)


def _one(reads: _Reads, entry: JsonValue) -> tuple[Any, Source]:
    if not isinstance(entry, dict) or not {"value", "unit", "source", "evidence"} <= entry.keys():
        raise RulePackError("a parameter has value, unit, source and evidence")
    if entry.keys() - {"value", "unit", "source", "evidence", "statutory"}:
        raise RulePackError("a parameter has no other member than value, unit, source, evidence and statutory")
    if entry["unit"] != reads.unit:
        raise RulePackError(f"the unit is {reads.unit}, not {entry['unit']}")
    article, evidence, statutory = entry["source"], entry["evidence"], entry.get("statutory")
    if not isinstance(article, str) or not article or evidence not in _EVIDENCE:
        raise RulePackError("source names the article or practice, evidence is one of S, C, M, P")
    if statutory is not None and not isinstance(statutory, str):
        raise RulePackError("statutory is a text")
    return reads.read(entry["value"]), Source(article, str(evidence), statutory)


@cache
def shipped() -> Mapping[str, RulePack]:
    """Return the packs that come with the product, by id."""
    folder = resources.files("bidding.tender").joinpath("rulepacks")
    packs = [parse(canonical.dumps(orjson.loads(f.read_bytes()), max_size=MAX_SIZE)) for f in folder.iterdir()]
    return {pack.id: pack for pack in packs}


def by_id(identifier: str) -> RulePack:
    """Return the shipped pack of this id."""
    found = shipped().get(identifier)
    if found is None:
        raise RulePackError(
            f"no rule pack {identifier!r} is shipped; there are {', '.join(sorted(shipped()))}", code="rules.unknown"
        )
    return found


def by_hash(pack_hash: bytes) -> RulePack:
    """Return the shipped pack with this hash."""
    for pack in shipped().values():
        if pack.hash == pack_hash:
            return pack
    raise RulePackError("no shipped rule pack has this hash; give the pack as a document", code="rules.unknown")
