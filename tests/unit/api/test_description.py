"""The description names real codes under the statuses that the error table gives them, at every address."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from api.authorisation import Caller, rule_described
from api.problems import status_of
from scripts.docs import openapi
from scripts.error_codes import found

DESCRIBED = orjson.loads(openapi())
OPERATIONS = {f"{m.upper()} {path}": op for path, ops in DESCRIBED["paths"].items() for m, op in ops.items()}

KNOWN = {raised.code for raised in found()} | {"request.malformed", "request.too_large", "credit.not_yet"}
"""Every code in the sources, and those that a name stands for there."""


@pytest.mark.parametrize("name", OPERATIONS)
def test_refusals_have_codes_that_exist_and_their_statuses(name: str) -> None:
    named = 0
    for status, answer in OPERATIONS[name]["responses"].items():
        for code in answer.get("x-codes", ()):
            assert code in KNOWN
            assert status_of(code).value == int(status)
            assert answer["content"] == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
            named += 1
    assert named
    assert "x-refusals" not in OPERATIONS[name]


@pytest.mark.parametrize("name", OPERATIONS)
def test_who_may_call_decides_which_refusals_there_are(name: str) -> None:
    answers = OPERATIONS[name]["responses"]
    match rule_described(*name.split(" ")).caller:
        case Caller.ROLE:
            assert {"401", "403"} <= answers.keys()
        case Caller.CITY | Caller.SIGNED_IN:
            assert "401" in answers
        case Caller.ANYONE | Caller.SELF_PROVING:
            assert "access.role" not in str(answers)


def test_nothing_is_left_open() -> None:
    assert not [name for name, operation in OPERATIONS.items() if "default" in operation["responses"]]
    assert not {"HTTPValidationError", "ValidationError"} & DESCRIBED["components"]["schemas"].keys()
    for name in ("POST /v1/streams", "POST /v1/slips", "POST /witness/add-checkpoint"):
        body: dict[str, Any] = OPERATIONS[name]["requestBody"]
        assert body["required"]
