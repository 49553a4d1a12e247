"""A signed request is this one, from this key, for this city, now; anything else is refused."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.federation.signatures import TOLERANCE_SECONDS, Claim, Request, RequestSignatureError, read_claim, sign

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
REQUEST = Request("POST", "/v1/partner/slips", "origin=1", b"slip")
NOW = 1_767_225_600
NONCE = bytes(range(16))


def headers(request: Request = REQUEST, **others: object) -> dict[str, str]:
    return sign(request, KEY, **{"to": "hefei", "created": NOW, "nonce": NONCE, **others})


class TestSign:
    def test_round_trip(self) -> None:
        claim = read_claim(REQUEST, headers(), city="hefei", now=NOW)
        assert claim == Claim(KEY.public_key().public_bytes_raw(), NOW, NONCE)

    def test_signature_base_is_rfc_9421(self) -> None:
        """Built here word by word from section 2.5, with the derived components of 2.2."""
        signed = headers()
        params = signed["signature-input"].removeprefix("sunbid=")
        base = (
            '"@method": POST\n"@path": /v1/partner/slips\n"@query": ?origin=1\n'
            f'"content-digest": {signed["content-digest"]}\n"sunbid-to": hefei\n"@signature-params": {params}'
        )
        signature = base64.b64decode(signed["signature"].removeprefix("sunbid=:").removesuffix(":"))
        KEY.public_key().verify(signature, base.encode())

    def test_content_digest_is_rfc_9530(self) -> None:
        """The example of its appendix B.1: the digest of {"hello": "world"} and a newline."""
        signed = headers(replace(REQUEST, body=b'{"hello": "world"}\n'))
        assert signed["content-digest"] == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


class TestReadClaim:
    @pytest.mark.parametrize(
        "other",
        [
            replace(REQUEST, method="PUT"),
            replace(REQUEST, path="/v1/partner/streams"),
            replace(REQUEST, query=""),
            replace(REQUEST, body=b"other"),
        ],
    )
    def test_another_request_is_refused(self, other: Request) -> None:
        with pytest.raises(RequestSignatureError):
            read_claim(other, headers(), city="hefei", now=NOW)

    def test_another_city_is_refused(self) -> None:
        with pytest.raises(RequestSignatureError, match="not for nanjing"):
            read_claim(REQUEST, headers(), city="nanjing", now=NOW)
        with pytest.raises(RequestSignatureError, match="does not fit"):
            read_claim(REQUEST, {**headers(), "sunbid-to": "nanjing"}, city="nanjing", now=NOW)

    @pytest.mark.parametrize("off", [-TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1])
    def test_another_time_is_refused(self, off: int) -> None:
        with pytest.raises(RequestSignatureError) as refused:
            read_claim(REQUEST, headers(), city="hefei", now=NOW + off)
        assert refused.value.code == "federation.time"

    @pytest.mark.parametrize("off", [-TOLERANCE_SECONDS, TOLERANCE_SECONDS])
    def test_the_tolerance_is_kept(self, off: int) -> None:
        assert read_claim(REQUEST, headers(), city="hefei", now=NOW + off)

    @pytest.mark.parametrize("missing", ["signature", "signature-input", "content-digest", "sunbid-to"])
    def test_a_missing_header_is_refused(self, missing: str) -> None:
        signed = headers()
        del signed[missing]
        with pytest.raises(RequestSignatureError):
            read_claim(REQUEST, signed, city="hefei", now=NOW)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('"@path" ', ""),
            ("ed25519", "hmac-sha256"),
            ("sunbid=", "other="),
            (";alg", ";expires=1;alg"),
            ("created=", "created=-"),
        ],
    )
    def test_another_form_is_refused(self, old: str, new: str) -> None:
        signed = headers()
        signed["signature-input"] = signed["signature-input"].replace(old, new)
        with pytest.raises(RequestSignatureError):
            read_claim(REQUEST, signed, city="hefei", now=NOW)

    def test_another_key_is_refused(self) -> None:
        other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw().hex()
        signed = headers()
        signed["signature-input"] = signed["signature-input"].replace(KEY.public_key().public_bytes_raw().hex(), other)
        with pytest.raises(RequestSignatureError, match="does not fit"):
            read_claim(REQUEST, signed, city="hefei", now=NOW)

    @given(st.sampled_from(["signature", "signature-input", "content-digest", "sunbid-to"]), st.integers(0, 500))
    def test_any_changed_character_is_refused(self, name: str, at: int) -> None:
        signed = headers()
        text = signed[name]
        at %= len(text)
        signed[name] = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        with pytest.raises(RequestSignatureError):
            read_claim(REQUEST, signed, city="hefei", now=NOW)
