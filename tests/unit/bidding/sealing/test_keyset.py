"""A key set that exists is sound."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from bidding.sealing.ceremony import deal_development_set
from bidding.sealing.errors import KeySetError
from bidding.sealing.keyset import KeySet
from ledger.encoding import enc, u32
from tests.unit.bidding.sealing.world import SEAL, committee, rng


class TestSoundness:
    @pytest.mark.parametrize(("n", "k"), [(1, 1), (3, 1), (3, 3), (5, 3), (11, 6)])
    def test_dealt_sets_are_sound(self, n: int, k: int) -> None:
        key_set, secrets = deal_development_set(n, k, rng("sizes"))
        assert (key_set.n, key_set.k, len(secrets)) == (n, k, n)
        assert key_set.key_id == key_set.set_hash

    @pytest.mark.parametrize(
        "changes",
        [
            {"k": 0},
            {"k": 4},
            {"k": -1},
            {"n": 4},
            {"n": 2},
            {"epoch": 0},
            {"epoch": 1 << 32},
            {"holder_keys": ()},
            {"k": 1},
            {"joint_key": SEAL.holder_keys[0]},
            {"joint_key": b"\x02" + bytes(32)},
            {"holder_keys": (SEAL.holder_keys[1], SEAL.holder_keys[0], SEAL.holder_keys[2])},
            {"holder_keys": (*SEAL.holder_keys[:2], SEAL.joint_key)},
            {"holder_keys": (*SEAL.holder_keys[:2], SEAL.holder_keys[2][:-1])},
            {"holder_keys": (SEAL.holder_keys[0][:-1], *SEAL.holder_keys[1:])},
            {"holder_keys": (SEAL.holder_keys[0],) * 3},
            {"key_id": bytes(32)},
            {"key_id": SEAL.key_id[:-1]},
            {"epoch": 2, "key_id": b""},
            {"epoch": 2, "key_id": bytes(31)},
        ],
        ids=str,
    )
    def test_unsound_sets_are_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(KeySetError):
            replace(SEAL, **changes)

    def test_more_than_255_holders_are_refused(self) -> None:
        with pytest.raises(KeySetError):
            KeySet(256, 1, SEAL.joint_key, (SEAL.joint_key,) * 256)

    def test_n_of_255_is_allowed(self) -> None:
        assert KeySet(255, 1, SEAL.joint_key, (SEAL.joint_key,) * 255).n == 255

    def test_keys_that_interpolate_to_infinity_are_refused(self) -> None:
        base = SEAL.suite.group
        keys = tuple(base.encode(base.mul_base(i)) for i in (1, 2))  # the polynomial t, which is 0 at 0
        with pytest.raises(KeySetError):
            KeySet(2, 2, keys[0], keys)


class TestIds:
    def test_later_epoch_keeps_the_key_id(self) -> None:
        later = replace(SEAL, epoch=2)
        assert later.key_id == SEAL.key_id
        assert later != SEAL

    def test_id_depends_on_n_k_and_every_key(self) -> None:
        other = committee("other")[0]
        one_of_one = KeySet(1, 1, SEAL.joint_key, (SEAL.joint_key,))
        one_of_two = KeySet(2, 1, SEAL.joint_key, (SEAL.joint_key,) * 2)
        assert len({SEAL.key_id, other.key_id, one_of_one.key_id, one_of_two.key_id}) == 4

    def test_registration_hash_is_that_of_the_act(self) -> None:
        expected = hashlib.sha256(enc(u32(3), u32(2), SEAL.joint_key, *SEAL.holder_keys)).digest()
        assert SEAL.registration_hash == expected


class TestJson:
    def test_round_trip(self) -> None:
        assert KeySet.from_json(SEAL.to_json()) == SEAL

    @pytest.mark.parametrize(
        "change",
        [{"Y": None}, {"h": 5}, {"n": "3"}, {"k": True}, {"epoch": 1.0}, {"keyId": "xx"}, {"keyId": "00" * 32}],
        ids=str,
    )
    def test_mistyped_records_are_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(KeySetError):
            KeySet.from_json(SEAL.to_json() | change)

    @pytest.mark.parametrize("name", ["n", "k", "epoch", "Y", "h", "keyId"])
    def test_missing_members_are_refused(self, name: str) -> None:
        record = SEAL.to_json()
        del record[name]
        with pytest.raises(KeySetError):
            KeySet.from_json(record)
