from __future__ import annotations

import pytest

from witness.log.checkpoint import Checkpoint
from witness.log.cosignature import Cosigner
from witness.log.note import Note, NoteSignature, NoteSigner
from witness.log.policy import KnownKey, Policy, PolicyError

LOG = NoteSigner("luan.example/public", b"\x01" * 32)
OTHER_LOG = NoteSigner("hefei.example/public", b"\x02" * 32)
WITNESSES = [Cosigner(f"w{i}.example", bytes([0x10 + i]) * 32) for i in range(5)]
VKEYS = [witness.vkey for witness in WITNESSES]
NOTE = Checkpoint(LOG.name, 7, b"\x05" * 32).sign(LOG)
TWO_OF_THREE = Policy.of([LOG.vkey], VKEYS[:3], 2)


def cosigned(*numbers: int, at: int = 1000) -> Note:
    return NOTE.with_signatures(*(WITNESSES[i].cosign(NOTE.text, at + i) for i in numbers))


def lines(*extra: str) -> bytes:
    keys = [f"witness W{i} {vkey}" for i, vkey in enumerate(VKEYS)]
    return ("\n".join([f"log {LOG.vkey}", *keys, *extra]) + "\n").encode()


class TestParse:
    def test_nested_groups_as_in_the_specification(self) -> None:
        policy = Policy.parse(
            lines(
                "group X 2 W0 W1 W2",
                "# a comment",
                "  \t ",
                "\tgroup  Y \t any W3 W4  ",
                "group X-and-Y all X Y",
                "quorum X-and-Y",
            )
        )
        satisfied = [{"W0", "W1", "W3"}, {"W0", "W2", "W4"}, {"W0", "W1", "W2", "W3", "W4"}]
        unsatisfied = [set[str](), {"W0", "W3"}, {"W0", "W1", "W2"}, {"W3", "W4"}, {"X", "Y"}]
        assert all(policy.is_satisfied(names) for names in satisfied)
        assert not any(policy.is_satisfied(names) for names in unsatisfied)

    def test_the_canonical_text_reads_back(self) -> None:
        policy = Policy.parse(lines("group all-of 5 W0 W1 W2 W3 W4", "quorum all-of"))
        assert Policy.parse(policy.format()) == policy
        assert Policy.parse(TWO_OF_THREE.format()) == TWO_OF_THREE

    def test_urls_are_kept(self) -> None:
        policy = Policy.parse(f"log {LOG.vkey} https://luan.example/\nquorum none\n".encode())
        assert policy.logs == (KnownKey(LOG.vkey, "https://luan.example/"),)
        assert policy.format().startswith(f"log {LOG.vkey} https://luan.example/\n".encode())

    def test_names_are_opaque_bytes(self) -> None:
        text = b"witness \xe2\x84\xaa\xff " + str(VKEYS[0]).encode() + b"\nquorum \xe2\x84\xaa\xff\n"
        assert Policy.parse(text).format() == text
        with pytest.raises(PolicyError):
            Policy.parse(text.replace(b"quorum \xe2\x84\xaa", b"quorum K"))

    @pytest.mark.parametrize(
        "extra",
        [
            ("quorum none", "quorum none"),
            (),
            ("quorum W9",),
            ("quorum G", "group G any W0"),
            ("group G any", "quorum none"),
            ("group G W0", "quorum none"),
            ("group G 0 W0", "quorum none"),
            ("group G 2 W0", "quorum none"),
            ("group G 01 W0", "quorum none"),
            ("group G -1 W0", "quorum none"),
            ("group G any G", "quorum none"),
            ("group G any none", "quorum none"),
            ("group G any W0 W0", "quorum none"),
            ("group G any W0", "group H any W0", "quorum none"),
            ("group W0 any W1", "quorum none"),
            ("group none any W1", "quorum none"),
            (f"witness W0 {LOG.vkey}", "quorum none"),
            (f"witness W9 {VKEYS[0]}", "quorum none"),
            (f"witness W9 {LOG.vkey}", "quorum none"),
            (f"log {LOG.vkey}", "quorum none"),
            (f"log {VKEYS[0]}", "quorum none"),
            (f"log {OTHER_LOG.vkey} url url", "quorum none"),
            ("log nonsense", "quorum none"),
            ("quorum none extra",),
            ("Quorum none",),
            ("quorum none\r",),
        ],
    )
    def test_refuses_what_the_specification_does_not_allow(self, extra: tuple[str, ...]) -> None:
        with pytest.raises(PolicyError):
            Policy.parse(lines(*extra))

    @pytest.mark.parametrize("data", [b"", b"quorum none", b"quorum none\x00\n", b"quorum none\x7f\n"])
    def test_refuses_other_bytes(self, data: bytes) -> None:
        with pytest.raises(PolicyError):
            Policy.parse(data)

    def test_the_error_names_the_line(self) -> None:
        with pytest.raises(PolicyError, match="line 2 of the policy") as caught:
            Policy.parse(b"# first\nnonsense\n")
        assert caught.value.facts["line"] == 2

    def test_one_key_under_two_names_is_a_duplicate(self) -> None:
        twin = Cosigner("twin.example", WITNESSES[0].secret)
        with pytest.raises(PolicyError):
            Policy.parse(lines(f"witness twin {twin.vkey}", "quorum none"))
        twin_log = NoteSigner("twin.example", LOG.secret)
        with pytest.raises(PolicyError):
            Policy.parse(lines(f"log {twin_log.vkey}", "quorum none"))


class TestCheck:
    def test_enough_cosignatures(self) -> None:
        result = TWO_OF_THREE.check(cosigned(0, 2))
        assert result.checkpoint == Checkpoint(LOG.name, 7, b"\x05" * 32)
        assert result.log == LOG.vkey
        assert result.times == {"w0.example": 1000, "w2.example": 1002}

    def test_too_few_and_unknown_cosignatures(self) -> None:
        for note in (NOTE, cosigned(1), cosigned(1, 3, 4)):
            with pytest.raises(PolicyError) as caught:
                TWO_OF_THREE.check(note)
            assert caught.value.code == "policy.quorum_missing"

    def test_one_witness_counts_once(self) -> None:
        twice = cosigned(1).with_signatures(WITNESSES[1].cosign(NOTE.text, 2000))
        with pytest.raises(PolicyError):
            TWO_OF_THREE.check(twice)

    def test_a_false_cosignature_refuses_the_note_even_beside_enough_true_ones(self) -> None:
        forged = NoteSignature(VKEYS[2].name, VKEYS[2].key_id, (5).to_bytes(8, "big") + bytes(64))
        with pytest.raises(Exception, match="does not verify"):
            TWO_OF_THREE.check(cosigned(0, 1).with_signatures(forged))

    def test_a_log_that_is_not_known_or_of_another_origin(self) -> None:
        unknown = Checkpoint(OTHER_LOG.name, 7, b"\x05" * 32).sign(OTHER_LOG)
        borrowed_text = Checkpoint(OTHER_LOG.name, 7, b"\x05" * 32).text
        borrowed = Note(borrowed_text, (LOG.sign(borrowed_text),))
        for note in (unknown, borrowed):
            with pytest.raises(PolicyError) as caught:
                Policy.of([LOG.vkey], [], 0).check(note)
            assert caught.value.code == "policy.log_unsigned"

    def test_no_quorum_needs_only_the_log(self) -> None:
        assert Policy.of([LOG.vkey], VKEYS, 0).check(NOTE).times == {}

    def test_a_quorum_of_more_than_all_cannot_be_asked(self) -> None:
        with pytest.raises(PolicyError):
            Policy.of([LOG.vkey], VKEYS[:2], 3)
