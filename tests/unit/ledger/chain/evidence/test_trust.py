from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ledger import canonical
from ledger.canonical import CanonicalError
from ledger.chain.evidence.trust import BlockEvidenceKind, PinnedCity, TrustError, TrustFile
from ledger.eip712 import Domain
from ledger.identity import city_id


def city(number: int) -> PinnedCity:
    return PinnedCity(
        name=f"city {number}",
        witness=bytes([number]) * 20,
        logs=(f"log-{number}-public", f"log-{number}-sealed"),
        cosigner=f"cosigner-{number}",
    )


CITIES = tuple(map(city, (1, 2, 3)))
VALIDATORS = tuple(bytes([i]) * 20 for i in (7, 8, 9, 10))
ATTESTED = TrustFile(31337, b"\x0c" * 20, BlockEvidenceKind.ATTESTED, (), CITIES, 2)
QBFT = replace(ATTESTED, evidence=BlockEvidenceKind.QBFT, validators=VALIDATORS)
CLIQUE = replace(QBFT, evidence=BlockEvidenceKind.CLIQUE)


@pytest.mark.parametrize("trust", [ATTESTED, QBFT, CLIQUE])
def test_reads_back(trust: TrustFile) -> None:
    assert TrustFile.from_bytes(trust.to_bytes()) == trust
    assert TrustFile.from_bytes(trust.to_bytes() + b"\n") == trust


def test_what_is_derived_from_it() -> None:
    assert ATTESTED.domain == Domain(31337, b"\x0c" * 20)
    assert ATTESTED.witnesses == {f"city {i}": bytes([i]) * 20 for i in (1, 2, 3)}
    assert CITIES[0].id == city_id("city 1")


@pytest.mark.parametrize(
    "changes",
    [
        {"city_registry": bytes(19)},
        {"validators": (bytes(19),)},
        {"validators": ()},
        {"validators": VALIDATORS[:1] * 2},
        {"evidence": BlockEvidenceKind.ATTESTED},
        {"cities": ()},
        {"cosignatures": 4},
        {"cosignatures": -1},
        {"cities": (CITIES[0], replace(CITIES[1], name=CITIES[0].name))},
        {"cities": (CITIES[0], CITIES[1], replace(CITIES[2], witness=CITIES[0].witness))},
        {"cities": (CITIES[0], CITIES[1], replace(CITIES[2], cosigner=CITIES[0].cosigner))},
        {"cities": (CITIES[0], CITIES[1], replace(CITIES[2], logs=CITIES[0].logs))},
    ],
)
def test_refuses_what_can_verify_nothing(changes: dict[str, Any]) -> None:
    with pytest.raises(TrustError):
        replace(QBFT, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"chain_id": "1"},
        {"chain_id": True},
        {"city_registry": "0x00"},
        {"evidence": {"kind": "attested"}},
        {"evidence": {"kind": "trust me", "validators": []}},
        {"evidence": {"kind": "qbft", "validators": ["0x00"]}},
        {"cities": [{}]},
        {"cities": None},
        {"cosignatures": None},
        {"extra": 1},
    ],
)
def test_refuses_what_the_schema_does_not_allow(changes: dict[str, Any]) -> None:
    with pytest.raises(TrustError) as caught:
        TrustFile.from_json({**QBFT.to_json(), **changes})
    assert caught.value.code == "evidence.trust"


def test_refuses_missing_members_and_other_spellings() -> None:
    for name in QBFT.to_json():
        value = QBFT.to_json()
        del value[name]
        with pytest.raises(TrustError):
            TrustFile.from_bytes(canonical.dumps(value))
    for data in (b"", b"{", b" " + QBFT.to_bytes(), QBFT.to_bytes() + b"\n\n"):
        with pytest.raises(CanonicalError):
            TrustFile.from_bytes(data)
