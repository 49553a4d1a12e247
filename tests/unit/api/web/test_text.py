"""Every word there is, in both languages, and every word that a template asks for is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request

from api.web.text import TEXTS, Language, language_of, text
from bidding.award.domain import Ground
from bidding.evaluation.domain import FailureReason, Standing
from bidding.opening.record import Outcome
from bidding.tender.domain import TenderState
from ledger.acts import Committee, CreditDecision, CreditRepair, CreditRevocation, Envelope
from witness.audit.credit_answer import AnswerStatus
from witness.audit.credit_query import REFUSED, SILENT
from witness.log.kinds import ActorRole, Kind

TEMPLATES = Path(__file__).parents[4] / "api" / "web" / "templates"
_FAMILIES: dict[str, list[Any]] = {
    "kind": list(Kind),
    "role": list(ActorRole),
    "state": list(TenderState),
    "envelope": [envelope.text for envelope in Envelope],
    "standing": list(Standing),
    "status": [*Outcome, "not_opened", "void 1", "void 2", "void 3"],
    "reason": [int(reason) for reason in FailureReason],
    "ground": list(Ground),
    "unopened": [committee.name.lower() for committee in Committee],
    "type": [act.name() for act in (CreditDecision, CreditRevocation, CreditRepair)],
    "answer": [*AnswerStatus, SILENT, REFUSED],
}


def request(query: str = "", accepted: str = "") -> Request:
    headers = [(b"accept-language", accepted.encode())] if accepted else []
    return Request({"type": "http", "query_string": query.encode(), "headers": headers})


def test_every_text_is_in_both_languages() -> None:
    assert all(english and chinese for english, chinese in TEXTS.values())
    assert all(re.search(r"[\u4e00-\u9fff]", chinese) for key, (_, chinese) in TEXTS.items() if key != "switch")


def test_every_member_of_a_family_has_its_word() -> None:
    missing = [f"{family}.{one}" for family, members in _FAMILIES.items() for one in members
               if f"{family}.{one}" not in TEXTS]  # fmt: skip
    assert missing == []


def test_every_word_that_a_template_names_is_there() -> None:
    named = {
        word
        for path in TEMPLATES.glob("*.html")
        for word in re.findall(r"""\bt\(["']([\w.]+)["']\)""", path.read_text())
    }
    assert named
    assert named <= set(TEXTS)


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("lang=en", "zh-CN", Language.ENGLISH),
        ("lang=zh", "en", Language.CHINESE),
        ("lang=fr", "en-US,en", Language.ENGLISH),
        ("", "", Language.CHINESE),
        ("", "de, en", Language.CHINESE),
    ],
)
def test_what_was_chosen_counts_then_the_browser_then_chinese(query: str, accepted: str, language: Language) -> None:
    assert language_of(request(query, accepted)) is language
    assert language.other is not language


def test_a_word_that_does_not_exist_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        text("no such word", Language.ENGLISH)
