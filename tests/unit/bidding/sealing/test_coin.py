"""The coin of a draw is unique, needs k holders, and orders the seats for everybody alike."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from bidding.sealing.coin import DrawName, make_coin_share, seat_order, toss, verify_coin_share
from bidding.sealing.errors import CombineError, FormatError, ShareError
from bidding.sealing.hashing import TDH2_SECP256K1 as SUITE
from ledger.encoding import enc, u32, u64
from tests.unit.bidding.sealing.world import committee, id32

COIN_SET, SECRETS = committee("coin", 5, 3)
NAME = DrawName(31337, bytes(20), id32("tender"), 1, id32("snapshot"), 12, id32("exclusions"))


def share(index: int, name: DrawName = NAME) -> bytes:
    return make_coin_share(COIN_SET, name, index, int.from_bytes(SECRETS[index - 1], "big"), id32("rnd"))


def test_name_is_encoded_as_specified() -> None:
    expected = enc(
        b"draw", u64(31337), bytes(20), id32("tender"), u32(1), id32("snapshot"), u32(12), id32("exclusions")
    )
    assert NAME.encode() == expected


def test_every_choice_of_holders_gives_one_coin() -> None:
    verified = [verify_coin_share(COIN_SET, NAME, share(index)) for index in range(1, 6)]
    coins = {toss(COIN_SET, NAME, chosen) for chosen in combinations(verified, 3)}
    assert len(coins) == 1


def test_another_number_is_another_coin() -> None:
    coins = set()
    for number in (1, 2):
        name = replace(NAME, number=number)
        coins.add(toss(COIN_SET, name, [verify_coin_share(COIN_SET, name, share(i, name)) for i in (1, 2, 3)]))
    assert len(coins) == 2


def test_coin_is_the_hash_of_name_and_product() -> None:
    weights_at_zero = sum(
        int.from_bytes(SECRETS[i - 1], "big") * w for i, w in ((1, 3), (2, -3), (3, 1))
    )  # Lagrange at 0 over 1, 2, 3
    group = SUITE.group
    base, _ = SUITE.to_point("coinpoint", NAME.encode())
    z = group.encode(group.mul(weights_at_zero % group.order, base))
    coin = toss(COIN_SET, NAME, [verify_coin_share(COIN_SET, NAME, share(i)) for i in (1, 2, 3)])
    assert coin == hashlib.sha256(enc(SUITE.tag("coin"), NAME.encode(), z)).digest()


def test_share_of_another_draw_is_refused() -> None:
    with pytest.raises(ShareError):
        verify_coin_share(COIN_SET, replace(NAME, number=2), share(1))


def test_too_few_holders_toss_nothing() -> None:
    verified = [verify_coin_share(COIN_SET, NAME, share(index)) for index in (1, 2)]
    with pytest.raises(CombineError):
        toss(COIN_SET, NAME, verified)


@pytest.mark.parametrize(
    "changes", [{"contract": bytes(21)}, {"tender": b""}, {"snapshot": bytes(31)}, {"exclusions": bytes(33)}], ids=str
)
def test_ids_of_another_size_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        replace(NAME, **changes).encode()


def test_seats_are_ordered_by_their_hash() -> None:
    coin = id32("coin")
    hashes = [hashlib.sha256(enc(SUITE.tag("seat"), coin, u32(index))).digest() for index in range(12)]
    assert [hashes[index] for index in seat_order(SUITE, coin, 12)] == sorted(hashes)
    assert seat_order(SUITE, coin, 0) == ()
