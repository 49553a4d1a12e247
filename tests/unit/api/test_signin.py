from datetime import UTC, datetime, timedelta

import pytest

from api.signin import CHALLENGE_LIFETIME, SessionError, challenge, check
from ledger.keys import SigningKey, personal_digest

KEY = SigningKey(b"\x05" * 32)
NOW = datetime(2026, 11, 23, 8, 0, 0, 123, tzinfo=UTC)
ISSUED = challenge("https://luan.sunbid.example", 31337, KEY.address, "abcdef0123456789", NOW)


def test_the_message_is_of_the_eip_4361_form() -> None:
    first, address, *rest = ISSUED.message.split("\n")
    assert first == "luan.sunbid.example wants you to sign in with your Ethereum account:"
    assert address.lower() == "0x" + KEY.address.hex()
    assert rest == [
        "",
        "Sign in to Sunbid. This signs no bid and moves no money.",
        "",
        "URI: https://luan.sunbid.example",
        "Version: 1",
        "Chain ID: 31337",
        "Nonce: abcdef0123456789",
        "Issued At: 2026-11-23T08:00:00Z",
        "Expiration Time: 2026-11-23T08:05:00Z",
    ]


def test_the_right_key_in_time_is_let_in() -> None:
    check(ISSUED, KEY.sign(personal_digest(ISSUED.message)), NOW)


def test_late_and_foreign_answers_are_refused() -> None:
    signature = KEY.sign(personal_digest(ISSUED.message))
    with pytest.raises(SessionError) as late:
        check(ISSUED, signature, NOW + CHALLENGE_LIFETIME + timedelta(seconds=1))
    assert late.value.code == "session.expired"
    with pytest.raises(SessionError) as foreign:
        check(ISSUED, SigningKey(b"\x06" * 32).sign(personal_digest(ISSUED.message)), NOW)
    assert foreign.value.code == "session.signature"
