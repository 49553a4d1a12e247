"""Proofs hold for exactly their role, statement, bases and images."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidding.sealing.errors import FormatError
from bidding.sealing.hashing import TDH2_SECP256K1 as SUITE
from bidding.sealing.hashing import Suite
from bidding.sealing.proofs import Proof, commit, prove, verify

GROUP = SUITE.group
BASES = (GROUP.base, SUITE.gbar)
SECRET = 12345
STATEMENT = (b"one", b"two")
PAIRS = tuple((base, GROUP.mul(SECRET, base)) for base in BASES)
PROOF = prove(SUITE, "ct", SECRET, STATEMENT, BASES, bytes(32))


class TestProve:
    @settings(max_examples=20)
    @given(
        st.integers(1, GROUP.order - 1),
        st.lists(st.binary(max_size=40), max_size=4),
        st.binary(min_size=32, max_size=32),
    )
    def test_what_is_proven_verifies(self, secret: int, statement: list[bytes], rnd: bytes) -> None:
        proof = prove(SUITE, "share", secret, statement, BASES, rnd)
        pairs = [(base, GROUP.mul(secret, base)) for base in BASES]
        assert verify(SUITE, "share", statement, pairs, proof)

    def test_nonce_depends_on_role_secret_statement_and_randomness(self) -> None:
        nonces = {
            commit(SUITE, *arguments).t
            for arguments in (
                ("ct", SECRET, STATEMENT, BASES, bytes(32)),
                ("share", SECRET, STATEMENT, BASES, bytes(32)),
                ("ct", SECRET + 1, STATEMENT, BASES, bytes(32)),
                ("ct", SECRET, (b"onet", b"wo"), BASES, bytes(32)),
                ("ct", SECRET, STATEMENT, BASES, bytes(31) + b"\x01"),
            )
        }
        assert len(nonces) == 5

    @pytest.mark.parametrize("size", [0, 31, 33])
    def test_randomness_of_another_size_is_refused(self, size: int) -> None:
        with pytest.raises(FormatError):
            prove(SUITE, "ct", SECRET, STATEMENT, BASES, bytes(size))

    def test_response_zero_is_a_failure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        scalars = iter([SECRET, GROUP.order - 1])  # t = secret and e = −1 give f = 0
        monkeypatch.setattr(Suite, "to_scalar", lambda *_: next(scalars))
        with pytest.raises(FormatError):
            prove(SUITE, "ct", SECRET, STATEMENT, BASES, bytes(32))


class TestVerify:
    def test_holds(self) -> None:
        assert verify(SUITE, "ct", STATEMENT, PAIRS, PROOF)

    @pytest.mark.parametrize(
        ("role", "statement"),
        [("share", STATEMENT), ("ct", (b"onet", b"wo")), ("ct", (b"one",)), ("ct", (*STATEMENT, b""))],
    )
    def test_another_role_or_statement_is_refused(self, role: str, statement: tuple[bytes, ...]) -> None:
        assert not verify(SUITE, role, statement, PAIRS, PROOF)

    def test_other_images_and_scalars_are_refused(self) -> None:
        other = (PAIRS[0], (BASES[1], GROUP.mul(SECRET + 1, BASES[1])))
        assert not verify(SUITE, "ct", STATEMENT, other, PROOF)
        assert not verify(SUITE, "ct", STATEMENT, PAIRS[::-1], PROOF)
        assert not verify(SUITE, "ct", STATEMENT, PAIRS, Proof(PROOF.e + 1, PROOF.f))
        assert not verify(SUITE, "ct", STATEMENT, PAIRS, Proof(PROOF.e, PROOF.f + 1))

    def test_commitment_at_infinity_is_refused(self) -> None:
        assert not verify(SUITE, "ct", STATEMENT, PAIRS, Proof(1, SECRET))


class TestEncoding:
    def test_round_trip(self) -> None:
        data = PROOF.encode(SUITE)
        assert len(data) == 64
        assert Proof.decode(SUITE, data) == PROOF

    @pytest.mark.parametrize(
        "data", [b"", bytes(64), b"\x01" * 63, b"\x01" * 65, bytes(32) + b"\x01" * 32, b"\x01" * 32 + b"\xff" * 32]
    )
    def test_other_sizes_and_scalars_are_refused(self, data: bytes) -> None:
        with pytest.raises(FormatError):
            Proof.decode(SUITE, data)
