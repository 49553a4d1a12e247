"""The form of every refusal: an RFC 9457 problem document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Problem(BaseModel):
    """Why a request was refused; `code` is stable and dotted, further members are facts that belong to it."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    detail: str
    code: str


_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    422: {"model": Problem, "description": "The request is not of this form.", "content": _CONTENT},
    "default": {"model": Problem, "description": "Refused: see `code` in docs/errors.md.", "content": _CONTENT},
}
"""What every address may answer beside what it promises."""
