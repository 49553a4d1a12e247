"""What was found of the cities' replies about a subject's credit, as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from credit.domain import DecisionBody
from ledger.city import City
from ledger.claims import Claim
from ledger.json_fields import to_hex
from witness.audit.credit_query import CityVerdict, Merged, MergedEntry, QueryVerdict


def shown_verdict(verdict: QueryVerdict, cities: Iterable[City]) -> dict[str, Any]:
    """Return the verdict with cities by name."""
    names = {city.id32: city.name for city in cities}
    return {
        "cities": [_city(city) for city in verdict.cities],
        "merged": _merged(verdict.merged, names) if verdict.merged else None,
    }


def shown_claim(claim: Claim) -> dict[str, Any]:
    """Return a claim."""
    return {
        "code": claim.code,
        "holds": claim.holds,
        "textEn": claim.text_en,
        "textZh": claim.text_zh,
        "who": claim.who,
        "when": claim.when,
        "evidence": list(claim.evidence),
        "problem": claim.problem,
    }


def _city(found: CityVerdict) -> dict[str, Any]:
    claims = found.verdict.claims if found.verdict else ()
    return {
        "city": found.city,
        "status": found.status,
        "problem": found.problem,
        "claims": [shown_claim(claim) for claim in claims],
    }


def _merged(merged: Merged, names: dict[bytes, str]) -> dict[str, Any]:
    standing = merged.standing
    return {
        "score": format(standing.score, "f"),
        "grade": standing.grade.value,
        "used": [
            {"digest": to_hex(one.digest), "rule": one.rule.id, "points": format(one.body.points, "f")}
            for one in standing.used
        ],
        "entries": [_entry(entry, names) for entry in merged.entries],
        "missing": [
            {"city": names.get(city, to_hex(city)), "entries": list(places)} for city, places in merged.missing.items()
        ],
    }


def _entry(entry: MergedEntry, names: dict[bytes, str]) -> dict[str, Any]:
    body = entry.body
    return {
        "index": entry.index,
        "city": names.get(entry.city, to_hex(entry.city)),
        "postedAt": entry.posted_at,
        "digest": to_hex(entry.digest),
        "kind": "credit-decision" if isinstance(body, DecisionBody) else body.kind.value if body else None,
        "text": body.text if body else None,
    }
