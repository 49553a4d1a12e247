"""A verdict as people and programs read it: a line for each claim, in English or Chinese, or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from ledger.canonical import JsonObject, JsonValue
from ledger.claims import Claim
from ledger.json_fields import to_hex_or_null
from witness.audit.verify import Verdict

Language = Literal["en", "zh"]

_HOLDS: dict[Language, str] = {"en": "proven", "zh": "已证明"}
_FAILS: dict[Language, str] = {"en": "NOT PROVEN", "zh": "未能证明"}
_BY: dict[Language, str] = {"en": "by", "zh": "依据"}
_AT: dict[Language, str] = {"en": "at", "zh": "时间"}
_WHO: dict[Language, str] = {"en": "who", "zh": "主体"}


def verdict_json(verdict: Verdict) -> JsonObject:
    """Return the verdict as JSON; `ok` is true only if every claim holds."""
    claims: list[JsonValue] = [_claim_json(claim) for claim in verdict.claims]
    return {
        "ok": verdict.ok,
        "tender": to_hex_or_null(verdict.tender),
        "profile": verdict.profile.value if verdict.profile else None,
        "claims": claims,
    }


def _claim_json(claim: Claim) -> JsonObject:
    return {
        "code": claim.code,
        "holds": claim.holds,
        "en": claim.text_en,
        "zh": claim.text_zh,
        "who": claim.who,
        "when": claim.when,
        "evidence": list(claim.evidence),
        "problem": claim.problem,
    }


def verdict_lines(verdict: Verdict, language: Language = "en") -> Iterator[str]:
    """Yield the verdict as text: each claim with what proves it or why it is not proven, then one sentence on all."""
    for claim in verdict.claims:
        yield from _claim_lines(claim, language)
    yield ""
    yield summary(verdict, language)


def summary(verdict: Verdict, language: Language = "en") -> str:
    """Return one sentence on the whole verdict; it says no more than the claims do."""
    failed = [claim.code for claim in verdict.failed]
    count = len(verdict.claims)
    if verdict.ok:
        return {
            "en": f"All {count} claims are proven from the trust file and this bundle alone.",
            "zh": f"全部 {count} 项结论均仅凭信任文件与本验证包得到证明。",
        }[language]
    return {
        "en": f"{len(failed)} of {count} claims are not proven: {', '.join(failed)}. Do not rely on this bundle.",
        "zh": f"{count} 项结论中有 {len(failed)} 项未能证明：{'、'.join(failed)}。请勿采信本验证包。",
    }[language]


def _claim_lines(claim: Claim, language: Language) -> Iterator[str]:
    mark = _HOLDS[language] if claim.holds else _FAILS[language]
    yield f"[{mark}] {claim.code}"
    yield f"    {claim.text_zh if language == 'zh' else claim.text_en}"
    if claim.problem:
        yield f"    {claim.problem}"
    if claim.who:
        yield f"    {_WHO[language]} {claim.who}"
    if claim.when is not None:
        yield f"    {_AT[language]} {datetime.fromtimestamp(claim.when, UTC).isoformat().replace('+00:00', 'Z')}"
    if claim.evidence:
        yield f"    {_BY[language]} {', '.join(claim.evidence)}"
