"""Codes become statuses in one place; a problem document has what RFC 9457 asks for, and no bytes."""

from __future__ import annotations

from http import HTTPStatus

import orjson
import pytest

from api.problems import document, status_of
from scripts.error_codes import found


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("session.required", 401),
        ("federation.signature", 401),
        ("access.role", 403),
        ("tender.unknown", 404),
        ("entry.not_found", 404),
        ("opening.not_yet", 409),
        ("tender.wrong_state", 409),
        ("request.too_large", 413),
        ("request.malformed", 422),
        ("slip.truncated", 422),
        ("quota.slips", 429),
        ("peer.unavailable", 502),
        ("chain.unreachable", 503),
        ("award.not_due", 400),
    ],
)
def test_the_status_of_a_code(code: str, status: int) -> None:
    assert status_of(code).value == status


def test_no_refusal_is_called_our_fault() -> None:
    own = {"peer.unavailable", "chain.unreachable", "storage.full"}
    away = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE}
    for raised in found():
        status = status_of(raised.code)
        assert status.value < 500 or status in away
    assert {code for code in own if status_of(code).value >= 500} == own


def test_a_document_has_all_members_and_facts_cannot_replace_them() -> None:
    answer = document("slip.too_long", "Too long.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                      {"status": 200, "origin": b"\x01", "counts": (1, None)})  # fmt: skip
    assert answer.media_type == "application/problem+json"
    assert orjson.loads(answer.body) == {
        "type": "urn:sunbid:problem:slip.too_long",
        "title": "Content Too Large",
        "status": 413,
        "detail": "Too long.",
        "code": "slip.too_long",
        "origin": "0x01",
        "counts": [1, None],
    }
