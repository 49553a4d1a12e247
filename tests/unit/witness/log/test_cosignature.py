from __future__ import annotations

import pytest

from witness.log.checkpoint import Checkpoint
from witness.log.cosignature import CosignatureVerifier, Cosigner, cosigned_at
from witness.log.note import Algorithm, Note, NoteError, NoteSignature, NoteSigner, Vkey, verified_signatures

WITNESS = Cosigner("witness.example/w1", b"\x03" * 32)
LOG = NoteSigner("luan.example/public", b"\x01" * 32)
CHECKPOINT = Checkpoint(LOG.name, 7, b"\x05" * 32)
NOTE = CHECKPOINT.sign(LOG)
AT = 1679315147


def test_a_cosignature_verifies_and_carries_its_time() -> None:
    line = WITNESS.cosign(NOTE.text, AT)
    note = NOTE.with_signatures(line)
    assert verified_signatures(note, [CosignatureVerifier(WITNESS.vkey)]) == [(WITNESS.vkey, line)]
    assert cosigned_at(line.blob) == AT
    assert Note.parse(bytes(note)) == note


def test_the_signed_message_is_the_one_of_the_specification() -> None:
    blob = WITNESS.cosign(NOTE.text, AT).blob
    WITNESS.vkey.check(f"cosignature/v1\ntime {AT}\n{NOTE.text}".encode(), blob[8:])


def test_any_flipped_bit_is_refused() -> None:
    blob = WITNESS.cosign(NOTE.text, AT).blob
    verifier = CosignatureVerifier(WITNESS.vkey)
    for bit in range(len(blob) * 8):
        damaged = bytearray(blob)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NoteError):
            verifier.verify(NOTE.text, bytes(damaged))


def test_a_cosignature_of_another_checkpoint_is_refused() -> None:
    other = Checkpoint(LOG.name, 8, b"\x05" * 32)
    with pytest.raises(NoteError):
        CosignatureVerifier(WITNESS.vkey).verify(other.text, WITNESS.cosign(NOTE.text, AT).blob)


def test_a_plain_signature_of_the_same_key_is_no_cosignature() -> None:
    plain = NoteSigner(WITNESS.name, WITNESS.secret).sign(NOTE.text)
    as_cosignature = NoteSignature(WITNESS.name, WITNESS.vkey.key_id, AT.to_bytes(8, "big") + plain.blob)
    with pytest.raises(NoteError):
        verified_signatures(NOTE.with_signatures(as_cosignature), [CosignatureVerifier(WITNESS.vkey)])
    with pytest.raises(NoteError, match="type 0x04"):
        CosignatureVerifier(Vkey(WITNESS.name, Algorithm.ED25519, WITNESS.vkey.public_key))


@pytest.mark.parametrize("blob", [b"", bytes(72), b"\x00" * 7 + b"\x01" + bytes(63), b"\xff" * 72, bytes(73)])
def test_malformed_cosignatures_are_refused(blob: bytes) -> None:
    with pytest.raises(NoteError) as caught:
        cosigned_at(blob)
    assert caught.value.code == "cosignature.malformed"


@pytest.mark.parametrize("at", [0, -1, 2**63])
def test_a_cosignature_needs_a_time(at: int) -> None:
    with pytest.raises(NoteError):
        WITNESS.cosign(NOTE.text, at)


def test_the_secret_does_not_show() -> None:
    assert "\\x03" not in repr(WITNESS)
