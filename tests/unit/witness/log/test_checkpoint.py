from __future__ import annotations

import pytest

from ledger.identity import origin_id
from witness.log.checkpoint import Checkpoint, open_checkpoint, parse_decimal
from witness.log.merkle import EMPTY_HEAD, MAX_TREE_SIZE
from witness.log.note import Note, NoteError, NoteSigner, NoteVerifier

LOG = NoteSigner("luan.example/public", b"\x01" * 32)
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
CHECKPOINT = Checkpoint(LOG.name, 7, b"\x05" * 32)


class TestText:
    def test_the_published_example_reads_back(self) -> None:
        text = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"
        checkpoint = Checkpoint.parse(text)
        assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
        assert checkpoint.text == text
        assert checkpoint.origin_id == origin_id("example.com/behind-the-sofa")

    def test_extension_lines_are_kept(self) -> None:
        text = f"origin\n1\n{ROOT}\nextension\n"
        assert Checkpoint.parse(text).extensions == ("extension",)
        assert Checkpoint.parse(text).text == text

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "origin\n1\n",
            f"origin\n1\n{ROOT}",
            f"\n1\n{ROOT}\n",
            f"origin\n01\n{ROOT}\n",
            f"origin\n+1\n{ROOT}\n",
            f"origin\n-1\n{ROOT}\n",
            f"origin\n1 \n{ROOT}\n",
            f"origin\n１\n{ROOT}\n",
            f"origin\n\n{ROOT}\n",
            f"origin\n9223372036854775808\n{ROOT}\n",
            f"origin\n1\n{ROOT[:-4]}\n",
            f"origin\n1\n{ROOT[:-1]}\n",
            f"origin\n1\n{ROOT}\n\n",
            f"origin\n1\n{ROOT}\n\nextension\n",
        ],
    )
    def test_refuses_every_other_form(self, text: str) -> None:
        with pytest.raises(NoteError):
            Checkpoint.parse(text)

    def test_the_empty_log_has_the_empty_root(self) -> None:
        assert Checkpoint("origin", 0, EMPTY_HEAD).text.startswith("origin\n0\n")
        with pytest.raises(NoteError) as caught:
            Checkpoint("origin", 0, bytes(32))
        assert caught.value.code == "checkpoint.empty_root"

    @pytest.mark.parametrize(("size", "root"), [(-1, bytes(32)), (MAX_TREE_SIZE + 1, bytes(32)), (1, bytes(31))])
    def test_refuses_sizes_and_roots_out_of_range(self, size: int, root: bytes) -> None:
        with pytest.raises(NoteError):
            Checkpoint("origin", size, root)

    @pytest.mark.parametrize(("text", "value"), [("0", 0), ("10", 10), (str(MAX_TREE_SIZE), MAX_TREE_SIZE)])
    def test_decimals(self, text: str, value: int) -> None:
        assert parse_decimal(text) == value


class TestSigned:
    def test_a_signed_checkpoint_opens(self) -> None:
        note = CHECKPOINT.sign(LOG)
        assert open_checkpoint(bytes(note), NoteVerifier(LOG.vkey)) == (CHECKPOINT, note)

    def test_a_log_signs_under_its_own_name_only(self) -> None:
        with pytest.raises(NoteError) as caught:
            CHECKPOINT.sign(NoteSigner("other.example", LOG.secret))
        assert caught.value.code == "checkpoint.key_name"

    def test_a_checkpoint_of_another_origin_is_refused(self) -> None:
        text = Checkpoint("other.example", 7, b"\x05" * 32).text
        note = Note(text, (LOG.sign(text),))
        with pytest.raises(NoteError) as caught:
            open_checkpoint(bytes(note), NoteVerifier(LOG.vkey))
        assert caught.value.code == "checkpoint.key_name"

    def test_a_checkpoint_signed_by_another_key_is_refused(self) -> None:
        note = CHECKPOINT.sign(NoteSigner(LOG.name, b"\x02" * 32))
        with pytest.raises(NoteError) as caught:
            open_checkpoint(bytes(note), NoteVerifier(LOG.vkey))
        assert caught.value.code == "note.unsigned"

    def test_any_flipped_bit_is_refused(self) -> None:
        data = bytes(CHECKPOINT.sign(LOG))
        for place in range(len(data)):
            damaged = bytearray(data)
            damaged[place] ^= 1 << place % 8
            with pytest.raises(NoteError):
                open_checkpoint(bytes(damaged), NoteVerifier(LOG.vkey))
