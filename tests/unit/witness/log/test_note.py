from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from witness.log.note import (
    MAX_NOTE_SIZE,
    MAX_SIGNATURES,
    Algorithm,
    Note,
    NoteError,
    NoteSignature,
    NoteSigner,
    NoteVerifier,
    Vkey,
    decode_base64,
    encode_base64,
    open_note,
    verified_signatures,
)

EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

ALICE = NoteSigner("alice.example", b"\x01" * 32)
BOB = NoteSigner("bob.example", b"\x02" * 32)
TEXT = "first\n\nsecond — line\n"


def note_of(*signers: NoteSigner, text: str = TEXT) -> Note:
    return Note(text, tuple(signer.sign(text) for signer in signers))


def verifier(signer: NoteSigner) -> NoteVerifier:
    return NoteVerifier(signer.vkey)


class TestSpecificationExample:
    def test_the_published_note_opens_with_its_published_key(self) -> None:
        key = Vkey.parse(EXAMPLE_KEY)
        assert str(key) == EXAMPLE_KEY
        assert open_note(EXAMPLE_NOTE, [NoteVerifier(key)]).text == "This is an example message.\n"

    def test_any_flipped_bit_is_refused(self) -> None:
        key = NoteVerifier(Vkey.parse(EXAMPLE_KEY))
        for place in range(len(EXAMPLE_NOTE)):
            for bit in (0, 3, 7):
                damaged = bytearray(EXAMPLE_NOTE)
                damaged[place] ^= 1 << bit
                with pytest.raises(NoteError):
                    open_note(bytes(damaged), [key])


class TestBase64:
    @given(st.binary(max_size=70))
    def test_reads_back(self, data: bytes) -> None:
        assert decode_base64(encode_base64(data)) == data

    @pytest.mark.parametrize("text", ["A", "AA", "AA=", "AAA", "AB==", "AAB=", "AA==\n", "A A=", "-_==", "AA==AA=="])
    def test_refuses_every_other_spelling(self, text: str) -> None:
        with pytest.raises(NoteError) as caught:
            decode_base64(text)
        assert caught.value.code == "note.base64"


class TestVkey:
    def test_reads_back(self) -> None:
        for algorithm in Algorithm:
            key = Vkey("luan.example/public", algorithm, ALICE.vkey.public_key)
            assert Vkey.parse(str(key)) == key

    def test_the_key_id_depends_on_name_type_and_key(self) -> None:
        key = ALICE.vkey
        others = [
            Vkey("other", key.algorithm, key.public_key),
            Vkey(key.name, Algorithm.COSIGNATURE, key.public_key),
            Vkey(key.name, key.algorithm, BOB.vkey.public_key),
        ]
        assert len({k.key_id for k in [key, *others]}) == 4

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "name",
            "name+00000000",
            "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            EXAMPLE_KEY.replace("530d903a", "530d903b"),
            EXAMPLE_KEY.replace("530d903a", "530D903A"),
            EXAMPLE_KEY.replace("example.com/foo", "example.com/bar"),
            EXAMPLE_KEY.replace("AekyeR", "AukyeR"),
            EXAMPLE_KEY[:-4],
            EXAMPLE_KEY + "A",
            "name+530d903a+",
        ],
    )
    def test_refuses_what_is_no_key(self, text: str) -> None:
        with pytest.raises(NoteError):
            Vkey.parse(text)

    def test_a_key_of_another_type_verifies_no_note(self) -> None:
        with pytest.raises(NoteError, match="not a key of type 0x01"):
            NoteVerifier(Vkey("name", Algorithm.COSIGNATURE, ALICE.vkey.public_key))

    def test_the_secret_does_not_show(self) -> None:
        assert "\\x01" not in repr(ALICE)
        with pytest.raises(NoteError, match="32 bytes"):
            _ = NoteSigner("name", b"short").vkey


class TestNote:
    def test_reads_back(self) -> None:
        note = note_of(ALICE, BOB)
        assert Note.parse(bytes(note)) == note

    def test_the_text_may_hold_empty_lines_and_signature_lookalikes(self) -> None:
        text = f"a\n\n{ALICE.sign('a')}\n\nb\n"
        note = note_of(BOB, text=text)
        assert Note.parse(bytes(note)).text == text

    @pytest.mark.parametrize("name", ["", "a b", "a\tb", "a+b", "a\u2003b", "a\u0085b", "a\x7f", "a\nb"])
    def test_key_names_have_no_spaces_and_no_plus(self, name: str) -> None:
        with pytest.raises(NoteError) as caught:
            NoteSignature(name, bytes(4), b"x")
        assert caught.value.code == "note.key_name"

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"text\n",
            b"text\n\n",
            bytes(note_of(ALICE))[:-1],
            bytes(note_of(ALICE)) + b"\n",
            bytes(note_of(ALICE)) + b"trailing\n",
            bytes(note_of(ALICE)).replace(b"second", b"sec\x00nd"),
            bytes(note_of(ALICE)).replace(b"second", b"sec\rnd"),
            bytes(note_of(ALICE)).replace(b"second", b"sec\xffnd"),
            bytes(note_of(ALICE)).replace("— alice".encode(), b"- alice"),
            bytes(note_of(ALICE)).replace("— alice".encode(), "—  alice".encode()),
            bytes(note_of(ALICE)).replace(b"alice.example ", b"alice.example  "),
            "text\n\n— alice.example AAAAAA==\n".encode(),
            "text\n\n— alice.example\n".encode(),
            b"text\r\n\r\n",
        ],
    )
    def test_refuses_every_other_form(self, data: bytes) -> None:
        with pytest.raises(NoteError):
            Note.parse(data)

    def test_size_and_number_of_signatures_are_bounded(self) -> None:
        line = ALICE.sign(TEXT)
        assert Note.parse(bytes(Note(TEXT, (line,) * MAX_SIGNATURES)))
        with pytest.raises(NoteError):
            Note(TEXT, (line,) * (MAX_SIGNATURES + 1))
        with pytest.raises(NoteError):
            Note.parse(b"x" * (MAX_NOTE_SIZE + 1))
        with pytest.raises(NoteError):
            Note("no newline", (line,))

    def test_a_signature_is_added_once(self) -> None:
        note = note_of(ALICE)
        more = note.with_signatures(BOB.sign(TEXT), ALICE.sign(TEXT))
        assert more == note_of(ALICE, BOB)
        assert more.with_signatures(BOB.sign(TEXT)) == more

    def test_a_key_id_has_four_bytes(self) -> None:
        with pytest.raises(NoteError):
            NoteSignature("name", bytes(3), b"x")


class TestVerification:
    def test_unknown_keys_are_passed_over(self) -> None:
        note = note_of(ALICE, BOB)
        assert verified_signatures(note, [verifier(BOB)]) == [(BOB.vkey, BOB.sign(TEXT))]
        assert open_note(bytes(note), [verifier(ALICE)]) == note

    def test_a_note_without_a_trusted_signature_is_refused(self) -> None:
        with pytest.raises(NoteError) as caught:
            open_note(bytes(note_of(ALICE)), [verifier(BOB)])
        assert caught.value.code == "note.unsigned"

    def test_one_wrong_signature_of_a_known_key_refuses_the_note(self) -> None:
        forged = NoteSignature(BOB.name, BOB.vkey.key_id, bytes(64))
        note = note_of(ALICE).with_signatures(forged)
        with pytest.raises(NoteError) as caught:
            verified_signatures(note, [verifier(ALICE), verifier(BOB)])
        assert caught.value.code == "note.signature"

    def test_a_second_wrong_signature_of_the_same_key_refuses_the_note(self) -> None:
        note = note_of(ALICE).with_signatures(NoteSignature(ALICE.name, ALICE.vkey.key_id, bytes(64)))
        with pytest.raises(NoteError):
            verified_signatures(note, [verifier(ALICE)])

    def test_a_key_with_only_the_same_name_or_only_the_same_id_is_unknown(self) -> None:
        same_name = NoteSigner(ALICE.name, BOB.secret)
        same_id = NoteSignature("mallory.example", ALICE.vkey.key_id, bytes(64))
        note = Note(TEXT, (same_name.sign(TEXT), same_id))
        assert verified_signatures(note, [verifier(ALICE)]) == []

    @pytest.mark.parametrize("length", [0, 63, 65])
    def test_signatures_of_another_length_are_refused(self, length: int) -> None:
        with pytest.raises(NoteError):
            verifier(ALICE).verify(TEXT, ALICE.sign(TEXT).blob[:length].ljust(length, b"\x00"))

    def test_a_signature_on_another_text_is_refused(self) -> None:
        note = Note("other\n", (ALICE.sign(TEXT),))
        with pytest.raises(NoteError):
            verified_signatures(note, [verifier(ALICE)])

    def test_keys_that_cannot_be_told_apart_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Vkey, "key_id", bytes(4))
        twin = NoteVerifier(Vkey(ALICE.name, Algorithm.ED25519, BOB.vkey.public_key))
        with pytest.raises(NoteError, match="share name and id"):
            verified_signatures(note_of(ALICE), [verifier(ALICE), twin])
