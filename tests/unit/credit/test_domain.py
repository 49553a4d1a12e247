"""Standing: what counts at a moment, to the second, and nothing that has ended."""

from __future__ import annotations

import dataclasses
import hashlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.catalogue import DAY, Grade, shipped
from credit.domain import (
    CreditError,
    DecisionBody,
    EndingBody,
    EntryKind,
    Record,
    commitment,
    fold,
    need_lawful,
    need_repairable,
    parse_body,
    standing,
)
from ledger import canonical
from ledger.acts import CreditRepair, CreditRevocation
from ledger.errors import SunbidError

SUBJECT, AUTHORITY, NONCE = bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32
CATALOGUE = shipped()
START = 1_000_000
LATE = DecisionBody(
    SUBJECT, AUTHORITY, "performance-late", Decimal(-3), START, START + 90 * DAY, bytes(32), "ten days late"
)
REVOKED = EndingBody(EntryKind.REVOCATION, SUBJECT, AUTHORITY, bytes([9]) * 32, bytes(32), "court")


def record(body: DecisionBody | EndingBody | None, posted_at: int, digest: int = 9) -> Record:
    entry = commitment(NONCE, body.to_bytes()) if body else bytes(32)
    return Record(bytes([digest]) * 32, entry, posted_at, body)


class TestBodies:
    @pytest.mark.parametrize("body", [LATE, REVOKED, dataclasses.replace(REVOKED, kind=EntryKind.REPAIR)])
    def test_a_body_is_read_as_it_was_written(self, body: DecisionBody | EndingBody) -> None:
        assert parse_body(body.to_bytes()) == body

    def test_the_act_carries_the_commitment(self) -> None:
        act = LATE.act(NONCE, CATALOGUE)
        assert act.body == hashlib.sha256(NONCE + LATE.to_bytes()).digest()
        assert (act.points, act.rule) == ("-3", CATALOGUE.rule("performance-late").hash)
        assert isinstance(REVOKED.act(NONCE), CreditRevocation)
        assert isinstance(dataclasses.replace(REVOKED, kind=EntryKind.REPAIR).act(NONCE), CreditRepair)

    def test_a_nonce_has_32_bytes(self) -> None:
        with pytest.raises(CreditError) as caught:
            commitment(b"", LATE.to_bytes())
        assert caught.value.code == "credit.nonce"

    @pytest.mark.parametrize(
        ("member", "value"),
        [("v", 2), ("kind", "credit"), ("points", "-03"), ("points", -3), ("to", START), ("text", ""), ("extra", 1)],
    )
    def test_another_form_is_refused(self, member: str, value: object) -> None:
        changed = canonical.loads_object(LATE.to_bytes()) | {member: value}  # type: ignore[dict-item]
        with pytest.raises(SunbidError):
            parse_body(canonical.dumps(changed))


class TestLawful:
    def test_a_decision_within_its_rule_is_lawful(self) -> None:
        assert need_lawful(LATE, CATALOGUE).id == "performance-late"

    @pytest.mark.parametrize("points", ["-4", "-2", "3"])
    def test_points_are_the_rules(self, points: str) -> None:
        with pytest.raises(CreditError) as caught:
            need_lawful(dataclasses.replace(LATE, points=Decimal(points)), CATALOGUE)
        assert caught.value.code == "credit.points"

    def test_a_record_lasts_no_longer_than_its_rule(self) -> None:
        need_lawful(dataclasses.replace(LATE, to=START + 92 * DAY), CATALOGUE)
        with pytest.raises(CreditError) as caught:
            need_lawful(dataclasses.replace(LATE, to=START + 92 * DAY + 1), CATALOGUE)
        assert caught.value.code == "credit.window"

    def test_a_grave_record_is_repaired_after_its_minimum_period(self) -> None:
        grave = dataclasses.replace(LATE, rule="win-abandoned", points=Decimal(-10))
        with pytest.raises(CreditError) as caught:
            need_repairable(grave, START + 92 * DAY - 1, CATALOGUE)
        assert caught.value.facts["earliest"] == START + 92 * DAY
        need_repairable(grave, START + 92 * DAY, CATALOGUE)
        need_repairable(LATE, START, CATALOGUE)


class TestStanding:
    def test_without_records_it_is_the_base(self) -> None:
        found = standing(SUBJECT, [], START, CATALOGUE)
        assert (found.score, found.grade, found.used) == (Decimal(80), Grade.B, ())

    @pytest.mark.parametrize(
        ("at", "used"), [(START - 1, 0), (START, 1), (START + 90 * DAY - 1, 1), (START + 90 * DAY, 0)]
    )
    def test_a_record_counts_from_its_first_second_until_before_its_end(self, at: int, used: int) -> None:
        found = standing(SUBJECT, [record(LATE, START - 9)], at, CATALOGUE)
        assert len(found.used) == used
        assert found.score == 80 - 3 * used

    def test_what_was_not_posted_by_then_is_not_known(self) -> None:
        assert standing(SUBJECT, [record(LATE, START + 9)], START + 8, CATALOGUE).used == ()

    @pytest.mark.parametrize("kind", [EntryKind.REVOCATION, EntryKind.REPAIR])
    def test_an_ended_record_counts_before_the_end_and_not_after(self, kind: EntryKind) -> None:
        records = [record(LATE, START), record(dataclasses.replace(REVOKED, kind=kind), START + 100, digest=8)]
        assert standing(SUBJECT, records, START + 99, CATALOGUE).score == 77
        assert standing(SUBJECT, records, START + 100, CATALOGUE).score == 80

    def test_the_end_of_another_record_changes_nothing(self) -> None:
        records = [record(LATE, START, digest=7), record(REVOKED, START, digest=8)]
        assert standing(SUBJECT, records, START, CATALOGUE).score == 77

    def test_a_closed_entry_is_counted_as_unknown(self) -> None:
        assert standing(SUBJECT, [record(None, START)], START, CATALOGUE).unknown == 1

    def test_collusion_is_grade_d_whatever_the_score(self) -> None:
        body = dataclasses.replace(LATE, rule="collusion", points=Decimal(0))
        found = standing(SUBJECT, [record(body, START)], START, CATALOGUE)
        assert (found.score, found.grade) == (Decimal(80), Grade.D)

    @given(st.lists(st.sampled_from([("performance-excellent", 3), ("false-material", -20), ("award-won", 1)])))
    def test_the_score_stays_on_its_scale(self, drawn: list[tuple[str, int]]) -> None:
        records = [
            record(dataclasses.replace(LATE, rule=rule, points=Decimal(points)), START, digest=i % 256)
            for i, (rule, points) in enumerate(drawn)
        ]
        score = standing(SUBJECT, records, START, CATALOGUE).score
        assert 0 <= score <= CATALOGUE.cap
        assert score == min(max(80 + sum(points for _, points in drawn), 0), 100)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=5))
def test_the_head_tells_entries_and_order_apart(entries: list[bytes]) -> None:
    assert fold([]) == bytes(32)
    assert fold([*entries, bytes(32)]) != fold(entries)
    if len(set(entries)) > 1:
        assert fold(sorted(entries)) != fold(sorted(entries, reverse=True))
