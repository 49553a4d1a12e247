"""What shares of openings and of draws have in common: bound to role, context, index, holder and epoch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bidding.sealing.errors import CombineError, FormatError, ShareError
from bidding.sealing.shares import Context, combine_shares, make_share, verify_share
from tests.unit.bidding.sealing.world import SEAL, SEAL_SECRETS, id32

GROUP = SEAL.suite.group
CONTEXT = Context("share", (b"one", b"two"), GROUP.mul_base(77))
SECRETS = tuple(int.from_bytes(secret, "big") for secret in SEAL_SECRETS)
SHARES = tuple(make_share(SEAL, CONTEXT, i, SECRETS[i - 1], id32("rnd")) for i in (1, 2, 3))


def test_k_shares_give_the_product_with_the_joint_secret() -> None:
    verified = [verify_share(SEAL, CONTEXT, share) for share in SHARES]
    expected = GROUP.encode(GROUP.mul(77, SEAL.joint_point))
    assert {combine_shares(SEAL, CONTEXT, (verified[i], verified[j])) for i, j in ((0, 1), (1, 0), (2, 1), (0, 2))} == {
        expected
    }


@pytest.mark.parametrize(
    "other",
    [
        replace(CONTEXT, role="coin"),
        replace(CONTEXT, items=(b"one", b"tw", b"o")),
        replace(CONTEXT, items=(b"onet", b"wo")),
        replace(CONTEXT, base=GROUP.mul_base(78)),
    ],
    ids=["role", "one item more", "items shifted", "base"],
)
def test_share_of_another_context_is_refused(other: Context) -> None:
    with pytest.raises(ShareError):
        verify_share(SEAL, other, SHARES[0])


@pytest.mark.parametrize("index", [0, 2, 4, 2**32 - 1])
def test_share_under_another_index_is_refused(index: int) -> None:
    with pytest.raises(ShareError):
        verify_share(SEAL, CONTEXT, index.to_bytes(4, "big") + SHARES[0][4:])


@pytest.mark.parametrize("share", [b"", SHARES[0][:-1], SHARES[0] + b"\x00", SHARES[0][:37] + bytes(64)])
def test_malformed_shares_are_refused(share: bytes) -> None:
    with pytest.raises(FormatError):
        verify_share(SEAL, CONTEXT, share)


def test_verified_shares_count_for_their_context_only() -> None:
    verified = [verify_share(SEAL, CONTEXT, share) for share in SHARES[:2]]
    with pytest.raises(CombineError):
        combine_shares(SEAL, replace(CONTEXT, items=(b"other",)), verified)
