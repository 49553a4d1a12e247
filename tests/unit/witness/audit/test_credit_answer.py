"""One city's answer: proven with the trust file alone, and every way of lying is named."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.domain import EndingBody, EntryKind
from credit.proven import read_subject
from ledger import canonical
from ledger.chain.evidence.facts import StateProof
from ledger.eip712 import Domain
from ledger.errors import SunbidError
from tests.fixtures.chain_state import attest
from tests.fixtures.credit_world import (
    AUTHORITY,
    CATALOGUE,
    FIRST,
    KEYS,
    OTHER,
    REGISTRY,
    SUBJECT,
    TRUST,
    CreditWorld,
    decision,
    entry_of,
)
from tests.fixtures.tenders import b32
from witness.audit.credit_answer import (
    MAX_ENTRIES,
    AnswerStatus,
    AnswerVerdict,
    CreditAnswer,
    GivenEntry,
    verify_answer,
)

WORLD = CreditWorld.make()
ANSWER = WORLD.answer("luan")


def check(answer: CreditAnswer, *attested: str, world: CreditWorld = WORLD) -> AnswerVerdict:
    return verify_answer(world.question, answer, TRUST, world.attestations(*attested), CATALOGUE)


def failing(verdict: AnswerVerdict) -> list[str]:
    return [claim.code for claim in verdict.claims if not claim.holds]


def with_entry(place: int, **changes: bytes | None) -> CreditAnswer:
    entries = list(ANSWER.entries)
    entries[place] = dataclasses.replace(entries[place], **changes)
    return dataclasses.replace(ANSWER, entries=tuple(entries))


class TestTrue:
    def test_it_is_proven_by_two_of_three_cities(self) -> None:
        verdict = check(ANSWER, "hefei", "nanjing")
        assert (verdict.status, failing(verdict)) == (AnswerStatus.PROVEN, [])
        assert [claim.code for claim in verdict.claims][:3] == ["block.counts", "credit.ledger", "credit.complete"]
        assert "hefei, nanjing" in verdict.claims[0].text_en
        assert verdict.ledger is not None
        assert [act.index for act in verdict.ledger.acts] == [1, 2, 3]

    def test_it_says_the_same_after_its_way_over_the_wire(self) -> None:
        read = CreditAnswer.from_json(
            canonical.loads(canonical.dumps(ANSWER.to_json(), max_size=1 << 20), max_size=1 << 20)
        )
        assert read == ANSWER
        assert check(read).status is AnswerStatus.PROVEN

    def test_nothing_on_a_subject_is_proven_too(self) -> None:
        world = CreditWorld.make(entries=())
        evidence = world.state.evidence(world.header, lambda state: read_subject(state, REGISTRY, SUBJECT, []))
        verdict = check(CreditAnswer(SUBJECT, evidence, ()), world=world)
        assert verdict.status is AnswerStatus.PROVEN
        assert "These 0 entries are all" in verdict.claims[2].text_en


class TestFalse:
    def test_another_text_than_was_committed_to(self) -> None:
        milder = decision(-10, "declined politely").to_bytes()
        verdict = check(with_entry(0, body=milder))
        assert (verdict.status, failing(verdict)) == (AnswerStatus.FALSE, ["credit.entry"])
        assert verdict.ledger is None

    def test_a_text_and_nonce_of_its_own_making(self) -> None:
        forged = entry_of(decision(-10, "another story"))
        verdict = check(with_entry(0, entry=forged.entry, nonce=forged.nonce, body=forged.body))
        assert verdict.status is AnswerStatus.FALSE
        assert failing(verdict) == ["credit.complete", "credit.act"]

    def test_an_entry_left_out(self) -> None:
        shorter = dataclasses.replace(ANSWER, entries=ANSWER.entries[:2])
        verdict = check(shorter)
        assert (verdict.status, failing(verdict)) == (AnswerStatus.FALSE, ["credit.ledger"])
        assert "3 entries" in verdict.claims[-1].problem

    def test_entries_in_another_order(self) -> None:
        turned = dataclasses.replace(ANSWER, entries=ANSWER.entries[::-1])
        assert failing(check(turned)) == ["credit.ledger"]

    def test_the_proof_of_another_subject(self) -> None:
        foreign = WORLD.answer("hefei", subject=OTHER)
        assert failing(check(foreign)) == ["credit.asked"]
        relabelled = dataclasses.replace(foreign, subject=SUBJECT)
        assert failing(check(relabelled)) == ["credit.ledger"]

    def test_an_old_block(self) -> None:
        old = CreditWorld.make(number=39)
        verdict = check(old.answer("luan"))
        assert (verdict.status, failing(verdict)) == (AnswerStatus.FALSE, ["credit.asked"])
        assert "block 39, not of block 40" in verdict.claims[0].problem

    def test_another_block_of_the_same_number(self) -> None:
        forked = CreditWorld.make(entries=((FIRST, "luan"),))
        answer = dataclasses.replace(ANSWER, evidence=forked.state.evidence(forked.header, lambda _: None))
        assert failing(check(answer)) == ["credit.asked"]

    def test_a_proof_with_a_node_too_few(self) -> None:
        proof = ANSWER.evidence.proof
        holed = dataclasses.replace(ANSWER.evidence, proof=StateProof(proof.slots, proof.nodes[1:]))
        verdict = check(dataclasses.replace(ANSWER, evidence=holed))
        assert (verdict.status, failing(verdict)) == (AnswerStatus.FALSE, ["block.counts"])

    def test_a_text_that_the_authority_signed_on_another_ledger(self) -> None:
        body = EndingBody(EntryKind.REVOCATION, SUBJECT, AUTHORITY, b32("no decision"), b32("court"), "court ruled")
        forged = entry_of(body)
        verdict = check(with_entry(2, entry=forged.entry, nonce=forged.nonce, body=forged.body))
        assert "credit.act" in failing(verdict)


class TestUnproven:
    @pytest.mark.parametrize("cities", [("luan",), ("luan", "luan")])
    def test_one_city_is_not_enough(self, cities: tuple[str, ...]) -> None:
        verdict = check(ANSWER, *cities)
        assert (verdict.status, failing(verdict)) == (AnswerStatus.UNPROVEN, ["block.counts"])

    def test_signatures_of_another_block_or_deployment_add_nothing(self) -> None:
        other = CreditWorld.make(number=41).attestations()
        elsewhere = attest(WORLD.header, KEYS, Domain(1, TRUST.city_registry), "luan", "hefei")
        for signatures in (other, elsewhere, [bytes(65)] * 3):
            verdict = verify_answer(WORLD.question, ANSWER, TRUST, signatures, CATALOGUE)
            assert verdict.status is AnswerStatus.UNPROVEN


def test_an_answer_of_another_form_is_refused() -> None:
    value = ANSWER.to_json()
    for other in ({**value, "v": 2}, {**value, "more": 1}, {**value, "entries": [{}]}, [], None):
        with pytest.raises(SunbidError):
            CreditAnswer.from_json(other)
    crowd = {**value, "entries": [GivenEntry(bytes(32), bytes(32)).to_json()] * (MAX_ENTRIES + 1)}
    with pytest.raises(SunbidError) as caught:
        CreditAnswer.from_json(crowd)
    assert caught.value.code == "credit.answer_too_large"


@given(st.data())
def test_no_flipped_bit_of_text_or_nonce_is_believed(data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([0, 2]))
    name = data.draw(st.sampled_from(["entry", "nonce", "body", "digest"]))
    value = getattr(ANSWER.entries[place], name)
    bit = data.draw(st.integers(0, 8 * len(value) - 1))
    flipped = (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(len(value), "big")
    assert check(with_entry(place, **{name: flipped})).status is AnswerStatus.FALSE
