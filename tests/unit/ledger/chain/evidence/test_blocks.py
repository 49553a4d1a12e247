from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ledger.acts import digest
from ledger.chain.evidence import attested
from ledger.chain.evidence.blocks import BlockEvidence, block_hash, header_from_rpc, verify_block
from ledger.chain.evidence.errors import EvidenceError
from ledger.chain.evidence.rlp_header import BlockHeader
from ledger.chain.evidence.trust import BlockEvidenceKind, PinnedCity, TrustFile
from ledger.json_fields import FieldError
from ledger.keys import SigningKey

Vectors = dict[str, Any]

KEYS = [SigningKey(bytes([i]) * 32) for i in (1, 2, 3)]
CITIES = tuple(PinnedCity(f"city {i}", key.address, (f"log {i}",), f"cosigner {i}") for i, key in enumerate(KEYS))
TRUST = TrustFile(31337, b"\x0c" * 20, BlockEvidenceKind.ATTESTED, (), CITIES, 2)


def addresses(texts: list[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(text[2:]) for text in texts)


def trust_qbft(besu: Vectors) -> TrustFile:
    return replace(TRUST, evidence=BlockEvidenceKind.QBFT, validators=addresses(besu["validators"]))


def trust_clique(geth: Vectors) -> TrustFile:
    return replace(TRUST, evidence=BlockEvidenceKind.CLIQUE, validators=addresses(geth["signers"]))


def clique_evidence(geth: Vectors) -> BlockEvidence:
    headers = [header_from_rpc(BlockEvidenceKind.CLIQUE, block) for block in geth["headers"]]
    return BlockEvidence(headers[3], followers=tuple(headers[4:6]))


def attested_evidence(probe: Vectors) -> BlockEvidence:
    header = header_from_rpc(BlockEvidenceKind.ATTESTED, probe["blocks"][0]["block"])
    signed = digest(attested.attestation(header), TRUST.domain)
    return BlockEvidence(header, attestations=tuple(key.sign(signed) for key in KEYS[:2]))


class TestVerifyBlock:
    def test_qbft(self, besu: Vectors) -> None:
        block = besu["headers"][0]
        found = verify_block(trust_qbft(besu), BlockEvidence(BlockHeader.from_rpc(block)))
        assert "0x" + found.hash.hex() == block["hash"]
        assert (found.number, found.timestamp) == (int(block["number"], 16), int(block["timestamp"], 16))
        assert "0x" + found.state_root.hex() == block["stateRoot"]
        assert len(found.vouched_by) == 3
        assert found.has_own_time

    def test_clique(self, geth: Vectors) -> None:
        found = verify_block(trust_clique(geth), clique_evidence(geth))
        assert "0x" + found.hash.hex() == geth["headers"][3]["hash"]
        assert found.has_own_time

    def test_attested(self, probe: Vectors) -> None:
        found = verify_block(TRUST, attested_evidence(probe))
        assert found.vouched_by == ("city 0", "city 1")
        assert not found.has_own_time

    def test_no_evidence_is_none(self, besu: Vectors, geth: Vectors, probe: Vectors) -> None:
        bare = BlockEvidence(attested_evidence(probe).header)
        for trust in (TRUST, trust_qbft(besu), trust_clique(geth)):
            with pytest.raises(EvidenceError):
                verify_block(trust, bare)

    def test_evidence_of_another_kind_does_not_count(self, besu: Vectors, geth: Vectors, probe: Vectors) -> None:
        for trust in (trust_qbft(besu), trust_clique(geth)):
            with pytest.raises(EvidenceError, match="another kind"):
                verify_block(trust, attested_evidence(probe))
        for trust in (trust_qbft(besu), TRUST):
            with pytest.raises(EvidenceError, match="another kind"):
                verify_block(trust, clique_evidence(geth))


class TestHeaderFromRpc:
    def test_every_kind_hashes_its_own_way(self, besu: Vectors, geth: Vectors) -> None:
        header = header_from_rpc(BlockEvidenceKind.QBFT, besu["headers"][0])
        assert block_hash(BlockEvidenceKind.QBFT, header) != block_hash(BlockEvidenceKind.ATTESTED, header)
        clique = header_from_rpc(BlockEvidenceKind.CLIQUE, geth["headers"][0])
        assert block_hash(BlockEvidenceKind.CLIQUE, clique) == clique.keccak

    def test_a_node_s_block_that_does_not_hash_to_its_name_is_refused(self, besu: Vectors, geth: Vectors) -> None:
        with pytest.raises(EvidenceError) as caught:
            header_from_rpc(BlockEvidenceKind.QBFT, {**besu["headers"][0], "gasUsed": "0x1"})
        assert caught.value.code == "evidence.header"
        with pytest.raises(EvidenceError):
            header_from_rpc(BlockEvidenceKind.ATTESTED, besu["headers"][0])
        without_hash = {name: value for name, value in geth["headers"][0].items() if name != "hash"}
        with pytest.raises(EvidenceError):
            header_from_rpc(BlockEvidenceKind.CLIQUE, without_hash)


class TestJson:
    def test_reads_back(self, besu: Vectors, geth: Vectors, probe: Vectors) -> None:
        bare = BlockEvidence(BlockHeader.from_rpc(besu["headers"][0]))
        for evidence in (bare, clique_evidence(geth), attested_evidence(probe)):
            assert BlockEvidence.from_json(evidence.to_json()) == evidence

    def test_other_json_is_refused(self, geth: Vectors) -> None:
        value = clique_evidence(geth).to_json()
        for changes in ({"header": "0x"}, {"header": None}, {"followers": ["0xc0"]}, {"attestations": None}, {"x": 1}):
            with pytest.raises((EvidenceError, FieldError)):
                BlockEvidence.from_json({**value, **changes})  # type: ignore[dict-item]
