"""Sign in with a key (EIP-4361): the city writes the whole message, the key signs exactly that.

Because a challenge is stored as it was issued and compared byte for byte, nothing that the client sends has to be
parsed. The signature is EIP-191 `personal_sign`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from eth_utils.address import to_checksum_address

from ledger.errors import SunbidError
from ledger.keys import personal_digest, recover

CHALLENGE_LIFETIME = timedelta(minutes=5)
SESSION_LIFETIME = timedelta(hours=8)


class SessionError(SunbidError):
    """Nobody is signed in, or the sign-in did not hold."""

    code = "session.required"


@dataclass(frozen=True)
class Challenge:
    """What a city asks a key to sign, once."""

    address: bytes
    nonce: str
    issued_at: datetime
    message: str

    @property
    def expires_at(self) -> datetime:
        """After this moment the challenge is void."""
        return self.issued_at + CHALLENGE_LIFETIME


def challenge(base_url: str, chain_id: int, address: bytes, nonce: str, now: datetime) -> Challenge:
    """Return the EIP-4361 message for `address`; `nonce` has at least 8 alphanumeric characters."""
    moment = now.replace(microsecond=0)
    host = base_url.split("://", 1)[-1].rstrip("/")
    lines = [
        f"{host} wants you to sign in with your Ethereum account:",
        to_checksum_address(address),
        "",
        "Sign in to Sunbid. This signs no bid and moves no money.",
        "",
        f"URI: {base_url}",
        "Version: 1",
        f"Chain ID: {chain_id}",
        f"Nonce: {nonce}",
        f"Issued At: {_iso(moment)}",
        f"Expiration Time: {_iso(moment + CHALLENGE_LIFETIME)}",
    ]
    return Challenge(address, nonce, moment, "\n".join(lines))


def check(issued: Challenge, signature: bytes, now: datetime) -> None:
    """Accept the answer to a challenge; refuse a late one and one by another key."""
    if now > issued.expires_at:
        raise SessionError("The challenge is too old. Ask for a new one and sign it at once.", code="session.expired")
    if recover(personal_digest(issued.message), signature) != issued.address:
        raise SessionError("The signature is not by the key that asked to sign in.", code="session.signature")


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
