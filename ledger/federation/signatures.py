"""A city signs its requests to other cities: HTTP message signatures (RFC 9421) with Ed25519 and its log key.

The signature covers method, path, query, the body's digest (RFC 9530) and the city it is meant for (`sunbid-to`), with
its time and a nonce as parameters, so a request can be neither altered, nor sent to another city, nor sent again.
`keyid` is the public key in hex: whose it is, CityRegistry says. One form of the header is written and read, so there
is nothing to negotiate and nothing to downgrade.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import SunbidError

TOLERANCE_SECONDS = 60
"""How far the clocks of two cities may differ, the way of the request included."""
NONCE_BYTES = 16
_COMPONENTS = '("@method" "@path" "@query" "content-digest" "sunbid-to")'
_LABEL = "sunbid"
_INPUT = re.compile(
    rf'{_LABEL}={re.escape(_COMPONENTS)};created=([0-9]{{1,12}});nonce="([0-9a-f]{{32}})";alg="ed25519";keyid="([0-9a-f]{{64}})"',
    re.ASCII,
)
_SIGNATURE = re.compile(rf"{_LABEL}=:([A-Za-z0-9+/]{{85}}[AQgw]==):", re.ASCII)


class RequestSignatureError(SunbidError):
    """A request that no partner city can be held to."""

    code = "federation.signature"


@dataclass(frozen=True)
class Request:
    """What is signed of a request: `path` as sent (percent-encoded), `query` without its question mark."""

    method: str
    path: str
    query: str
    body: bytes


@dataclass(frozen=True)
class Claim:
    """Who signed, when and with which nonce; true only of a request that `read_claim` took."""

    key: bytes
    created: int
    nonce: bytes


def sign(request: Request, key: Ed25519PrivateKey, *, to: str, created: int, nonce: bytes) -> dict[str, str]:
    """Return the headers that make `request` the sender's; `to` is the name of the city that it is meant for."""
    public = key.public_key().public_bytes_raw()
    params = _params(Claim(public, created, nonce))
    content_digest = _digest(request.body)
    signature = key.sign(_base(request, content_digest, to, params))
    return {
        "content-digest": content_digest,
        "sunbid-to": to,
        "signature-input": f"{_LABEL}={params}",
        "signature": f"{_LABEL}=:{base64.b64encode(signature).decode()}:",
    }


def read_claim(request: Request, headers: Mapping[str, str], *, city: str, now: int) -> Claim:
    """Return who signed `request` for `city`, if the signature holds and its time is within the tolerance of `now`.

    `headers` are by lower-case name. The caller still has to find whose key it is and to refuse a nonce seen before.
    """
    described = _INPUT.fullmatch(headers.get("signature-input", ""))
    signature = _SIGNATURE.fullmatch(headers.get("signature", ""))
    if not described or not signature:
        raise RequestSignatureError("requests between cities carry Signature-Input and Signature: see the API guide")
    claim = Claim(bytes.fromhex(described[3]), int(described[1]), bytes.fromhex(described[2]))
    if headers.get("sunbid-to") != city:
        raise RequestSignatureError(f"this request is for {headers.get('sunbid-to')!r}, not for {city}")
    if headers.get("content-digest") != _digest(request.body):
        raise RequestSignatureError("the body is not the one whose digest was signed")
    if abs(now - claim.created) > TOLERANCE_SECONDS:
        raise RequestSignatureError(
            "the request was signed too long ago or ahead of time: check both cities' clocks",
            code="federation.time",
            created=claim.created,
            now=now,
        )
    base = _base(request, _digest(request.body), city, _params(claim))
    try:
        Ed25519PublicKey.from_public_bytes(claim.key).verify(base64.b64decode(signature[1]), base)
    except (InvalidSignature, ValueError) as error:
        raise RequestSignatureError("the signature does not fit this request") from error
    return claim


def _params(claim: Claim) -> str:
    created, nonce, key = claim.created, claim.nonce.hex(), claim.key.hex()
    return f'{_COMPONENTS};created={created};nonce="{nonce}";alg="ed25519";keyid="{key}"'


def _digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _base(request: Request, content_digest: str, to: str, params: str) -> bytes:
    """RFC 9421, 2.5: one line a component, the parameters last, no newline at the end."""
    lines = [
        f'"@method": {request.method}',
        f'"@path": {request.path or "/"}',
        f'"@query": ?{request.query}',
        f'"content-digest": {content_digest}',
        f'"sunbid-to": {to}',
        f'"@signature-params": {params}',
    ]
    return "\n".join(lines).encode()
