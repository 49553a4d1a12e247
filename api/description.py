"""The OpenAPI description of a city: every address with every answer that it gives.

An endpoint names the codes of its own refusals (`api.schemas.problem.refuses`); what an address refuses because of who
calls, or because of the form of a request, follows from the table of `api.authorisation`. The error table in
`api.problems` says which status stands for a code, so that no status is written down twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from api.authorisation import Caller, Rule, rule_described
from api.problems import MEDIA_TYPE, status_of, title_of
from api.schemas.problem import REFUSALS, Problem

_ALWAYS = ("chain.rpc", "chain.unreachable", "database.busy", "database.unavailable", "storage.full")
"""Before every answer a city looks at the chain's clock, and most answers come from its database and its disk."""

_OF_CALLERS = {
    Caller.ANYONE: (),
    Caller.SELF_PROVING: (),
    Caller.CITY: ("federation.signature", "federation.time", "federation.replay"),
    Caller.SIGNED_IN: ("session.required", "session.expired"),
    Caller.ROLE: ("session.required", "session.expired", "access.role"),
}
_SCHEMA = {"$ref": "#/components/schemas/Problem"}


class DescribedApi(FastAPI):
    """An application whose description names the refusals of each address, and nothing that is never answered."""

    def openapi(self) -> dict[str, Any]:
        """Return the description, made once."""
        if self.openapi_schema is None:
            described = super().openapi()
            for path, methods in described["paths"].items():
                for method, operation in methods.items():
                    _describe(operation, rule_described(method.upper(), path))
            schemas = described["components"]["schemas"]
            schemas["Problem"] = Problem.model_json_schema()
            for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own form of refusal, answered nowhere
                schemas.pop(name, None)
        assert self.openapi_schema is not None
        return self.openapi_schema


def _describe(operation: dict[str, Any], rule: Rule) -> None:
    own = operation.pop(REFUSALS, ())
    operation["responses"].pop("422", None)
    by_status: dict[HTTPStatus, list[str]] = {}
    for code in dict.fromkeys((*_OF_CALLERS[rule.caller], *_of_form(operation), *own, *_ALWAYS)):
        by_status.setdefault(status_of(code), []).append(code)
    for status, codes in sorted(by_status.items()):
        operation["responses"].setdefault(str(status.value), _answer(status, codes))


def _of_form(operation: dict[str, Any]) -> Iterable[str]:
    if "requestBody" in operation:
        return ("request.malformed", "request.too_large", "storage.full")
    return ("request.malformed",) if "parameters" in operation else ()


def _answer(status: HTTPStatus, codes: list[str]) -> dict[str, Any]:
    """Return a refusal's description with its codes, which programs may rely on."""
    named = ", ".join(f"`{code}`" for code in codes)
    return {
        "description": f"{title_of(status)}: {named}.",
        "content": {MEDIA_TYPE: {"schema": _SCHEMA}},
        "x-codes": codes,
    }
