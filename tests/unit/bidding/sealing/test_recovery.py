"""A recovery file gives the seed back to its passphrase and to nobody else."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from bidding.sealing.errors import RecoveryError
from bidding.sealing.recovery import Argon2Cost, read_recovery_file, write_recovery_file
from ledger.encoding import dec, enc

# The cheapest cost that readers take: Argon2id is slow on purpose.
CHEAP = Argon2Cost(65536, 3, 1)
SEED, SALT, NONCE = bytes(range(32)), bytes(16), bytes(12)


@pytest.fixture(scope="module")
def file() -> bytes:
    return write_recovery_file(SEED, "pässword", SALT, NONCE, cost=CHEAP)


class TestFile:
    def test_known_file(self, known: dict[str, Any]) -> None:
        record = known["recovery"]
        salt, nonce, seed = (bytes.fromhex(record[name]) for name in ("salt", "nonce", "seed"))
        assert write_recovery_file(seed, record["passphrase"], salt, nonce).hex() == record["file"]

    def test_passphrases_are_the_same_in_every_normal_form(self, file: bytes) -> None:
        assert read_recovery_file(file, unicodedata.normalize("NFD", "pässword")) == SEED

    def test_wrong_passphrase_is_refused(self, file: bytes) -> None:
        with pytest.raises(RecoveryError, match="passphrase"):
            read_recovery_file(file, "password")

    @pytest.mark.parametrize("item", [4, 5, 6])
    def test_any_other_salt_nonce_or_ciphertext_is_refused(self, file: bytes, item: int) -> None:
        items = list(dec(file, 7))
        items[item] = bytes([items[item][0] ^ 1]) + items[item][1:]
        with pytest.raises(RecoveryError):
            read_recovery_file(enc(*items), "pässword")

    def test_another_cost_or_suite_is_refused(self, file: bytes) -> None:
        items = list(dec(file, 7))
        for item, value in ((0, items[0][:-1] + b"\x81"), (1, b"\x00" * 4), (1, items[1] + b"\x00"), (4, b"")):
            changed = [*items[:item], value, *items[item + 1 :]]
            with pytest.raises(RecoveryError):
                read_recovery_file(enc(*changed), "pässword")

    @pytest.mark.parametrize("cut", [0, 10, 139])
    def test_cut_files_are_refused(self, file: bytes, cut: int) -> None:
        with pytest.raises(RecoveryError):
            read_recovery_file(file[:cut], "pässword")
        with pytest.raises(RecoveryError):
            read_recovery_file(file + b"\x00", "pässword")

    @pytest.mark.parametrize("sizes", [(31, 16, 12), (32, 15, 12), (32, 16, 13)])
    def test_sizes_are_checked(self, sizes: tuple[int, int, int]) -> None:
        seed, salt, nonce = map(bytes, sizes)
        with pytest.raises(RecoveryError):
            write_recovery_file(seed, "passphrase", salt, nonce)


class TestCost:
    def test_writers_use_what_the_design_says(self) -> None:
        assert Argon2Cost() == Argon2Cost(65536, 3, 4)

    @pytest.mark.parametrize(
        ("memory", "passes", "lanes"),
        [(65535, 3, 1), (65536, 2, 1), (65536, 3, 0), ((1 << 20) + 1, 3, 1), (65536, 17, 1), (65536, 3, 17)],
    )
    def test_too_cheap_and_too_dear_are_refused(self, memory: int, passes: int, lanes: int) -> None:
        with pytest.raises(RecoveryError):
            Argon2Cost(memory, passes, lanes)

    def test_limits_are_allowed(self) -> None:
        assert Argon2Cost(1 << 20, 16, 16).lanes == 16
