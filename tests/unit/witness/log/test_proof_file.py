from __future__ import annotations

import pytest

from ledger.errors import SunbidError
from witness.log.checkpoint import Checkpoint
from witness.log.cosignature import Cosigner
from witness.log.merkle import ProofError, inclusion_proof, leaf_hash, tree_head
from witness.log.note import NoteSigner
from witness.log.policy import Policy, PolicyError
from witness.log.proof_file import ProofFile

LOG = NoteSigner("luan.example/public", b"\x01" * 32)
WITNESS = Cosigner("w.example", b"\x02" * 32)
POLICY = Policy.of([LOG.vkey], [WITNESS.vkey], 1)
LEAVES = [leaf_hash(bytes([i]) * 32) for i in range(11)]
UNSIGNED = Checkpoint(LOG.name, 11, tree_head(LEAVES)).sign(LOG)
NOTE = UNSIGNED.with_signatures(WITNESS.cosign(UNSIGNED.text, 1000))
PROOF = ProofFile(5, tuple(inclusion_proof(LEAVES, 5, 11)), NOTE)


def test_the_file_has_the_documented_lines() -> None:
    lines = bytes(PROOF).decode().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 5"]
    assert lines[2 + len(PROOF.proof)] == ""
    assert "\n".join(lines[3 + len(PROOF.proof) :]).encode() == bytes(NOTE)


@pytest.mark.parametrize(
    "proof", [PROOF, ProofFile(5, PROOF.proof, NOTE, b"extra"), ProofFile(0, (), NOTE), ProofFile(0, (), NOTE, b"")]
)
def test_reads_back(proof: ProofFile) -> None:
    assert ProofFile.parse(bytes(proof)) == proof


def test_a_proof_verifies_offline() -> None:
    cosigned = PROOF.verify(LEAVES[5], POLICY)
    assert cosigned.checkpoint.size == 11
    assert cosigned.times == {"w.example": 1000}


def test_another_leaf_index_or_path_is_refused() -> None:
    for leaf, proof in [
        (LEAVES[4], PROOF),
        (LEAVES[5], ProofFile(4, PROOF.proof, NOTE)),
        (LEAVES[5], ProofFile(5, PROOF.proof[:-1], NOTE)),
    ]:
        with pytest.raises(ProofError):
            proof.verify(leaf, POLICY)


def test_a_checkpoint_that_the_policy_does_not_believe_is_refused() -> None:
    with pytest.raises(PolicyError):
        ProofFile(5, PROOF.proof, UNSIGNED).verify(LEAVES[5], POLICY)


def test_any_flipped_bit_is_refused() -> None:
    data = bytes(PROOF)
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        with pytest.raises(SunbidError):
            ProofFile.parse(bytes(damaged)).verify(LEAVES[5], POLICY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"c2sp.org/tlog-proof@v1", b"c2sp.org/tlog-proof@v2"),
        (b"index 5", b"index 05"),
        (b"index 5", b"index  5"),
        (b"index 5", b"Index 5"),
        (b"index 5\n", b""),
        (b"index 5", b"extra AA\nindex 5"),
        (b"index 5", b"extra AAAA\nextra AAAA\nindex 5"),
        (b"index 5", b"index 5\n" + b"AAAA"),
        (b"index 5", b"index 5\r"),
        (b"index 5", "index ５".encode()),
    ],
)
def test_every_other_form_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(SunbidError):
        ProofFile.parse(bytes(PROOF).replace(old, new))


def test_hashes_that_slip_into_the_note_break_its_signature() -> None:
    moved = ProofFile.parse(bytes(PROOF).replace(b"index 5\n", b"index 5\n\n"))
    assert moved.proof == ()
    with pytest.raises(SunbidError):
        moved.verify(LEAVES[5], POLICY)


def test_the_number_of_hashes_is_bounded() -> None:
    longest = ProofFile(0, (bytes(32),) * 63, NOTE)
    assert ProofFile.parse(bytes(longest)) == longest
    with pytest.raises(SunbidError, match="at most 63"):
        ProofFile.parse(bytes(ProofFile(0, (bytes(32),) * 64, NOTE)))


@pytest.mark.parametrize("data", [b"", b"c2sp.org/tlog-proof@v1\n\n", b"c2sp.org/tlog-proof@v1\nindex 0\n"])
def test_truncated_files_are_refused(data: bytes) -> None:
    with pytest.raises(SunbidError):
        ProofFile.parse(data)
