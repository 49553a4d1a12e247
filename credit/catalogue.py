"""The catalogue of credit rules (信用目录): what may be recorded, for how many points, for how long, on what basis.

The shipped catalogue is illustrative and says so: no public scoring table of the cities was found (domain.md §7). A
rule's id on chain (`CreditDecision.rule`) is the SHA-256 of its canonical bytes, so that a decision names exactly the
rule it was made under.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib import resources

import orjson

from ledger import canonical
from ledger.canonical import JsonValue
from ledger.errors import SunbidError
from ledger.json_fields import (
    read_enum,
    read_flag,
    read_integer,
    read_list,
    read_maybe,
    read_members,
    read_text,
    read_texts,
    read_words,
)

VERSION = 1
MAX_SIZE = 256 * 1024
DAY = 86_400
_POINTS = re.compile(r"(?:0|-?[1-9][0-9]{0,3})(?:\.[0-9]{1,2})?", re.ASCII)
_KEYS = ("v", "kind", "id", "version", "illustrative", "title", "base", "cap", "grades", "rules", "severities")
_RULE_KEYS = ("id", "title", "points", "grade", "days", "severity", "source", "evidence")


class CatalogueError(SunbidError):
    """A catalogue that is malformed, or a rule that it does not have."""

    code = "credit.catalogue"


class Grade(StrEnum):
    """Credit grades, best first."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Severity(StrEnum):
    """How grave a breach is: it bounds how long the record is used (信用修复管理办法)."""

    NONE = "none"
    MINOR = "minor"
    GENERAL = "general"
    SERIOUS = "serious"


@dataclass(frozen=True)
class Rule:
    """One rule: points from `lowest` to `highest`, in force for `days` at most, or a grade that it forces."""

    id: str
    title: Mapping[str, str]
    lowest: Decimal
    highest: Decimal
    grade: Grade | None
    days: int
    repair_after_days: int
    severity: Severity
    source: str
    evidence: str
    hash: bytes


@dataclass(frozen=True)
class Catalogue:
    """All rules with the scale they are on; `grades` are best first with the least score of each."""

    id: str
    version: int
    illustrative: bool
    title: Mapping[str, str]
    base: Decimal
    cap: Decimal
    grades: tuple[tuple[Grade, Decimal], ...]
    rules: Mapping[str, Rule]

    def rule(self, identifier: str) -> Rule:
        """Return a rule by its id; refuse an unknown one."""
        found = self.rules.get(identifier)
        if found is None:
            raise CatalogueError(f"the catalogue has no rule {identifier!r}", code="credit.rule_unknown")
        return found

    def rule_by_hash(self, rule_hash: bytes) -> Rule:
        """Return a rule by its hash; refuse an unknown one."""
        for found in self.rules.values():
            if found.hash == rule_hash:
                return found
        raise CatalogueError("the catalogue has no rule with this hash", code="credit.rule_unknown")

    def grade_of(self, score: Decimal) -> Grade:
        """Return the best grade that this score reaches."""
        return next(grade for grade, least in self.grades if score >= least)


def read_points(value: JsonValue, name: str) -> Decimal:
    """Return the points of a plain decimal string, which may be negative."""
    text = read_text(value, name)
    if not _POINTS.fullmatch(text):
        raise CatalogueError(f'{name} are points like "-10" or "0.5", not {text!r}', code="credit.points")
    return Decimal(text)


def parse(body: bytes) -> Catalogue:
    """Return the catalogue of canonical bytes; refuse missing, unknown and contradictory members."""
    value = read_members(canonical.loads(body, max_size=MAX_SIZE), "catalogue", _KEYS)
    if (value["v"], value["kind"]) != (VERSION, "credit-catalogue"):
        raise CatalogueError(f"this is no credit catalogue of version {VERSION}")
    limits = dict(_severity(item) for item in read_list(value["severities"], "severities"))
    rules = [_rule(item, limits) for item in read_list(value["rules"], "rules")]
    if len({rule.id for rule in rules}) != len(rules):
        raise CatalogueError("each rule has an id of its own")
    grades = tuple(_grade(item) for item in read_list(value["grades"], "grades"))
    if [grade for grade, _ in grades] != list(Grade) or sorted((g[1] for g in grades), reverse=True) != [
        least for _, least in grades
    ]:
        raise CatalogueError("grades are A to D with falling least scores")
    base, cap = read_points(value["base"], "base"), read_points(value["cap"], "cap")
    if not grades[-1][1] == 0 <= base <= cap:
        raise CatalogueError("the scale runs from 0 over base to cap")
    return Catalogue(
        read_words(value["id"], "id"),
        read_integer(value["version"], "version"),
        read_flag(value["illustrative"], "illustrative"),
        read_texts(value["title"], "title"),
        base,
        cap,
        grades,
        {rule.id: rule for rule in rules},
    )


@dataclass(frozen=True)
class _Limits:
    """How many days a record of this severity is used at most, and after how many it may be repaired."""

    days: int
    repair_after_days: int


def _severity(value: JsonValue) -> tuple[Severity, _Limits]:
    item = read_members(value, "severity", ("severity", "days", "repairAfterDays", "source"))
    read_words(item["source"], "source")
    limits = _Limits(read_integer(item["days"], "days"), read_integer(item["repairAfterDays"], "repairAfterDays"))
    return read_enum(Severity, item["severity"], "severity"), limits


def _grade(value: JsonValue) -> tuple[Grade, Decimal]:
    item = read_members(value, "grade", ("grade", "lowest"))
    return read_enum(Grade, item["grade"], "grade"), read_points(item["lowest"], "lowest")


def _rule(value: JsonValue, limits: Mapping[Severity, _Limits]) -> Rule:
    item = read_members(value, "rule", _RULE_KEYS)
    points = read_members(item["points"], "points", ("lowest", "highest"))
    severity = read_enum(Severity, item["severity"], "severity")
    if severity not in limits:
        raise CatalogueError(f"the catalogue has no limits for severity {severity}")
    rule = Rule(
        read_words(item["id"], "id"),
        read_texts(item["title"], "title"),
        read_points(points["lowest"], "lowest"),
        read_points(points["highest"], "highest"),
        read_maybe(lambda v, name: read_enum(Grade, v, name), item["grade"], "grade"),
        read_integer(item["days"], "days"),
        limits[severity].repair_after_days,
        severity,
        read_words(item["source"], "source"),
        read_words(item["evidence"], "evidence"),
        hashlib.sha256(canonical.dumps(value)).digest(),
    )
    if rule.lowest > rule.highest or not 0 < rule.days <= limits[severity].days:
        raise CatalogueError(f"rule {rule.id}: points are out of order, or it lasts longer than its severity allows")
    return rule


@cache
def shipped() -> Catalogue:
    """Return the catalogue that comes with the product."""
    source = resources.files("credit").joinpath("catalogue.json").read_bytes()
    return parse(canonical.dumps(orjson.loads(source), max_size=MAX_SIZE))
