"""Proofs of possession hold for one purpose, context, index and key."""

from __future__ import annotations

import pytest

from bidding.sealing.errors import CeremonyError
from bidding.sealing.hashing import TDH2_SECP256K1 as SUITE
from bidding.sealing.pop import make_pop, verify_pop
from tests.unit.bidding.sealing.test_ceremony import IDENTITIES, KEYS
from tests.unit.bidding.sealing.world import id32


class TestPop:
    POP = make_pop(SUITE, "identity", id32("member"), 0, IDENTITIES[0], id32("rnd"))

    def test_holds(self) -> None:
        verify_pop(SUITE, "identity", id32("member"), 0, KEYS[0], self.POP)

    @pytest.mark.parametrize(
        "arguments",
        [
            ("dealing", id32("member"), 0, KEYS[0], POP),
            ("identity", id32("other"), 0, KEYS[0], POP),
            ("identity", id32("member"), 1, KEYS[0], POP),
            ("identity", id32("member"), 0, KEYS[1], POP),
            ("identity", id32("member"), 0, KEYS[0][1:], POP),
            ("identity", id32("member"), 0, KEYS[0], POP[1:]),
            ("identity", id32("member"), 0, KEYS[0], bytes(64)),
        ],
    )
    def test_any_other_is_refused(self, arguments: tuple[str, bytes, int, bytes, bytes]) -> None:
        with pytest.raises(CeremonyError):
            verify_pop(SUITE, *arguments)
