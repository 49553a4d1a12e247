"""What a form asks for: a code or an id, a moment in Asia/Shanghai; what cannot be read is said in words."""

from __future__ import annotations

from api.web.subject import read_form
from ledger.identity import organisation_id
from ledger.json_fields import to_hex
from tests.fixtures.people import uscc_named

CODE = uscc_named("builder")


def test_a_code_in_any_case_and_an_id_name_the_same_company() -> None:
    subject = organisation_id(CODE)
    for typed in (CODE, f" {CODE.lower()} ", to_hex(subject)):
        assert read_form(typed, "").subject == subject


def test_a_wrong_check_digit_is_a_warning_not_a_refusal() -> None:
    wrong = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
    asked = read_form(wrong, "")
    assert asked.subject == organisation_id(wrong)
    assert "check digit" in asked.warning


def test_a_moment_without_a_zone_is_meant_in_shanghai() -> None:
    assert read_form(CODE, "2026-01-01T08:00").at == 1_767_225_600
    assert read_form(CODE, "2026-01-01T00:00:00+00:00").at == 1_767_225_600
    assert read_form(CODE, "").at is None


def test_what_cannot_be_read_asks_for_nothing_and_says_why() -> None:
    for typed, at in (("12345", ""), (CODE, "yesterday")):
        asked = read_form(typed, at)
        assert asked.subject is None
        assert asked.problem
        assert (asked.typed, asked.typed_at) == (typed, at)
    assert read_form("  ", "yesterday").problem == ""
