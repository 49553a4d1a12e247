"""Errors become RFC 9457 problem documents here, and HTTP status codes exist nowhere else.

A problem's `code` is stable; `type` is a URN made of it. The first rule of `_STATUS` that matches the code decides
the status; a code without a rule is the client's error (400), never a 500.
"""

from __future__ import annotations

import logging
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.web.render import page
from ledger.errors import SunbidError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_MACHINES = ("/v1/", "/log/", "/box/", "/attestation/", "/witness/", "/metrics", "/healthz")

_STATUS: tuple[tuple[str, HTTPStatus], ...] = (
    ("session.*", HTTPStatus.UNAUTHORIZED),
    ("federation.*", HTTPStatus.UNAUTHORIZED),
    ("peer.signature", HTTPStatus.UNAUTHORIZED),
    ("peer.*", HTTPStatus.BAD_GATEWAY),
    ("chain.rpc", HTTPStatus.BAD_GATEWAY),
    ("access.*", HTTPStatus.FORBIDDEN),
    ("*.not_found", HTTPStatus.NOT_FOUND),
    ("*.unknown", HTTPStatus.NOT_FOUND),
    ("*.secret_until_opening", HTTPStatus.FORBIDDEN),
    ("*.not_yet", HTTPStatus.CONFLICT),
    ("*.state", HTTPStatus.CONFLICT),
    ("*.wrong_state", HTTPStatus.CONFLICT),
    ("*.step", HTTPStatus.CONFLICT),
    ("*.conflict", HTTPStatus.CONFLICT),
    ("*.too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ("*_too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ("*.too_long", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ("quota.*", HTTPStatus.TOO_MANY_REQUESTS),
    ("*.quota", HTTPStatus.TOO_MANY_REQUESTS),
    ("*.partners_missing", HTTPStatus.SERVICE_UNAVAILABLE),
    ("chain.unreachable", HTTPStatus.SERVICE_UNAVAILABLE),
    ("storage.full", HTTPStatus.INSUFFICIENT_STORAGE),
    ("clock.unread", HTTPStatus.SERVICE_UNAVAILABLE),
    ("database.busy", HTTPStatus.SERVICE_UNAVAILABLE),
    ("*.unavailable", HTTPStatus.SERVICE_UNAVAILABLE),
    ("*.truncated", HTTPStatus.UNPROCESSABLE_ENTITY),
    ("stream.head", HTTPStatus.UNPROCESSABLE_ENTITY),
    ("*_malformed", HTTPStatus.UNPROCESSABLE_ENTITY),
    ("*.malformed", HTTPStatus.UNPROCESSABLE_ENTITY),
    ("request.method", HTTPStatus.METHOD_NOT_ALLOWED),
    ("request.*", HTTPStatus.UNPROCESSABLE_ENTITY),
    ("sunbid.fault", HTTPStatus.INTERNAL_SERVER_ERROR),
)

OWN_CODES = {
    "page.not_found": "No such address.",
    "request.malformed": "The request is not of the form that the address takes.",
    "request.method": "The address does not take this method.",
    "request.refused": "Whatever else the web framework refuses by itself.",
    "request.too_large": "A body longer than the address takes.",
    "sunbid.fault": "A fault of the city's system, not of the request.",
}
"""The codes that no error class carries, and what they mean (for docs/errors.md)."""


def status_of(code: str) -> HTTPStatus:
    """Return the HTTP status that stands for an error code."""
    return next((status for pattern, status in _STATUS if fnmatchcase(code, pattern)), HTTPStatus.BAD_REQUEST)


def title_of(status: HTTPStatus) -> str:
    """Return a status' name as RFC 9110, section 15.5, has it, whatever Python calls it (before 3.13: older names)."""
    match status:
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return "Content Too Large"
        case HTTPStatus.UNPROCESSABLE_ENTITY:
            return "Unprocessable Content"
        case _:
            return status.phrase


def _answer(request: Request, code: str, detail: str, status: HTTPStatus, facts: dict[str, Any]) -> Response:
    """Return a page to a person who looks at pages, a problem document to everybody else."""
    is_page = not request.url.path.startswith(_MACHINES) and "text/html" in request.headers.get("accept", "")
    if not is_page:
        return document(code, detail, status, facts)
    city = request.app.state.node.base.city.name
    response = page("problem.html", request, city, code=code, detail=detail, is_missing=status is HTTPStatus.NOT_FOUND)
    response.status_code = status.value
    return response


def document(code: str, detail: str, status: HTTPStatus, facts: dict[str, Any]) -> JSONResponse:
    """Return a problem document; `facts` stand beside the members that RFC 9457 defines."""
    members = {"type": f"urn:sunbid:problem:{code}", "title": title_of(status), "status": status.value}
    content = {**_plain(facts), **members, "detail": detail, "code": code}
    return JSONResponse(content, status.value, media_type=MEDIA_TYPE)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value if isinstance(value, str | int | bool | None) else str(value)


async def _sunbid(request: Request, error: Exception) -> Response:
    assert isinstance(error, SunbidError)
    return _answer(request, error.code, error.message, status_of(error.code), error.facts)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [
        {"where": ".".join(str(part) for part in item["loc"]), "what": str(item["msg"])} for item in error.errors()
    ]
    detail = "The request is not of the form this address takes; see `errors` and the API reference."
    return _answer(request, "request.malformed", detail, status_of("request.malformed"), {"errors": problems})


_HTTP_CODES = {400: "request.malformed", 404: "page.not_found", 405: "request.method", 413: "request.too_large"}
"""What the framework refuses by itself; 400 is a body that is not JSON in UTF-8."""


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _HTTP_CODES.get(error.status_code, "request.refused")
    status = status_of(code) if code in _HTTP_CODES.values() else HTTPStatus(error.status_code)
    return _answer(request, code, str(error.detail), status, {})


async def _unexpected(request: Request, error: Exception) -> Response:
    """A fault of ours: the log has the trace, the client a number-free answer it can report."""
    logger.error("unexpected fault at %s %s", request.method, request.scope.get("path"), exc_info=error)
    detail = "A fault of this city's system, not of your request. Nothing was stored; please try again or report it."
    return _answer(request, "sunbid.fault", detail, status_of("sunbid.fault"), {})


def install(app: FastAPI) -> None:
    """Make `app` answer every error with a problem document."""
    app.add_exception_handler(SunbidError, _sunbid)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
