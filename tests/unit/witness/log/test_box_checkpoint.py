from __future__ import annotations

import dataclasses

import pytest

from ledger.acts import BoxCheckpoint
from ledger.eip712 import Domain
from ledger.errors import SunbidError
from ledger.json_fields import FieldError
from ledger.keys import SignatureError, SigningKey
from witness.log.box_checkpoint import BoxCheckpointError, Equivocation, SignedBoxCheckpoint

KEY = SigningKey(b"\x01" * 32)
REGISTRY = Domain(31337, b"\x11" * 20)
CITY = b"\x0c" * 32


def signed(size: int = 8, root: bytes = b"\x0a" * 32, at: int = 100) -> SignedBoxCheckpoint:
    return SignedBoxCheckpoint.sign(BoxCheckpoint(b"\x0e" * 32, size, root, at), CITY, KEY, REGISTRY)


class TestSignedBoxCheckpoint:
    def test_signer_is_the_key(self) -> None:
        assert signed().signer(REGISTRY) == KEY.address

    @pytest.mark.parametrize("change", [{"size": 9}, {"root": bytes(32)}, {"at": 101}, {"origin": bytes(32)}])
    def test_every_member_is_signed(self, change: dict[str, object]) -> None:
        assert dataclasses.replace(signed(), **change).signer(REGISTRY) != KEY.address  # type: ignore[arg-type]

    def test_another_deployment_is_another_signer(self) -> None:
        assert signed().signer(Domain(31337, b"\x12" * 20)) != KEY.address

    def test_high_s_is_refused(self) -> None:
        bad = dataclasses.replace(signed(), signature=b"\x01" * 32 + b"\xff" * 32 + b"\x1b")
        with pytest.raises(SignatureError):
            bad.signer(REGISTRY)

    def test_json_gives_it_back(self) -> None:
        assert SignedBoxCheckpoint.from_json(signed().to_json()) == signed()

    @pytest.mark.parametrize("value", [None, [], {}, {**signed().to_json(), "more": 1}])
    def test_other_json_is_refused(self, value: object) -> None:
        with pytest.raises(SunbidError):
            SignedBoxCheckpoint.from_json(value)  # type: ignore[arg-type]

    @pytest.mark.parametrize("city", ["0x00", "zz", None, 5])
    def test_city_must_be_32_bytes(self, city: object) -> None:
        with pytest.raises(FieldError):
            SignedBoxCheckpoint.from_json({**signed().to_json(), "city": city})  # type: ignore[dict-item]


class TestEquivocation:
    def test_one_size_two_roots(self) -> None:
        assert signed().contradicts(signed(root=b"\x0b" * 32))
        assert not signed().contradicts(signed(at=200))
        assert not signed().contradicts(signed(size=9, root=b"\x0b" * 32))

    def test_order_of_sight_does_not_matter(self) -> None:
        one, other = signed(), signed(root=b"\x0b" * 32)
        assert Equivocation.of(one, other) == Equivocation.of(other, one)

    def test_no_accusation_without_contradiction(self) -> None:
        with pytest.raises(BoxCheckpointError):
            Equivocation.of(signed(), signed(at=200))

    def test_two_cities_that_disagree_are_no_evidence_against_one(self) -> None:
        with pytest.raises(BoxCheckpointError):
            Equivocation.of(signed(), dataclasses.replace(signed(root=b"\x0b" * 32), city=bytes(32)))
