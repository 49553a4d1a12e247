"""A state proof with its header: believed if the block counts, whoever hands it over."""

from __future__ import annotations

import dataclasses

import pytest

from ledger.chain.client import REGISTRY, ContractKind
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.state import StateEvidence, attestations_by_pinned
from ledger.chain.evidence.trust import BlockEvidenceKind
from ledger.chain.versions import versions_at
from ledger.errors import SunbidError
from ledger.keys import SigningKey
from tests.fixtures.chain_state import MadeState, attest
from tests.fixtures.credit_world import KEYS, TRUST

REGISTRY_ADDRESS = TRUST.city_registry
BOOK = b"\x33" * 20


def made() -> MadeState:
    state = MadeState()
    state.put(REGISTRY_ADDRESS, REGISTRY, ("_currentVersion", int(ContractKind.TenderBook)), BOOK)
    return state


STATE = made()
HEADER = STATE.block(7, 1000)
EVIDENCE = STATE.evidence(HEADER, lambda state: versions_at(state, REGISTRY_ADDRESS))
SIGNATURES = attest(HEADER, KEYS, TRUST.domain, "luan", "hefei")


def test_what_it_proves_is_read_after_its_way_as_json() -> None:
    read = StateEvidence.from_json(EVIDENCE.to_json())
    assert read == EVIDENCE
    block, state = read.open(TRUST, SIGNATURES)
    assert (block.number, block.vouched_by, block.has_own_time) == (7, ("hefei", "luan"), False)
    versions = versions_at(state, REGISTRY_ADDRESS)
    assert versions == {
        "CityRegistry": REGISTRY_ADDRESS,
        "AnchorRegistry": bytes(20),
        "TenderBook": BOOK,
        "KeySets": bytes(20),
        "CreditLedger": bytes(20),
    }


def test_signatures_of_others_and_of_other_blocks_are_left_out() -> None:
    stranger = attest(HEADER, {"x": SigningKey(b"\x09" * 32)}, TRUST.domain, "x")
    other = attest(STATE.block(8, 1000), KEYS, TRUST.domain, "nanjing")
    noise = [b"\x00" * 65, b"", *stranger, *other]
    assert attestations_by_pinned(TRUST, HEADER, [*noise, *SIGNATURES]) == tuple(SIGNATURES)
    EVIDENCE.open(TRUST, [*noise, *SIGNATURES])
    with pytest.raises(EvidenceError) as caught:
        EVIDENCE.open(TRUST, [*noise, SIGNATURES[0]])
    assert caught.value.code == "evidence.attestation"


def test_where_validators_seal_blocks_attestations_are_no_evidence() -> None:
    sealed = dataclasses.replace(TRUST, evidence=BlockEvidenceKind.QBFT, validators=(b"\x01" * 20,))
    assert attestations_by_pinned(sealed, HEADER, SIGNATURES) == ()
    with pytest.raises(EvidenceError):
        EVIDENCE.open(sealed, SIGNATURES)


def test_a_proof_under_another_state_is_refused() -> None:
    other = made()
    other.put(REGISTRY_ADDRESS, REGISTRY, ("_currentVersion", int(ContractKind.KeySets)), BOOK)
    header = other.block(7, 1000)
    moved = dataclasses.replace(EVIDENCE, header=header)
    with pytest.raises(EvidenceError):
        moved.open(TRUST, attest(header, KEYS, TRUST.domain, "luan", "hefei"))


@pytest.mark.parametrize("change", [{"header": "0x12"}, {"followers": 1}, {"proof": {}}, {"more": 1}])
def test_another_form_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(SunbidError):
        StateEvidence.from_json({**EVIDENCE.to_json(), **change})  # type: ignore[dict-item]
