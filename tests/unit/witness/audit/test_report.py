from typing import Any

from ledger.claims import Claim
from witness.audit.parts import Profile
from witness.audit.report import summary, verdict_json, verdict_lines
from witness.audit.verify import Verdict

TENDER = b"\x05" * 32
GOOD = Claim("time", True, "It happened in order.", "依次发生。", "hefei", 1_767_225_600, ("block 7", "luan 9"))
BAD = Claim("award.1", False, "Lot 1 is awarded.", "标段 1 中标。", problem="another candidate is due")


def test_a_verdict_holds_only_with_claims_that_all_hold() -> None:
    assert Verdict((GOOD,)).ok
    assert not Verdict((GOOD, BAD)).ok
    assert not Verdict(()).ok
    assert Verdict((GOOD, BAD)).failed == (BAD,)


def test_lines_name_what_when_who_and_by_what() -> None:
    assert list(verdict_lines(Verdict((GOOD,)))) == [
        "[proven] time",
        "    It happened in order.",
        "    who hefei",
        "    at 2026-01-01T00:00:00Z",
        "    by block 7, luan 9",
        "",
        "All 1 claims are proven from the trust file and this bundle alone.",
    ]


def test_lines_say_what_is_not_proven_in_chinese_too() -> None:
    assert list(verdict_lines(Verdict((GOOD, BAD)), "zh"))[5:] == [
        "[未能证明] award.1",
        "    标段 1 中标。",
        "    another candidate is due",
        "",
        "2 项结论中有 1 项未能证明：award.1。请勿采信本验证包。",
    ]
    assert summary(Verdict((BAD,))) == "1 of 1 claims are not proven: award.1. Do not rely on this bundle."
    assert summary(Verdict((GOOD,)), "zh") == "全部 1 项结论均仅凭信任文件与本验证包得到证明。"


def test_json_holds_everything() -> None:
    value: Any = verdict_json(Verdict((GOOD, BAD), TENDER, Profile.PUBLIC))
    assert (value["ok"], value["tender"], value["profile"]) == (False, "0x" + "05" * 32, "public")
    assert value["claims"][0] == {
        "code": "time", "holds": True, "en": "It happened in order.", "zh": "依次发生。", "who": "hefei",
        "when": 1_767_225_600, "evidence": ["block 7", "luan 9"], "problem": "",
    }  # fmt: skip
    assert verdict_json(Verdict((BAD,)))["tender"] is None
