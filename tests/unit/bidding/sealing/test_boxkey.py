"""The box key comes from any k true shares and from nothing else."""

from __future__ import annotations

from itertools import combinations

import pytest

from bidding.sealing.boxkey import decode_box_share, encode_box_share, interpolate_box_key, verify_box_share
from bidding.sealing.errors import CombineError, FormatError, ShareError
from tests.unit.bidding.sealing.world import BOX, BOX_SECRET, BOX_SECRETS

GROUP = BOX.suite.group
SHARES = dict(enumerate(BOX_SECRETS, 1))


def test_every_choice_of_holders_gives_the_secret_of_the_box() -> None:
    for chosen in combinations(SHARES, 2):
        secret = interpolate_box_key(BOX, {holder: SHARES[holder] for holder in chosen})
        assert GROUP.encode(GROUP.mul_base(int.from_bytes(secret, "big"))) == BOX.joint_key


def test_more_than_k_shares_are_as_good() -> None:
    assert interpolate_box_key(BOX, SHARES) == BOX_SECRET


def test_fewer_than_k_shares_are_refused() -> None:
    with pytest.raises(CombineError):
        interpolate_box_key(BOX, {1: SHARES[1]})


@pytest.mark.parametrize(
    ("holder", "scalar"),
    [(1, SHARES[2]), (0, SHARES[1]), (4, SHARES[1]), (1, bytes(32)), (1, b"\xff" * 32), (1, SHARES[1][:-1])],
)
def test_false_share_is_refused(holder: int, scalar: bytes) -> None:
    with pytest.raises(ShareError):
        verify_box_share(BOX, holder, scalar)


def test_false_share_among_k_is_refused() -> None:
    with pytest.raises(ShareError):
        interpolate_box_key(BOX, {1: SHARES[1], 2: SHARES[3]})


def test_encoding() -> None:
    data = encode_box_share(2, SHARES[2])
    assert data == b"\x00\x00\x00\x02" + SHARES[2]
    assert decode_box_share(data) == (2, SHARES[2])
    for other in (data[:-1], data + b"\x00"):
        with pytest.raises(FormatError):
            decode_box_share(other)
