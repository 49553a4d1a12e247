"""All cities' replies together: what is missing is said, who lied is named, nobody's word is needed."""

from __future__ import annotations

import dataclasses

import pytest

from ledger.errors import SunbidError
from ledger.identity import city_id
from tests.fixtures.credit_world import CATALOGUE, OTHER, SUBJECT, TRUST, CreditWorld, decision
from witness.audit.credit_answer import CreditAnswer
from witness.audit.credit_query import CityReply, CreditQuery, QueryVerdict, judge

WORLD = CreditWorld.make()


def statuses(verdict: QueryVerdict) -> dict[str, str]:
    return {city.city: city.status for city in verdict.cities}


def judged(**answers: CreditAnswer | None) -> QueryVerdict:
    return judge(WORLD.query(**answers), TRUST, CATALOGUE)


def test_all_answers_together_give_the_whole() -> None:
    verdict = judged()
    assert statuses(verdict) == {"hefei": "proven", "luan": "proven", "nanjing": "proven"}
    assert verdict.merged is not None
    assert verdict.merged.missing == {}
    assert verdict.merged.standing.score == 70  # the first decision was revoked, the second stands
    assert [entry.city for entry in verdict.merged.entries] == [city_id(name) for name in ("luan", "nanjing", "luan")]
    assert verdict.liars == ()


def test_a_silent_city_is_named_with_what_only_it_has() -> None:
    verdict = judged(nanjing=None)
    assert statuses(verdict)["nanjing"] == "silent"
    assert verdict.merged is not None
    assert verdict.merged.missing == {city_id("nanjing"): (2,)}
    assert (verdict.merged.standing.score, verdict.merged.standing.unknown) == (80, 1)
    assert judged(hefei=None).merged == judged().merged


def test_a_city_that_says_why_it_gives_no_answer_is_not_silent() -> None:
    query = WORLD.query(nanjing=None)
    behind = CityReply("nanjing", code="credit.not_yet", message="Ask again in a moment.")
    verdict = judge(dataclasses.replace(query, replies=(*query.replies[:2], behind)), TRUST, CATALOGUE)
    assert (verdict.cities[2].status, verdict.cities[2].problem) == ("refused", "Ask again in a moment.")


def test_a_liar_is_named_and_its_texts_are_not_used() -> None:
    own = WORLD.answer("nanjing")
    milder = dataclasses.replace(own.entries[1], body=decision(-10, "a mild word").to_bytes())
    lies = {
        "a wrong text": dataclasses.replace(own, entries=(own.entries[0], milder, own.entries[2])),
        "another subject": WORLD.answer("nanjing", subject=OTHER),
        "an old block": CreditWorld.make(number=12).answer("nanjing"),
    }
    for lie, answer in lies.items():
        verdict = judged(nanjing=answer)
        assert verdict.liars == ("nanjing",), lie
        assert verdict.cities[2].problem, lie
        assert verdict.merged is not None
        assert verdict.merged.missing == {city_id("nanjing"): (2,)}, lie


def test_a_reply_that_cannot_be_read_is_false_not_fatal() -> None:
    query = WORLD.query()
    broken = dataclasses.replace(query, replies=(CityReply("hefei", {"v": 1}), *query.replies[1:]))
    verdict = judge(broken, TRUST, CATALOGUE)
    assert (verdict.liars, verdict.cities[0].verdict) == (("hefei",), None)
    assert verdict.cities[0].problem


def test_without_any_proven_answer_nothing_is_claimed() -> None:
    alone = dataclasses.replace(WORLD.query(), attestations=WORLD.attestations("luan"))
    verdict = judge(alone, TRUST, CATALOGUE)
    assert verdict.merged is None
    assert set(statuses(verdict).values()) == {"unproven"}
    assert verdict.liars == ()


def test_a_reader_judges_again_from_what_the_city_relays() -> None:
    served = {**WORLD.query(nanjing=None).to_json(), "askedBy": "luan", "verdict": {"merged": "whatever it says"}}
    read = CreditQuery.from_json(served)
    assert read == WORLD.query(nanjing=None)
    assert judge(read, TRUST, CATALOGUE) == judged(nanjing=None)


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"subject": "0x12"}, {"at": "now"}, {"replies": [7]}, {"replies": [{}]}, {"attestations": "0x"}],
)
def test_a_query_of_another_form_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(SunbidError):
        CreditQuery.from_json({**WORLD.query().to_json(), **change})  # type: ignore[dict-item]
    crowd = {**WORLD.query().to_json(), "attestations": ["0x00"] * 65}
    with pytest.raises(SunbidError) as caught:
        CreditQuery.from_json(crowd)  # type: ignore[arg-type]
    assert caught.value.code == "credit.query_too_large"


def test_the_subject_is_the_one_that_was_asked_for() -> None:
    assert WORLD.question.subject == SUBJECT
    assert judge(WORLD.query(luan=WORLD.answer("luan", subject=OTHER)), TRUST, CATALOGUE).liars == ("luan",)
