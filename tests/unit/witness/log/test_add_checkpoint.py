from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from witness.log.add_checkpoint import (
    AddCheckpoint,
    AddCheckpointError,
    KnownLog,
    Status,
    decide,
    format_conflict,
    parse_conflict,
    parse_cosignatures,
)
from witness.log.checkpoint import Checkpoint
from witness.log.cosignature import CosignatureVerifier, Cosigner
from witness.log.merkle import EMPTY_HEAD, consistency_proof, leaf_hash, tree_head
from witness.log.note import Note, NoteError, NoteSignature, NoteSigner, NoteVerifier

LOG = NoteSigner("luan.example/public", b"\x01" * 32)
NEW_KEY = NoteSigner(LOG.name, b"\x02" * 32)
MALLORY = NoteSigner("mallory.example", b"\x03" * 32)
WITNESS = Cosigner("w.example", b"\x04" * 32)
LEAVES = [leaf_hash(bytes([i]) * 32) for i in range(40)]
KEYS = (NoteVerifier(LOG.vkey),)


def signed(size: int, signer: NoteSigner = LOG, leaves: Sequence[bytes] = LEAVES) -> Note:
    return Checkpoint(signer.name, size, tree_head(leaves[:size])).sign(signer)


def request(old: int, new: int, leaves: Sequence[bytes] = LEAVES) -> AddCheckpoint:
    return AddCheckpoint(old, tuple(consistency_proof(leaves, old, new)), signed(new, leaves=leaves))


def known(size: int) -> KnownLog:
    return KnownLog(KEYS, size, tree_head(LEAVES[:size]))


class TestRequest:
    def test_the_published_shape(self) -> None:
        data = bytes(request(7, 11))
        assert data.startswith(b"old 7\n")
        head, note = data.split(b"\n\n", 1)
        assert len(head.split(b"\n")) == 1 + len(consistency_proof(LEAVES, 7, 11))
        assert note == bytes(signed(11))

    @given(st.integers(0, 40), st.integers(0, 40))
    def test_reads_back(self, one: int, other: int) -> None:
        asked = request(min(one, other), max(one, other))
        assert AddCheckpoint.parse(bytes(asked)) == asked
        assert asked.origin == LOG.name

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"old 7\n", b""),
            (b"old 7", b"old 07"),
            (b"old 7", b"old -7"),
            (b"old 7", b"old"),
            (b"old 7", b"Old 7"),
            (b"old 7", b"old 7 "),
            (b"old 7\n", b"old 7\nAAAA\n"),
            (b"old 7\n", b"old 7\nnot base64\n"),
            (b"old 7", "old ７".encode()),
            (b"old 7\n", b"old 7\n" + b"A" * 43 + b"=\n" * 64),
        ],
    )
    def test_refuses_every_other_form(self, old: bytes, new: bytes) -> None:
        with pytest.raises(NoteError):
            AddCheckpoint.parse(bytes(request(7, 11)).replace(old, new, 1))

    def test_refuses_truncation_anywhere(self) -> None:
        data = bytes(request(7, 11))
        for length in range(len(data)):
            with pytest.raises(NoteError):
                AddCheckpoint.parse(data[:length])


class TestDecision:
    @given(st.integers(0, 40), st.integers(0, 40))
    def test_an_honest_log_is_cosigned(self, one: int, other: int) -> None:
        old, new = sorted((one, other))
        decision = decide(request(old, new), known(old))
        assert decision.status is Status.COSIGNED
        assert decision.checkpoint == Checkpoint(LOG.name, new, tree_head(LEAVES[:new]))

    def test_an_unknown_log(self) -> None:
        assert decide(request(0, 3), None).status is Status.UNKNOWN_LOG

    @pytest.mark.parametrize(
        "note",
        [
            signed(3, NEW_KEY),
            Note(signed(3).text, (MALLORY.sign(signed(3).text),)),
            Note(signed(3).text, (NoteSignature(LOG.name, LOG.vkey.key_id, bytes(64)),)),
            signed(3).with_signatures(NoteSignature(LOG.name, LOG.vkey.key_id, bytes(64))),
        ],
    )
    def test_no_true_signature_of_the_log(self, note: Note) -> None:
        decision = decide(AddCheckpoint(0, (), note), known(0))
        assert decision.status is Status.UNTRUSTED
        assert decision.checkpoint is None

    def test_unknown_signatures_beside_the_log_s_are_ignored(self) -> None:
        note = signed(3).with_signatures(MALLORY.sign(signed(3).text), NEW_KEY.sign(signed(3).text))
        assert decide(AddCheckpoint(0, (), note), known(0)).status is Status.COSIGNED

    def test_another_log_s_key_does_not_sign_for_this_origin(self) -> None:
        keys = KnownLog((NoteVerifier(MALLORY.vkey),))
        text = signed(3).text
        assert decide(AddCheckpoint(0, (), Note(text, (MALLORY.sign(text),))), keys).status is Status.UNTRUSTED

    def test_an_old_size_above_the_new_one(self) -> None:
        decision = decide(AddCheckpoint(5, (), signed(3)), known(5))
        assert decision.status is Status.MALFORMED

    def test_hashes_that_slip_into_the_note_are_no_origin(self) -> None:
        moved = AddCheckpoint.parse(bytes(request(7, 11)).replace(b"old 7\n", b"old 7\n\n"))
        assert moved.origin != LOG.name
        assert decide(moved, known(7)).status is Status.UNTRUSTED

    def test_a_signed_text_that_is_no_checkpoint(self) -> None:
        text = f"{LOG.name}\n03\nAAAA\n"
        assert decide(AddCheckpoint(0, (), Note(text, (LOG.sign(text),))), known(0)).status is Status.MALFORMED

    @pytest.mark.parametrize("old", [0, 4, 6])
    def test_a_size_other_than_the_stored_one(self, old: int) -> None:
        decision = decide(request(old, 9), known(5))
        assert decision.status is Status.CONFLICT
        assert decision.size == 5
        assert parse_conflict(format_conflict(5)) == 5

    def test_a_rewritten_history(self) -> None:
        forged = [leaf_hash(b"forged"), *LEAVES[1:]]
        assert decide(request(5, 9, forged), known(5)).status is Status.INCONSISTENT
        assert decide(request(5, 5, forged), known(5)).status is Status.INCONSISTENT

    def test_a_proof_from_a_size_of_zero_or_for_the_same_size(self) -> None:
        for old, new in ((0, 3), (3, 3)):
            decision = decide(AddCheckpoint(old, (bytes(32),), signed(new)), known(old))
            assert decision.status is Status.INCONSISTENT

    def test_an_empty_log_with_another_root(self) -> None:
        text = Checkpoint(LOG.name, 1, bytes(32)).text.replace("\n1\n", "\n0\n")
        decision = decide(AddCheckpoint(0, (), Note(text, (LOG.sign(text),))), known(0))
        assert decision.status is Status.INCONSISTENT

    def test_a_log_starts_as_the_empty_tree(self) -> None:
        assert KnownLog(KEYS).root == EMPTY_HEAD
        assert decide(request(0, 0), KnownLog(KEYS)).status is Status.COSIGNED


class TestAnswer:
    def test_the_witness_s_line_is_found_among_others(self) -> None:
        note = signed(3)
        line = WITNESS.cosign(note.text, 1000)
        other = Cosigner("other.example", b"\x05" * 32).cosign(note.text, 1000)
        body = f"{other}{line}".encode()
        assert parse_cosignatures(body, note, CosignatureVerifier(WITNESS.vkey)) == line

    @pytest.mark.parametrize(
        "body", [b"", b"\n", b"nonsense\n", b"\xff\n", str(WITNESS.cosign("x\n", 1)).encode()[:-1]]
    )
    def test_malformed_answers_are_refused(self, body: bytes) -> None:
        with pytest.raises(NoteError):
            parse_cosignatures(body, signed(3), CosignatureVerifier(WITNESS.vkey))

    def test_false_and_missing_cosignatures_are_told_apart(self) -> None:
        verifier = CosignatureVerifier(WITNESS.vkey)
        with pytest.raises(NoteError) as false:
            parse_cosignatures(str(WITNESS.cosign(signed(4).text, 1000)).encode(), signed(3), verifier)
        assert false.value.code == "note.signature"
        other = Cosigner("other.example", b"\x05" * 32).cosign(signed(3).text, 1000)
        with pytest.raises(AddCheckpointError) as missing:
            parse_cosignatures(str(other).encode(), signed(3), verifier)
        assert missing.value.code == "add_checkpoint.unsigned"

    @pytest.mark.parametrize("body", [b"", b"5", b"05\n", b"5\n\n", b" 5\n", "５\n".encode()])
    def test_malformed_conflicts_are_refused(self, body: bytes) -> None:
        with pytest.raises(NoteError):
            parse_conflict(body)
