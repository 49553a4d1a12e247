import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from ledger.keys import CURVE_ORDER, SignatureError, SigningKey, is_canonical, personal_digest, recover

KEY = SigningKey(bytes.fromhex("11" * 32))


@given(st.binary(min_size=32, max_size=32))
def test_recover_finds_the_signer(digest: bytes) -> None:
    signature = KEY.sign(digest)
    assert is_canonical(signature)
    assert recover(digest, signature) == KEY.address


def test_address_equals_another_implementation() -> None:
    assert bytes.fromhex(Account.from_key(KEY.secret).address[2:]) == KEY.address


def test_signing_is_deterministic_and_the_secret_never_shows() -> None:
    assert KEY.sign(bytes(32)) == KEY.sign(bytes(32))
    assert KEY.secret.hex() not in repr(KEY)
    assert SigningKey.generate() != SigningKey.generate()


def test_high_s_is_not_canonical() -> None:
    good = KEY.sign(bytes(32))
    s = int.from_bytes(good[32:64], "big")
    high = good[:32] + (CURVE_ORDER - s).to_bytes(32, "big") + bytes([55 - good[64]])
    assert not is_canonical(high)
    with pytest.raises(SignatureError, match="not canonical"):
        recover(bytes(32), high)


@pytest.mark.parametrize("bad", [b"", bytes(64), bytes(65), bytes(66)])
def test_malformed_signatures_are_refused(bad: bytes) -> None:
    with pytest.raises(SignatureError):
        recover(bytes(32), bad)


def test_a_signature_without_a_point_is_refused() -> None:
    # 5 is no x coordinate on the curve, so no public key fits
    signature = (5).to_bytes(32, "big") + (1).to_bytes(32, "big") + bytes([27])
    with pytest.raises(SignatureError, match="no public key"):
        recover(bytes(32), signature)


def test_personal_digest_is_eip_191() -> None:
    assert personal_digest("hello").hex() == "50b2c43fd39106bafbba0da34fc430e1f91e3c96ea2acee2bc34119f92b37750"
