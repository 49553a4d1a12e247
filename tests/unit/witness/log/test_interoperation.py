"""The log's formats against Go's own implementations of them (tests/vectors/tlog-go.json says which and how)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from witness.log.checkpoint import Checkpoint
from witness.log.cosignature import CosignatureVerifier, Cosigner, cosigned_at
from witness.log.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_head,
    verify_consistency,
    verify_inclusion,
)
from witness.log.note import Note, NoteSigner, NoteVerifier, Vkey, verified_signatures
from witness.log.tiles import build_tiles, decode_bundle, encode_bundle

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[3] / "vectors" / "tlog-go.json").read_text())
LEAVES = [leaf_hash(hashlib.sha256(f"entry {i}".encode()).digest()) for i in range(600)]


def hashes(texts: list[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


@pytest.mark.parametrize(("size", "head"), VECTORS["heads"].items())
def test_tree_heads(size: str, head: str) -> None:
    assert tree_head(LEAVES[: int(size)]).hex() == head


@pytest.mark.parametrize("case", VECTORS["inclusion"])
def test_inclusion_proofs(case: dict[str, Any]) -> None:
    index, size, proof = case["index"], case["size"], hashes(case["proof"])
    assert inclusion_proof(LEAVES, index, size) == proof
    verify_inclusion(LEAVES[index], index, size, proof, tree_head(LEAVES[:size]))


@pytest.mark.parametrize("case", VECTORS["consistency"])
def test_consistency_proofs(case: dict[str, Any]) -> None:
    size1, size2, proof = case["size1"], case["size2"], hashes(case["proof"])
    assert consistency_proof(LEAVES, size1, size2) == proof
    verify_consistency(size1, size2, tree_head(LEAVES[:size1]), tree_head(LEAVES[:size2]), proof)


def test_tiles() -> None:
    built = build_tiles(0, LEAVES, lambda tile: pytest.fail(f"asked for {tile}"))
    assert {tile.path: hashlib.sha256(data).hexdigest() for tile, data in built.items()} == VECTORS["tiles_sha256"]


def test_entry_bundles() -> None:
    entries = [b"\x01" * 32, b"\x02" * 32]
    assert encode_bundle(entries).hex() == VECTORS["bundle"]
    assert decode_bundle(bytes.fromhex(VECTORS["bundle"]), 2, 32) == entries


def test_the_signed_and_cosigned_checkpoint() -> None:
    note = Note.parse(VECTORS["checkpoint"].encode())
    log = NoteSigner("luan.example/public", bytes.fromhex(VECTORS["log_seed"]))
    witness = Cosigner("witness.example/w1", bytes.fromhex(VECTORS["witness_seed"]))
    assert (str(log.vkey), str(witness.vkey)) == (VECTORS["log_vkey"], VECTORS["witness_vkey"])
    keys = [NoteVerifier(Vkey.parse(VECTORS["log_vkey"])), CosignatureVerifier(Vkey.parse(VECTORS["witness_vkey"]))]
    found = verified_signatures(note, keys)
    assert [vkey.name for vkey, _ in found] == [log.name, witness.name]
    at = cosigned_at(found[1][1].blob)
    assert at == VECTORS["cosigned_at"]
    ours = Checkpoint(log.name, 600, tree_head(LEAVES)).sign(log)
    assert bytes(ours.with_signatures(witness.cosign(ours.text, at))) == VECTORS["checkpoint"].encode()
