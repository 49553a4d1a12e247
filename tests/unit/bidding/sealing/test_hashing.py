"""Hashes, derivations and ciphers against published answers."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from bidding.sealing.errors import FormatError
from bidding.sealing.hashing import SUITES, Suite
from bidding.sealing.hashing import TDH2_SECP256K1 as SUITE

RFC_5869 = [
    (
        b"\x0b" * 22,
        bytes(range(13)),
        bytes(range(0xF0, 0xFA)),
        "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(0x50)),
        bytes(range(0x60, 0xB0)),
        bytes(range(0xB0, 0x100)),
        "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
        (
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
    ),
    (
        b"\x0b" * 22,
        b"",
        b"",
        "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]


class TestHkdf:
    @pytest.mark.parametrize(("ikm", "salt", "info", "prk", "okm"), RFC_5869)
    def test_answers_of_rfc_5869(self, ikm: bytes, salt: bytes, info: bytes, prk: str, okm: str) -> None:
        assert SUITE.extract(salt, ikm).hex() == prk
        assert SUITE.expand(bytes.fromhex(prk), info, len(okm) // 2).hex() == okm

    @pytest.mark.parametrize("length", [0, -1, 255 * 32 + 1])
    def test_impossible_lengths_are_refused(self, length: int) -> None:
        with pytest.raises(FormatError):
            SUITE.expand(bytes(32), b"", length)

    def test_longest_output(self) -> None:
        assert len(SUITE.expand(bytes(32), b"", 255 * 32)) == 255 * 32


class TestAead:
    """Test cases 13 and 14 of McGrew and Viega, "The Galois/Counter Mode of Operation"."""

    def test_empty_plaintext(self) -> None:
        assert SUITE.aead(bytes(32)).encrypt(bytes(12), b"", None).hex() == "530f8afbc74536b9a963b4f1c4cb738b"

    def test_one_block(self) -> None:
        sealed = SUITE.aead(bytes(32)).encrypt(bytes(12), bytes(16), None)
        assert sealed.hex() == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
        with pytest.raises(InvalidTag):
            SUITE.aead(bytes(32)).decrypt(bytes(12), sealed[:-1] + b"\x18", None)


class TestRoles:
    def test_role_items_and_suite_all_change_the_hash(self) -> None:
        other = Suite(0x81, "other", SUITE.group, "sha256", 16, SUITE.aead)
        hashes = {
            SUITE.hash("leaf", b"ab", b"c"),
            SUITE.hash("leaf", b"a", b"bc"),
            SUITE.hash("leaf", b"abc"),
            SUITE.hash("node", b"ab", b"c"),
            SUITE.hash("leaf", b"ab", b"c", b""),
            other.hash("leaf", b"ab", b"c"),
        }
        assert len(hashes) == 6

    def test_constants_of_the_shared_vectors(self, known: dict[str, Any]) -> None:
        constants = known["constants"]
        assert SUITE.tag("header").hex() == constants["tag_header"]
        assert SUITE.group.encode(SUITE.gbar).hex() == constants["gbar"]
        assert SUITE.to_point("gbar")[1] == constants["gbarCounter"]

    def test_scalar_zero_is_a_failure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Suite, "expand", lambda *_: bytes(48))
        with pytest.raises(FormatError):
            SUITE.to_scalar("r", b"")

    def test_scalars_are_reduced_from_48_bytes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        wide = SUITE.group.order << 100 | 5
        monkeypatch.setattr(Suite, "expand", lambda *_: wide.to_bytes(48, "big"))
        assert SUITE.to_scalar("r", b"") == wide % SUITE.group.order

    def test_suites_are_known_by_their_id(self) -> None:
        assert SUITES == {1: SUITE}
