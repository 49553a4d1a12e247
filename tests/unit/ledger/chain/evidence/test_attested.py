from __future__ import annotations

from typing import Any

import pytest

from ledger.acts import BlockAttestation, digest
from ledger.chain.evidence import attested
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.eip712 import Domain
from ledger.keys import SigningKey

Vectors = dict[str, Any]

KEYS = {name: SigningKey(bytes([i]) * 32) for i, name in enumerate(("Hefei", "Lu'an", "Wuhu"), start=1)}
CITIES = {name: key.address for name, key in KEYS.items()}
DOMAIN = Domain(31337, b"\x0c" * 20)


@pytest.fixture
def header(probe: Vectors) -> BlockHeader:
    return BlockHeader.from_rpc(probe["blocks"][0]["block"])


def sign(header: BlockHeader, *names: str, domain: Domain = DOMAIN) -> list[bytes]:
    return [KEYS[name].sign(digest(attested.attestation(header), domain)) for name in names]


def test_two_of_three_cities_are_enough(header: BlockHeader) -> None:
    assert attested.verify(header, sign(header, "Wuhu", "Hefei"), CITIES, DOMAIN) == ("Hefei", "Wuhu")
    assert len(attested.verify(header, sign(header, *KEYS), CITIES, DOMAIN)) == 3


def test_one_city_and_one_city_twice_are_not(header: BlockHeader) -> None:
    for names in ((), ("Hefei",), ("Hefei", "Hefei")):
        with pytest.raises(EvidenceError, match="2 are needed") as caught:
            attested.verify(header, sign(header, *names), CITIES, DOMAIN)
        assert caught.value.code == "evidence.attestation"


def test_an_attestation_is_of_one_block_chain_and_deployment(header: BlockHeader, probe: Vectors) -> None:
    other = BlockHeader.from_rpc(probe["blocks"][1]["block"])
    wrong = [
        sign(other, "Hefei", "Wuhu"),
        sign(header, "Hefei", "Wuhu", domain=Domain(1, DOMAIN.contract)),
        sign(header, "Hefei", "Wuhu", domain=Domain(DOMAIN.chain_id, bytes(20))),
    ]
    for signatures in wrong:
        with pytest.raises(EvidenceError):
            attested.verify(header, signatures, CITIES, DOMAIN)


def test_a_stranger_s_attestation_is_refused_even_beside_enough(header: BlockHeader) -> None:
    stranger = SigningKey(b"\x09" * 32).sign(digest(attested.attestation(header), DOMAIN))
    with pytest.raises(EvidenceError, match="other than the pinned cities"):
        attested.verify(header, [*sign(header, *KEYS), stranger], CITIES, DOMAIN)


def test_two_cities_with_one_key_are_not_two_cities(header: BlockHeader) -> None:
    shared = {**CITIES, "Lu'an": CITIES["Hefei"]}
    with pytest.raises(EvidenceError):
        attested.verify(header, sign(header, "Hefei", "Wuhu"), shared, DOMAIN)


def test_no_cities_believe_nothing(header: BlockHeader) -> None:
    with pytest.raises(EvidenceError):
        attested.verify(header, [], {}, DOMAIN)


def test_what_is_no_signature_is_refused(header: BlockHeader) -> None:
    for signature in (b"", bytes(65), sign(header, "Hefei")[0][:64] + b"\x00"):
        with pytest.raises(EvidenceError, match="no signature"):
            attested.verify(header, [signature], CITIES, DOMAIN)


def test_the_act_names_height_and_hash(header: BlockHeader) -> None:
    assert attested.attestation(header) == BlockAttestation(number=header.number, block_hash=header.keccak)
